public import MinatoSocket

/// A server for datagrams over a Unix socket.
///
///     let server = try UnixDatagramServer(on: .unixDatagram("/run/service.sock"))
///     try server.serveBlocking { request in try request.reply(request.bytes) }
///
/// As ``UDPServer``, at a path or an abstract name. A client gets replies only when it has bound its own socket. A path that
/// exists is refused with `.addressInUse`, even when it was left behind by a server that is gone: remove it first. When the
/// server is closed it removes the path that it bound, unless something else is there by then.
///
/// Python: `socketserver.UnixDatagramServer`, `ThreadingUnixDatagramServer`, which leave the path behind. See unix(7).
public final class UnixDatagramServer: DatagramServer, @unchecked Sendable {
    /// Binds. Does not wait.
    ///
    /// - Parameters:
    ///   - endpoint: `.unixDatagram("/run/service.sock")` or `.abstractDatagram("service")`.
    ///   - limits: threads, sizes, timeouts. Default: those of ``ServerLimits``.
    ///   - hooks: what to ask and tell the program. Default: none.
    /// - Throws: `.addressInUse` for a path that exists, `.nameTooLong` for one of 108 bytes and more, `.notFound` without its
    ///   directory, `.accessDenied`; `.invalidArgument` for an endpoint that is no Unix datagram, and for limits out of their
    ///   range. Nothing stays open or behind then.
    ///
    /// Python: `UnixDatagramServer(server_address, RequestHandlerClass)`.
    public init(
        on endpoint: Endpoint, limits: ServerLimits = ServerLimits(),
        hooks: DatagramServerHooks = DatagramServerHooks()
    ) throws(SocketError) {
        try endpoint.check(.datagram, isUnix: true, for: "UnixDatagramServer")
        try limits.check()
        let socket = try Socket.bound(to: endpoint)
        try super.init(socket, limits: limits, hooks: hooks, ownsPath: true)
    }

    /// Takes over a socket that is bound already, from a parent process or set up by hand. Its path, if any, is not removed.
    ///
    /// - Parameters:
    ///   - socket: a Unix datagram socket. It is closed when it is refused.
    ///   - limits: as ``init(on:limits:hooks:)``.
    ///   - hooks: as ``init(on:limits:hooks:)``.
    /// - Throws: `.invalidArgument` for another kind of socket, or limits out of their range.
    ///
    /// Python: `UnixDatagramServer(..., bind_and_activate=False)` with its `socket` replaced.
    public init(
        adopting socket: consuming Socket, limits: ServerLimits = ServerLimits(),
        hooks: DatagramServerHooks = DatagramServerHooks()
    ) throws(SocketError) {
        try socket.check(.datagram, isUnix: true, for: "UnixDatagramServer")
        try super.init(socket, limits: limits, hooks: hooks, ownsPath: false)
    }
}
