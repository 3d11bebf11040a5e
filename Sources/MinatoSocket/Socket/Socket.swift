internal import CMinato
internal import Glibc

/// A socket that owns its descriptor and closes it at the end of its life.
///
/// It cannot be copied, so a use after ``close()`` or a second close does not compile. Its verbs are those of BSD and
/// Python. It behaves as a blocking socket: a call that cannot go on waits, for at most ``timeout``.
///
///     let socket = try Socket.connect(to: .tcp("localhost", 9999))
///     try socket.sendAll("Hello, world")
///     let reply = try socket.receive(atMost: 1024)
///
/// **Threads.** Borrowing calls may be made by several threads at a time (keep the socket in a class that they share): one
/// that sends, one that receives. ``shutdown(_:)`` from another thread wakes a call that waits; dropping the socket does
/// not, and ownership makes sure that nobody is in a call when it is dropped.
///
/// **Inside** the descriptor is non-blocking for life and close-on-exec; ``init(adopting:)`` and ``detach()`` set and
/// restore the mode. A signal that interrupts a call neither ends nor prolongs it. SIGPIPE is never raised.
///
/// C: `minato/socket.h`. Python: `socket.socket`. See socket(7).
@safe
public struct Socket: ~Copyable, Sendable {
    /// The descriptor's number, for calls that Minato does not wrap. It stays this socket's: do not close it.
    ///
    /// Python: `fileno`.
    public let descriptor: Int32

    /// The address family. Python: `family`.
    public let family: Family

    /// The type. Python: `type`.
    public let kind: Kind

    /// The protocol as the kernel filled it in: IPPROTO_TCP ... Python: `proto`.
    public let protocolNumber: Int32

    /// Whether `detach` gives back a blocking descriptor.
    private let detachesBlocking: Bool

    /// Negative: none.
    private var timeoutNanoseconds: Int64 = -1

    /// Unmanaged, because a type that discards itself can hold nothing that has to be let go of. This socket owns it.
    private var ownedServedStream: Unmanaged<ServedStream>?

    /// Only of a server's connection.
    var servedStream: ServedStream? {
        get { unsafe ownedServedStream?.takeUnretainedValue() }
        set {
            unsafe ownedServedStream?.release()
            unsafe ownedServedStream = newValue.map { unsafe Unmanaged.passRetained($0) }
        }
    }

    /// Takes over a descriptor that is open, non-blocking and a socket.
    package init(
        owning descriptor: Int32, family: Family, kind: Kind, protocolNumber: Int32, detachesBlocking: Bool = true
    ) {
        self.descriptor = descriptor
        self.family = family
        self.kind = kind
        self.protocolNumber = protocolNumber
        self.detachesBlocking = detachesBlocking
    }

    /// Opens a socket.
    ///
    /// - Parameters:
    ///   - family: `.ipv4`, `.ipv6`, `.unix`.
    ///   - kind: `.stream`, `.datagram`. Default: `.stream`.
    ///   - protocolNumber: 0, the default, lets the kernel choose.
    /// - Throws: `.familyNotSupported`, `.tooManyDescriptors` and what else socket(2) says.
    ///
    /// C: `minato_socket_open`. Python: `socket.socket`. See socket(2).
    public init(_ family: Family, _ kind: Kind = .stream, protocolNumber: Int32 = 0) throws(SocketError) {
        let type = kind.rawValue | Int32(SOCK_NONBLOCK.rawValue)
        let result = minato_socket_open(family.rawValue, type, protocolNumber)
        guard result >= 0 else { throw SocketError(.open, .init(result: result), subject: "\(family) \(kind)") }
        self.init(owning: result, family: family, kind: kind, protocolNumber: protocolNumber)
    }

    /// Takes over an open descriptor, whose family, type and protocol are found out.
    ///
    /// The descriptor becomes non-blocking (for every copy of it) and close-on-exec. On failure it stays the caller's.
    ///
    /// - Throws: `.badDescriptor`, `.notASocket`.
    ///
    /// C: `minato_socket_inspect`. Python: `socket(fileno=)`.
    public init(adopting descriptor: Int32) throws(SocketError) {
        var info = minato_socket_info()
        var result = unsafe minato_socket_inspect(descriptor, &info)
        var wasBlocking: Int32 = 1
        if result >= 0 {
            wasBlocking = minato_socket_is_blocking(descriptor)
            result = min(wasBlocking, 0)
        }
        if result >= 0 { result = minato_socket_set_inheritable(descriptor, false) }
        if result >= 0 { result = minato_socket_set_blocking(descriptor, false) }
        guard result >= 0 else { throw SocketError(.adopt, .init(result: result), subject: "descriptor \(descriptor)") }
        self.init(
            owning: descriptor, family: .init(rawValue: info.family), kind: .init(rawValue: info.type),
            protocolNumber: info.`protocol`, detachesBlocking: wasBlocking == 1)
    }

    deinit {
        unsafe ownedServedStream?.release()
        minato_socket_close(descriptor)
    }

