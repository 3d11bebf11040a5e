public import MinatoSocket

/// A server for connections over a Unix socket.
///
///     let server = try UnixStreamServer(on: .unix("/run/service.sock"))
///     try server.serveBlocking { connection, client in try connection.sendAll("hello\n") }
///
/// As ``TCPServer``, at a path or an abstract name. A path that exists is refused with `.addressInUse`, even when it was left
/// behind by a server that is gone: remove it first. When the server is closed it removes the path that it bound, unless
/// something else is there by then.
///
/// Clients rarely bind their own socket, so their address is mostly unnamed.
///
/// Python: `socketserver.UnixStreamServer`, `ThreadingUnixStreamServer`, which leave the path behind. See unix(7).
public final class UnixStreamServer: StreamServer, @unchecked Sendable {
    /// Binds and listens, with a backlog of SOMAXCONN (4,096; the kernel caps it). Does not wait.
    ///
    /// - Parameters:
    ///   - endpoint: `.unix("/run/service.sock")` or `.abstract("service")`.
    ///   - limits: threads, timeouts. Default: those of ``ServerLimits``.
    ///   - hooks: what to ask and tell the program. Default: none.
    /// - Throws: `.addressInUse` for a path that exists, `.nameTooLong` for one of 108 bytes and more, `.notFound` without its
    ///   directory, `.accessDenied`; `.invalidArgument` for an endpoint that is no Unix stream, and for limits out of their
    ///   range. Nothing stays open or behind then.
    ///
    /// Python: `UnixStreamServer(server_address, RequestHandlerClass)`.
    public init(
        on endpoint: Endpoint, limits: ServerLimits = ServerLimits(), hooks: StreamServerHooks = StreamServerHooks()
    ) throws(SocketError) {
        try endpoint.check(.stream, isUnix: true, for: "UnixStreamServer")
        try limits.check()
        let socket = try Socket.listen(on: endpoint)
        try super.init(socket, limits: limits, hooks: hooks, ownsPath: true)
    }

    /// Takes over a socket that listens already, from a parent process or set up by hand. Its path, if any, is not removed.
    ///
    /// - Parameters:
    ///   - listener: a Unix stream socket on which `listen` was called. It is closed when it is refused.
    ///   - limits: as ``init(on:limits:hooks:)``.
    ///   - hooks: as ``init(on:limits:hooks:)``.
    /// - Throws: `.invalidArgument` for another kind of socket, one that does not listen, or limits out of their range.
    ///
    /// Python: `UnixStreamServer(..., bind_and_activate=False)` with its `socket` replaced.
    public init(
        adopting listener: consuming Socket, limits: ServerLimits = ServerLimits(),
        hooks: StreamServerHooks = StreamServerHooks()
    ) throws(SocketError) {
        try listener.check(.stream, isUnix: true, for: "UnixStreamServer")
        try super.init(listener, limits: limits, hooks: hooks, ownsPath: false)
    }
}
