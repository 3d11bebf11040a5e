internal import Glibc
internal import MinatoSocket

/// How much a server takes on. Every limit has a default that suits most programs.
///
///     var limits = ServerLimits()
///     limits.threads = 8
///     let server = try TCPServer(on: .tcp("", 9999), limits: limits)
public struct ServerLimits: Hashable, Sendable {
    /// The most threads that `serveBlocking` uses for handlers, and so the most connections or datagrams that are handled
    /// at one time. Default: 64; at least 1.
    ///
    /// While all are busy nothing is accepted: clients wait in the kernel's backlog, and datagrams in the receive buffer.
    public var threads: Int = 64

    /// The most connections that a server on event loops has at one time. At least 1. `serveBlocking` does not look at it:
    /// there ``threads`` is the limit.
    ///
    /// Default: 10,000, or as many as the process may have descriptors (the soft RLIMIT_NOFILE when the limits are made)
    /// less 256, which are left to the program; where that is less than half of them, half. At the limit nothing is
    /// accepted until a connection ends: clients wait in the kernel's backlog. More come once, when a server that has handed
    /// over its listener is drained: those who wait at that moment.
    ///
    /// See getrlimit(2).
    public var maxConnections: Int = Self.connections(descriptors: Self.descriptors)

    /// How long a client may be silent before its first byte. Default: 30 s; nil: as long as before any other byte; else
    /// more than zero.
    ///
    /// A client that connects and says nothing costs a place, and connecting is cheap: so this limit is tighter than
    /// ``idleTimeout``, which holds as well when it is the shorter. A server that speaks first is not hurried: the time
    /// begins with the first receive that has to wait. When it is over that receive throws `.timedOut`. For what comes behind
    /// the first byte, of the same read too, it does not count.
    public var firstByteTimeout: Duration? = .seconds(30)

    /// How long one operation on a connection may wait: the ``Socket/timeout`` with which a handler gets its socket, or the
    /// ``Connection/readTimeout`` of its connection. For a responder: how long its client may be silent.
    /// Default: 300 s; nil: for ever; else more than zero.
    public var idleTimeout: Duration? = .seconds(300)

    /// How long sending a reply datagram may wait for space in the kernel. On event loops also the ``Connection/writeTimeout``
    /// of connections, and how long a responder's client may take nothing of what it was sent.
    /// Default: 30 s; nil: for ever; else more than zero.
    ///
    /// UDP hardly ever waits; a Unix datagram socket waits for a client that does not read.
    public var writeTimeout: Duration? = .seconds(30)

    /// How many bytes of output a responder may leave unsent, on one connection. Default: 65,536; 1 to 1,073,741,824.
    ///
    /// Beyond it the server answers and reads nothing more of that client until it has taken them: so a client that asks and
    /// does not read costs no more than this and one answer. The other faces, whose writes wait for the kernel, do not look at it.
    public var outputLimit: Int = 65_536

    /// How many bytes of input a responder may leave unconsumed, on one connection, before it is given up with
    /// `.limitExceeded`: how long its longest request may be. Default: 65,536; 1 to 1,073,741,824.
    public var inputLimit: Int = 65_536

    /// How many bytes of a datagram are kept, at most. Default: 65,535, which every UDP datagram fits; 1 to 16,777,216.
    ///
    /// A longer one, which only Unix sockets have, is cut and says so: ``Datagram/isTruncated``.
    public var datagramSize: Int = 65_535

    /// The defaults.
    public init() {}

    /// How many connections leave a process that may have so many descriptors enough for everything else.
    static func connections(descriptors: UInt64) -> Int {
        let half = descriptors / 2
        let allButSome = descriptors > 256 ? descriptors - 256 : 0
        return max(1, Int(min(10_000, max(half, allButSome))))
    }

    /// How many descriptors this process may have.
    private static var descriptors: UInt64 {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        return UInt64(limit.rlim_cur)
    }

    /// How long the first receive may wait, when that is not ``idleTimeout``.
    var firstReceiveTimeout: Duration? {
        guard let firstByteTimeout else { return nil }
        guard let idleTimeout, idleTimeout <= firstByteTimeout else { return firstByteTimeout }
        return nil
    }

    // As connections take them: in nanoseconds, negative for none.
    var idleNanoseconds: Int64 { idleTimeout?.nanosecondsRoundedUp ?? -1 }
    var writeNanoseconds: Int64 { writeTimeout?.nanosecondsRoundedUp ?? -1 }
    var firstByteNanoseconds: Int64 { firstReceiveTimeout?.nanosecondsRoundedUp ?? idleNanoseconds }

    func check() throws(SocketError) {
        func reject(_ subject: String) -> SocketError { SocketError(.serve, .invalidArgument, subject: subject) }
        guard threads >= 1 else { throw reject("limit of \(threads) threads") }
        guard maxConnections >= 1 else { throw reject("limit of \(maxConnections) connections") }
        if let firstByteTimeout, firstByteTimeout <= .zero { throw reject("first byte timeout of \(firstByteTimeout)") }
        if let idleTimeout, idleTimeout <= .zero { throw reject("idle timeout of \(idleTimeout)") }
        if let writeTimeout, writeTimeout <= .zero { throw reject("write timeout of \(writeTimeout)") }
        guard 1...(1 << 30) ~= outputLimit else { throw reject("output limit of \(outputLimit) bytes") }
        guard 1...(1 << 30) ~= inputLimit else { throw reject("input limit of \(inputLimit) bytes") }
        guard 1...(1 << 24) ~= datagramSize else { throw reject("datagram size of \(datagramSize) bytes") }
    }
}
