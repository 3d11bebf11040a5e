public import MinatoSocket

/// A server for connections: TCP or Unix.
///
/// Not made directly: see ``TCPServer`` and ``UnixStreamServer``.
///
/// Python: `socketserver.ThreadingTCPServer`, `ThreadingUnixStreamServer`.
public class StreamServer: SocketServer, @unchecked Sendable {
    /// The hooks that were given.
    public let hooks: StreamServerHooks

    /// Takes over a socket that listens.
    init(
        _ socket: consuming Socket, limits: ServerLimits, hooks: StreamServerHooks, ownsPath: Bool
    ) throws(SocketError) {
        self.hooks = hooks
        try super.init(socket, limits: limits, ownsPath: ownsPath)
    }

    /// Serves connections with a closure until ``SocketServer/shutdown()`` or ``SocketServer/drain(timeout:)``.
    ///
    ///     try server.serveBlocking { connection, client in
    ///         while case let bytes = try connection.receive(atMost: 4096), !bytes.isEmpty {
    ///             try connection.sendAll(bytes)
    ///         }
    ///     }
    ///
    /// Blocks the calling thread, which accepts, and returns when the server has been stopped and every handler has returned.
    /// Each connection is handled on a thread of its own, of which there are at most ``ServerLimits/threads``; they are
    /// started when needed, with a stack of 512 KiB, and used again. While all are busy no further connection is accepted.
    /// Without anything to do the server uses no processor time.
    ///
    /// A handler borrows the connection; when it returns, the server ends the sending direction and closes. One that throws
    /// ends its own connection only: see ``StreamServerHooks/onError``. TCP_NODELAY is set.
    ///
    /// A connection that breaks off before it is accepted is passed over. When the process or the system is out of
    /// descriptors or memory, accepting pauses for 5 ms, doubling up to 1 s, or until a connection of this server closes.
    ///
    /// - Parameter handle: handles one connection; called on several threads at a time. It gets the connection with
    ///   ``ServerLimits/idleTimeout`` as its timeout, and the client's address.
    /// - Throws: `.closed` when the server was shut down before, `EALREADY` when it serves already; when it cannot begin, a
    ///   lack of descriptors (`.tooManyDescriptors`) or threads (`EAGAIN`), after which it may be tried again; an error of the
    ///   listening socket that cannot pass, after which the server is closed. Not thrown: what handlers throw, errors of
    ///   single connections, a lack of descriptors or threads later on.
    ///
    /// Python: `serve_forever`.
    public func serveBlocking(
        _ handle: @escaping @Sendable (_ connection: borrowing Socket, _ client: SocketAddress) throws -> Void
    ) throws(SocketError) {
        try serveBlocking { (connection, client, report) in
            do { try handle(connection, client) } catch { report(error) }
            return connection
        }
    }

    /// Serves connections with handlers, a new one for each: as ``serveBlocking(_:)``.
    ///
    /// - Parameter makeHandler: makes a handler, on the thread on which the handler will run. What it throws is told to
    ///   ``StreamServerHooks/onError``, and the connection is closed.
    /// - Throws: as ``serveBlocking(_:)``.
    ///
    /// Python: the `RequestHandlerClass` of a server, and `serve_forever`.
    public func serveBlocking<Handler: RequestHandler>(
        with makeHandler: @escaping @Sendable () throws -> Handler
    ) throws(SocketError) {
        try serveBlocking { (connection, client, report) in
            do {
                var handler = try makeHandler()
                handler.run(connection, client, report)
            } catch {
                report(error)
            }
            return connection
        }
    }

    /// Serves connections with handlers that read and write through buffers, a new one for each: as ``serveBlocking(_:)``.
    ///
    /// - Parameter makeHandler: makes a handler, on the thread on which the handler will run. What it throws is told to
    ///   ``StreamServerHooks/onError``, and the connection is closed.
    /// - Throws: as ``serveBlocking(_:)``.
    ///
    /// Python: `serve_forever` with a `StreamRequestHandler`.
    public func serveBlocking<Handler: StreamRequestHandler>(
        with makeHandler: @escaping @Sendable () throws -> Handler
    ) throws(SocketError) {
        try serveBlocking { (connection, client, report) in
            var stream = BufferedSocket(connection, writeCapacity: Handler.writeCapacity)
            do {
                var handler = try makeHandler()
                handler.run(&stream, client, report)
            } catch {
                report(error)
            }
            let detached = stream.detach()
            return detached.socket
        }
    }

    override func report(_ error: any Error) { hooks.onError?(error, nil) }
}
