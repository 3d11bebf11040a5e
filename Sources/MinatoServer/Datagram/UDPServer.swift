public import MinatoSocket

/// A UDP server.
///
///     let server = try UDPServer(on: .udp("localhost", 9999))
///     try server.serveBlocking { request in
///         try request.reply(String(decoding: request.bytes, as: UTF8.self).uppercased())
///     }
///
/// It is bound from its initializer on: datagrams gather in the receive buffer before anybody serves, and
/// ``SocketServer/address`` tells the port. It is closed by ``SocketServer/shutdown()``, or when it is let go of.
///
/// **Threads.** A server may be shared freely: see ``SocketServer``.
///
/// Python: `socketserver.UDPServer`, `ThreadingUDPServer`, which cut datagrams to 8,192 bytes without a word. See udp(7).
public final class UDPServer: DatagramServer, @unchecked Sendable {
    /// Binds. SO_REUSEADDR is not set: on UDP it would let another program take the datagrams.
    ///
    /// A host name is looked up, which can take as long as the resolver takes.
    ///
    /// - Parameters:
    ///   - endpoint: `.udp("", 9999)` for all IPv4 interfaces, port 0 for one of the kernel's choice. A name is bound to one
    ///     of its addresses, IPv4 first.
    ///   - dualStack: take IPv4 datagrams on an IPv6 address too; with an empty host: both on all interfaces. Default: false.
    ///   - limits: threads, sizes, timeouts. Default: those of ``ServerLimits``.
    ///   - hooks: what to ask and tell the program. Default: none.
    /// - Throws: what ``Socket/bound(to:dualStack:reusePort:)`` throws: `.addressInUse`, `.accessDenied` ...;
    ///   `.invalidArgument` for an endpoint that is not UDP, and for limits out of their range. Nothing stays open then.
    ///
    /// Python: `UDPServer(server_address, RequestHandlerClass)`.
    public init(
        on endpoint: Endpoint, dualStack: Bool = false, limits: ServerLimits = ServerLimits(),
        hooks: DatagramServerHooks = DatagramServerHooks()
    ) throws(SocketError) {
        let socket = try ServedKind.udp.open(on: endpoint, dualStack: dualStack, limits: limits)
        try super.init(socket, limits: limits, hooks: hooks, ownsPath: false)
    }

    /// Takes over a socket that is bound already, from a parent process or set up by hand.
    ///
    /// - Parameters:
    ///   - socket: a UDP socket. It is closed when it is refused.
    ///   - limits: as ``init(on:dualStack:limits:hooks:)``.
    ///   - hooks: as ``init(on:dualStack:limits:hooks:)``.
    /// - Throws: `.invalidArgument` for another kind of socket, or limits out of their range.
    ///
    /// Python: `UDPServer(..., bind_and_activate=False)` with its `socket` replaced.
    public init(
        adopting socket: consuming Socket, limits: ServerLimits = ServerLimits(),
        hooks: DatagramServerHooks = DatagramServerHooks()
    ) throws(SocketError) {
        try ServedKind.udp.check(socket)
        try super.init(socket, limits: limits, hooks: hooks, ownsPath: false)
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
        hooks: DatagramServerHooks = DatagramServerHooks()
    ) throws(SocketError) {
        let received = try ServedKind.udp.receive(from: predecessor)
        let ownsPath = received.ownsPath
        try super.init(received.socket, limits: limits, hooks: hooks, ownsPath: ownsPath)
    }
}