    /// Closes the socket and tells what close(2) said.
    ///
    /// Called once by nature. Dropping the socket closes it too, without a word. Waits only when ``SocketOption/linger``
    /// was set so.
    ///
    /// - Throws: an I/O error of the last data. The descriptor is closed all the same. Not thrown: ECONNRESET.
    ///
    /// C: `minato_socket_close`. Python: `close`. See close(2).
    public consuming func close() throws(SocketError) {
        let descriptor = descriptor
        let network = networkName
        unsafe ownedServedStream?.release()
        discard self
        let result = minato_socket_close(descriptor)
        if result < 0, result != -ECONNRESET { throw SocketError(.close, .init(result: result), network: network) }
    }

    /// Gives the descriptor away: from now on the caller closes it.
    ///
    /// It blocks again, unless it was non-blocking when it was adopted; so do all copies of it, which is nothing to a ``Socket`` or
    /// a ``Connection``, but no ``Listener`` or server may have one: see ``Listener/init(adopting:on:)``. Python: `detach`.
    public consuming func detach() -> Int32 {
        let descriptor = descriptor
        if detachesBlocking { minato_socket_set_blocking(descriptor, true) }
        unsafe ownedServedStream?.release()
        discard self
        return descriptor
    }

    /// Makes it non-blocking where the owner of a copy has made it block.
    package func stopBlocking() throws(SocketError) {
        let result = minato_socket_set_blocking(descriptor, false)
        guard result >= 0 else { throw failure(.adopt, result) }
    }

    /// Gives the descriptor away as it is, non-blocking.
    package consuming func release() -> Int32 {
        let descriptor = descriptor
        unsafe ownedServedStream?.release()
        discard self
        return descriptor
    }

    /// A second socket with a descriptor of its own for the same open socket, with the same ``timeout``. Whether it blocks is one
    /// thing for both: see ``detach()``.
    ///
    /// - Throws: `.tooManyDescriptors`.
    ///
    /// C: `minato_socket_duplicate`. Python: `dup`. See dup(2).
    public func duplicate() throws(SocketError) -> Socket {
        let result = minato_socket_duplicate(descriptor)
        guard result >= 0 else { throw failure(.duplicate, result) }
        var copy = Socket(
            owning: result, family: family, kind: kind, protocolNumber: protocolNumber,
            detachesBlocking: detachesBlocking)
        copy.timeoutNanoseconds = timeoutNanoseconds
        copy.servedStream = servedStream
        return copy
    }

    /// How long a call may wait: nil for ever, the default; zero not at all (`.wouldBlock`); else that long
    /// (`.timedOut`). It holds for each call as a whole, however often the call has to wait.
    ///
    /// Python: `gettimeout`.
    public var timeout: Duration? { timeoutNanoseconds < 0 ? nil : .nanoseconds(timeoutNanoseconds) }

    /// Sets ``timeout`` for the calls to come.
    ///
    /// - Parameter timeout: nil, zero or positive. Less than a nanosecond becomes one; more than 292 years, 292 years.
    /// - Throws: `.invalidArgument` for a negative one; the old one stays.
    ///
    /// Python: `settimeout`, `setblocking`.
    public mutating func setTimeout(_ timeout: Duration?) throws(SocketError) {
        if let timeout, timeout < .zero {
            throw SocketError(.option, .invalidArgument, network: networkName, subject: "timeout \(timeout)")
        }
        timeoutNanoseconds = timeout?.nanosecondsRoundedUp ?? -1
        servedStream?.endFirstReceive()
    }

    /// When a call that begins now has to be done.
    var deadline: Int64 {
        timeoutNanoseconds < 0 ? Deadline.none.nanoseconds : minato_clock_deadline(timeoutNanoseconds)
    }

    /// The name of the kind of socket, as errors print it: `tcp`, `udp`, `unix`, `unixgram` ...
    var networkName: String { Self.networkName(family, kind) }

    static func networkName(_ family: Family, _ kind: Kind) -> String {
        switch (family, kind) {
        case (.ipv4, .stream), (.ipv6, .stream): "tcp"
        case (.ipv4, .datagram), (.ipv6, .datagram): "udp"
        case (.unix, .stream): "unix"
        case (.unix, .datagram): "unixgram"
        case (.unix, .sequencedPacket): "unixpacket"
        default: "\(family)/\(kind)"
        }
    }

    /// The error of a failed call, with the addresses that the socket has.
    func failure(_ operation: SocketError.Operation, _ result: Int64, remote: SocketAddress? = nil) -> SocketError {
        var local = SocketAddress()
        var peer = SocketAddress()
        let hasLocal = unsafe minato_socket_local_address(descriptor, &local.storage) == 0
        let hasPeer = unsafe minato_socket_peer_address(descriptor, &peer.storage) == 0
        return SocketError(
            operation, .init(result: result), network: networkName, local: hasLocal ? local : nil,
            remote: remote ?? (hasPeer ? peer : nil))
    }

    func failure(_ operation: SocketError.Operation, _ result: Int32, remote: SocketAddress? = nil) -> SocketError {
        failure(operation, Int64(result), remote: remote)
    }
}
