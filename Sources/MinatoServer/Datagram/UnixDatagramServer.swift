public import MinatoSocket

/// A server for datagrams over a Unix socket.
///
///     let server = try UnixDatagramServer(on: .unixDatagram("/run/service.sock"))
///     try server.serveBlocking { request in try request.reply(request.bytes) }
///
/// As ``UDPServer``, at a path or an abstract name. A client gets replies only when it has bound its own socket.
///
/// **The path.** One that a server left behind when it died is taken over: a socket file to which no open socket belongs, as
/// the kernel tells without disturbing anybody. Everything else that exists there is refused with `.addressInUse` and never
/// touched: a server that lives, a file, a directory, a symbolic link, what the kernel does not let us ask or remove. Of
/// several servers that start at one moment exactly one gets the path; while it is taken over there is an empty file
/// `PATH.minato-lock` beside it, locked with flock(2). A program that removes and binds paths without asking can still come
/// in between. When the server is closed it removes the path that it bound, unless something else is there by then.
///
/// **Who may send** is decided by the mode of the path, and by the directories above it: a sender needs the permission to
/// write. The mode is what the process's umask leaves of 0o777, or `permissions`, whatever the umask is; the path never has
/// a wider one, not even for a moment. An abstract name has no mode: everybody in the network namespace may send.
///
/// Python: `socketserver.UnixDatagramServer`, `ThreadingUnixDatagramServer`, which leave the path behind. See unix(7).
public final class UnixDatagramServer: DatagramServer, @unchecked Sendable {
    /// Binds. Does not wait.
    ///
    /// - Parameters:
    ///   - endpoint: `.unixDatagram("/run/service.sock")` or `.abstractDatagram("service")`.
    ///   - permissions: the mode of the path, 0o000 to 0o777: 0o660 lets owner and group send. Default: nil, what the umask
    ///     leaves.
    ///   - limits: threads, sizes, timeouts. Default: those of ``ServerLimits``.
    ///   - hooks: what to ask and tell the program. Default: none.
    /// - Throws: `.addressInUse` for a path that exists and is not left behind, `.nameTooLong` for one of 108 bytes and more,
    ///   `.notFound` without its directory, `.accessDenied`; `.invalidArgument` for an endpoint that is no Unix datagram, for
    ///   permissions of a name that has none or out of their range, and for limits out of theirs. Nothing stays open or
    ///   behind then.
    ///
    /// Python: `UnixDatagramServer(server_address, RequestHandlerClass)`.
    public init(
        on endpoint: Endpoint, permissions: UInt32? = nil, limits: ServerLimits = ServerLimits(),
        hooks: DatagramServerHooks = DatagramServerHooks()
    ) throws(SocketError) {
        let socket = try ServedKind.unixDatagram.open(on: endpoint, permissions: permissions, limits: limits)
        try super.init(socket, limits: limits, hooks: hooks, ownsPath: true)
    }

    /// Takes over a socket that is bound already, from a parent process or set up by hand. Its path, if any, is not removed.
    ///
    /// - Parameters:
    ///   - socket: a Unix datagram socket. It is closed when it is refused.
    ///   - limits: as ``init(on:permissions:limits:hooks:)``.
    ///   - hooks: as ``init(on:permissions:limits:hooks:)``.
    /// - Throws: `.invalidArgument` for another kind of socket, or limits out of their range.
    ///
    /// Python: `UnixDatagramServer(..., bind_and_activate=False)` with its `socket` replaced.
    public init(
        adopting socket: consuming Socket, limits: ServerLimits = ServerLimits(),
        hooks: DatagramServerHooks = DatagramServerHooks()
    ) throws(SocketError) {
        try ServedKind.unixDatagram.check(socket)
        try super.init(socket, limits: limits, hooks: hooks, ownsPath: false)
    }

    /// Receives the socket of a server in another process, which calls ``SocketServer/handOver(to:)``: the successor.
    ///
    /// Waits until it arrives, for at most the timeout of `predecessor`. Clients who wait in its queue are this server's to
    /// serve from then on, and the predecessor's as long as it goes on.
    ///
    /// Whether the path is removed when this server is closed is what it was with the predecessor.
    ///
    /// - Parameters:
    ///   - predecessor: a Unix socket, connected to a process that is trusted: what it sends is served.
    ///   - limits: as ``init(on:permissions:limits:hooks:)``. They are not handed over.
    ///   - hooks: as ``init(on:permissions:limits:hooks:)``.
    /// - Throws: `.endOfStream` when the predecessor ends without sending one, `.timedOut`, `.connectionReset` ...;
    ///   `.invalidArgument` for something else, for another kind of socket, or limits out of their range. What was received
    ///   is closed then.
    ///
    /// Python: `socket.recv_fds`. See unix(7), SCM_RIGHTS.
    public init(
        receivingFrom predecessor: borrowing Socket, limits: ServerLimits = ServerLimits(),
        hooks: DatagramServerHooks = DatagramServerHooks()
    ) throws(SocketError) {
        let received = try ServedKind.unixDatagram.receive(from: predecessor)
        let ownsPath = received.ownsPath
        try super.init(received.socket, limits: limits, hooks: hooks, ownsPath: ownsPath)
    }
}
