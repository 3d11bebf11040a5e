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

    /// How long one operation on a connection may wait: the ``Socket/timeout`` with which a handler gets its socket.
    /// Default: 300 s; nil: for ever; else more than zero.
    public var idleTimeout: Duration? = .seconds(300)

    /// How long sending a reply datagram may wait for space in the kernel. Default: 30 s; nil: for ever; else more than zero.
    ///
    /// UDP hardly ever waits; a Unix datagram socket waits for a client that does not read.
    public var writeTimeout: Duration? = .seconds(30)

    /// How many bytes of a datagram are kept, at most. Default: 65,535, which every UDP datagram fits; 1 to 16,777,216.
    ///
    /// A longer one, which only Unix sockets have, is cut and says so: ``Datagram/isTruncated``.
    public var datagramSize: Int = 65_535

    /// The defaults.
    public init() {}

    func check() throws(SocketError) {
        func reject(_ subject: String) -> SocketError { SocketError(.serve, .invalidArgument, subject: subject) }
        guard threads >= 1 else { throw reject("limit of \(threads) threads") }
        if let idleTimeout, idleTimeout <= .zero { throw reject("idle timeout of \(idleTimeout)") }
        if let writeTimeout, writeTimeout <= .zero { throw reject("write timeout of \(writeTimeout)") }
        guard 1...(1 << 24) ~= datagramSize else { throw reject("datagram size of \(datagramSize) bytes") }
    }
}
