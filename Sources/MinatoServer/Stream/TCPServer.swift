public import MinatoSocket

/// A TCP server.
///
///     let server = try TCPServer(on: .tcp("localhost", 9999))
///     try server.serveBlocking { connection, client in
///         let request = try connection.receive(atMost: 1024)
///         try connection.sendAll(String(decoding: request, as: UTF8.self).uppercased())
///     }
///
/// It is bound and listens from its initializer on: clients can connect before anybody serves, and ``SocketServer/address``
/// tells the port. It is closed by ``SocketServer/shutdown()``, or when it is let go of.
///
/// **Threads.** A server may be shared freely: see ``SocketServer``.
///
/// Python: `socketserver.TCPServer`, `ThreadingTCPServer`. See tcp(7).
public final class TCPServer: StreamServer, @unchecked Sendable {
    /// Binds and listens, with SO_REUSEADDR and a backlog of SOMAXCONN (4,096; the kernel caps it).
    ///
    /// A host name is looked up, which can take as long as the resolver takes.
    ///
    /// - Parameters:
    ///   - endpoint: `.tcp("", 9999)` for all IPv4 interfaces, port 0 for one of the kernel's choice. A name is bound to one
    ///     of its addresses, IPv4 first.
    ///   - dualStack: take IPv4 clients on an IPv6 address too; with an empty host: both on all interfaces. Default: false.
    ///   - limits: threads, timeouts. Default: those of ``ServerLimits``.
    ///   - hooks: what to ask and tell the program. Default: none.
    /// - Throws: what ``Socket/listen(on:backlog:dualStack:reusePort:)`` throws: `.addressInUse`, `.accessDenied` ...;
    ///   `.invalidArgument` for an endpoint that is not TCP, and for limits out of their range. Nothing stays open then.
    ///
    /// Python: `TCPServer(server_address, RequestHandlerClass)`, with `allow_reuse_address`.
    public init(
        on endpoint: Endpoint, dualStack: Bool = false, limits: ServerLimits = ServerLimits(),
        hooks: StreamServerHooks = StreamServerHooks()
    ) throws(SocketError) {
        let socket = try ServedKind.tcp.open(on: endpoint, dualStack: dualStack, limits: limits)
        try super.init(socket, limits: limits, hooks: hooks, ownsPath: false)
    }

    /// Takes over a socket that listens already, from a parent process or set up by hand.
    ///
    /// - Parameters:
    ///   - listener: a TCP socket on which `listen` was called. It is closed when it is refused.
    ///   - limits: as ``init(on:dualStack:limits:hooks:)``.
    ///   - hooks: as ``init(on:dualStack:limits:hooks:)``.
    /// - Throws: `.invalidArgument` for another kind of socket, one that does not listen, or limits out of their range.
    ///
    /// Python: `TCPServer(..., bind_and_activate=False)` with its `socket` replaced.
    public init(
        adopting listener: consuming Socket, limits: ServerLimits = ServerLimits(),
        hooks: StreamServerHooks = StreamServerHooks()
    ) throws(SocketError) {
        try ServedKind.tcp.check(listener)
        try super.init(listener, limits: limits, hooks: hooks, ownsPath: false)
    }

    /// Receives the socket of a server in another process, which calls ``SocketServer/handOver(to:)``: the successor.
    ///
    /// Waits until it arrives, for at most the timeout of `predecessor`. Clients who wait in its queue are this server's to
    /// serve from then on, and the predecessor's as long as it goes on.
    ///
    /// - Parameters:
    ///   - predecessor: a Unix socket, connected to a process that is trusted: what it sends is served.
    ///   - limits: as ``init(on:dualStack:limits:hooks:)``. They are not handed over.
    ///   - hooks: as ``init(on:dualStack:limits:hooks:)``.
    /// - Throws: `.endOfStream` when the predecessor ends without sending one, `.timedOut`, `.connectionReset` ...;
    ///   `.invalidArgument` for something else, for another kind of socket, or limits out of their range. What was received
    ///   is closed then.
    ///
    /// Python: `socket.recv_fds`. See unix(7), SCM_RIGHTS.
    public init(
        receivingFrom predecessor: borrowing Socket, limits: ServerLimits = ServerLimits(),
        hooks: StreamServerHooks = StreamServerHooks()
    ) throws(SocketError) {
        let received = try ServedKind.tcp.receive(from: predecessor)
        let ownsPath = received.ownsPath
        try super.init(received.socket, limits: limits, hooks: hooks, ownsPath: ownsPath)
    }
}
