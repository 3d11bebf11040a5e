internal import CMinato
internal import Glibc

extension SocketError {
    /// Why an operation failed: an errno value, a resolver's code, or one of the library's own reasons.
    ///
    /// A struct, not an enum: every errno fits, known to this list or not. Compare with the constants.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// Which family of codes `rawValue` belongs to.
        public enum Domain: Hashable, Sendable {
            /// errno(3), positive.
            case system
            /// `EAI_...` of getaddrinfo(3), negative.
            case resolver
            /// Reasons that the kernel has no number for.
            case library
        }

        /// The family.
        public let domain: Domain

        /// The number in it.
        public let rawValue: Int32

        /// A code of a family.
        public init(_ domain: Domain, _ rawValue: Int32) {
            self.domain = domain
            self.rawValue = rawValue
        }

        /// An errno value: `Code(ECONNREFUSED)`.
        public init(_ errno: Int32) { self.init(.system, errno) }

        /// The result of a C function, `-errno`.
        package init(result: Int32) { self.init(.system, 0 &- result) }

        package init(result: Int64) { self.init(.system, Int32(truncatingIfNeeded: 0 &- result)) }
    }
}

extension SocketError.Code {
    /// The time given was over (ETIMEDOUT), or the kernel gave a connection up. Python: `TimeoutError`.
    public static let timedOut = Self(ETIMEDOUT)
    /// A timeout of zero, and it would have had to wait (EAGAIN). Python: `BlockingIOError`.
    public static let wouldBlock = Self(EAGAIN)
    /// Nobody listens there (ECONNREFUSED).
    public static let connectionRefused = Self(ECONNREFUSED)
    /// The peer ended the connection abruptly (ECONNRESET).
    public static let connectionReset = Self(ECONNRESET)
    /// The connection broke off (ECONNABORTED): at accept, before it could be taken.
    public static let connectionAborted = Self(ECONNABORTED)
    /// The peer or we ourselves closed the direction in which data was to go (EPIPE). No signal is raised.
    public static let brokenPipe = Self(EPIPE)
    /// The socket has no peer (ENOTCONN).
    public static let notConnected = Self(ENOTCONN)
    /// The socket has a peer already (EISCONN).
    public static let alreadyConnected = Self(EISCONN)
    /// A connect is under way already (EALREADY).
    public static let alreadyConnecting = Self(EALREADY)
    /// Somebody else has the address (EADDRINUSE).
    public static let addressInUse = Self(EADDRINUSE)
    /// The address is none of this host's, or no local port is free (EADDRNOTAVAIL).
    public static let addressNotAvailable = Self(EADDRNOTAVAIL)
    /// The address is of another family than the socket (EAFNOSUPPORT).
    public static let familyNotSupported = Self(EAFNOSUPPORT)
    /// No route to the network (ENETUNREACH).
    public static let networkUnreachable = Self(ENETUNREACH)
    /// No route to the host (EHOSTUNREACH).
    public static let hostUnreachable = Self(EHOSTUNREACH)
    /// A datagram is larger than the network takes (EMSGSIZE).
    public static let messageTooLong = Self(EMSGSIZE)
    /// Not permitted (EACCES).
    public static let accessDenied = Self(EACCES)
    /// Not permitted (EPERM); a regular file given to epoll.
    public static let notPermitted = Self(EPERM)
    /// The process has no descriptor left (EMFILE).
    public static let tooManyDescriptors = Self(EMFILE)
    /// The kernel is out of buffers (ENOBUFS).
    public static let noBufferSpace = Self(ENOBUFS)
    /// An argument is out of its range (EINVAL); `subject` says which.
    public static let invalidArgument = Self(EINVAL)
    /// A Unix path or name is longer than the kernel takes (ENAMETOOLONG).
    public static let nameTooLong = Self(ENAMETOOLONG)
    /// The descriptor is not open (EBADF).
    public static let badDescriptor = Self(EBADF)
    /// The descriptor is not a socket (ENOTSOCK).
    public static let notASocket = Self(ENOTSOCK)
    /// It exists already (EEXIST): a descriptor that is registered twice.
    public static let alreadyExists = Self(EEXIST)
    /// It does not exist (ENOENT).
    public static let notFound = Self(ENOENT)
    /// The operation does not apply to this kind of socket (EOPNOTSUPP).
    public static let notSupported = Self(EOPNOTSUPP)
    /// The option does not exist (ENOPROTOOPT).
    public static let noSuchOption = Self(ENOPROTOOPT)

    /// The task was cancelled (ECANCELED) before or while it waited.
    public static let cancelled = Self(ECANCELED)
    /// Another task is reading, or writing, there at this moment (EBUSY).
    public static let busy = Self(EBUSY)

    /// The name does not exist (EAI_NONAME). Python: `socket.gaierror`.
    public static let unknownHost = Self(.resolver, EAI_NONAME)
    /// The service does not exist for this kind of socket (EAI_SERVICE).
    public static let unknownService = Self(.resolver, EAI_SERVICE)
    /// A name server does not answer for now (EAI_AGAIN).
    public static let resolverUnavailable = Self(.resolver, EAI_AGAIN)
    /// The name exists, but has no address of the family (EAI_ADDRFAMILY).
    public static let noAddressOfFamily = Self(.resolver, -9)

    /// The stream ended where more had to come.
    public static let endOfStream = Self(.library, 1)
    /// More came than the limit that was given.
    public static let limitExceeded = Self(.library, 2)
    /// It was closed, or shut down, by this program.
    public static let closed = Self(.library, 3)
    /// So many look-ups are under way that another one was refused.
    public static let resolverBusy = Self(.library, 4)
    /// An event loop was used in a process that was forked off its own: it has no thread there.
    public static let forked = Self(.library, 5)
}

extension SocketError.Code {
    /// The symbolic name: `"ECONNREFUSED"`, `"EAI_NONAME"`, nil for a number without one.
    public var name: String? {
        switch domain {
        case .system: unsafe minato_error_name(rawValue).map { unsafe String(cString: $0) }
        case .resolver: unsafe minato_error_resolver_name(rawValue).map { unsafe String(cString: $0) }
        case .library: nil
        }
    }

    /// The message: `"Connection refused"`.
    public var message: String {
        switch domain {
        case .system:
            unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
                guard let base = buffer.baseAddress else { return "" }
                unsafe minato_error_message(rawValue, base, buffer.count)
                return unsafe String(cString: base)
            }
        case .resolver: unsafe String(cString: minato_error_resolver_message(rawValue))
        case .library: libraryMessage
        }
    }

    private var libraryMessage: String {
        switch self {
        case .endOfStream: "The stream ended too early"
        case .limitExceeded: "More arrived than the limit allows"
        case .closed: "Closed"
        case .resolverBusy: "Too many look-ups are under way"
        case .forked: "The event loop belongs to the parent process"
        default: "Unknown reason \(rawValue)"
        }
    }

    /// Message and name: `Connection refused (ECONNREFUSED)`.
    public var description: String {
        guard let name else { return message }
        return "\(message) (\(name))"
    }
}
