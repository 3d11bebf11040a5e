internal import CMinato
internal import Glibc

/// Which process is at the other end of a Unix socket, or sent a message, as the kernel vouches for it.
///
/// C: `minato_credentials`. Python: the `struct ucred` of SCM_CREDENTIALS and SO_PEERCRED, unpacked. See unix(7).
public struct ProcessCredentials: Hashable, Sendable {
    /// The process id.
    public let process: Int32
    /// The user id.
    public let user: UInt32
    /// The group id.
    public let group: UInt32

    /// Credentials to send. Only a privileged process may name others than its own.
    public init(process: Int32, user: UInt32, group: UInt32) {
        self.process = process
        self.user = user
        self.group = group
    }

    init(_ credentials: minato_credentials) {
        self.init(process: credentials.process, user: credentials.user, group: credentials.group)
    }

    /// This process's own: its id, and its real user and group.
    public static var current: ProcessCredentials {
        ProcessCredentials(process: getpid(), user: getuid(), group: getgid())
    }
}

extension Socket {
    /// Who connected to this Unix socket, or whom it is connected to, as of connect(2) or listen(2).
    ///
    /// Does not block. The process may have ended since, and its id be another's.
    ///
    /// - Throws: `.notSupported` for a socket that is not a Unix socket, `.notConnected` for one without a peer.
    ///
    /// Python: `getsockopt(SOL_SOCKET, SO_PEERCRED, 12)`. See unix(7), SO_PEERCRED.
    public var peerCredentials: ProcessCredentials {
        get throws(SocketError) {
            // For other families the kernel reports nobody, and no error.
            guard family == .unix else { throw failure(.option, -EOPNOTSUPP) }
            var credentials = minato_credentials()
            let size = MemoryLayout<minato_credentials>.size
            let result = unsafe minato_option_get_bytes(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, size)
            guard result >= 0 else { throw failure(.option, result) }
            guard result == size, credentials.process != 0 || credentials.user != .max else {
                throw failure(.option, -ENOTCONN)
            }
            return ProcessCredentials(credentials)
        }
    }
}
