public import MinatoSocket

/// A server for datagrams: UDP or Unix.
///
/// Not made directly: see ``UDPServer`` and ``UnixDatagramServer``.
///
/// Python: `socketserver.ThreadingUDPServer`, `ThreadingUnixDatagramServer`.
public class DatagramServer: SocketServer, @unchecked Sendable {
    /// The hooks that were given.
    public let hooks: DatagramServerHooks

    let control: DatagramControl

    let drops = Guarded(DropCount())

    /// How many datagrams were lost because the receive buffer was full when they came: the server, or the machine, was too
    /// busy. Counted by the kernel from the opening of the socket, and asked for when this is read; after the server's end
    /// the count stays what it was.
    ///
    /// Always 0 for a Unix socket, whose senders wait instead. A larger `SocketOption.receiveBufferSize` helps against
    /// bursts, more ``ServerLimits/threads`` or ``ServerLimits/maxConnections`` against handlers that wait. May be read from any thread.
    ///
    /// Python has nothing of the kind. See socket(7), SO_MEMINFO, SO_RXQ_OVFL.
    public var droppedByKernel: Int {
        noteDrops()
        return drops.withLock { $0.total }
    }

    /// Takes over a socket that is bound.
    init(
        _ socket: consuming Socket, limits: ServerLimits, hooks: DatagramServerHooks, ownsPath: Bool
    ) throws(SocketError) {
        self.hooks = hooks
        control = DatagramControl(socket, boundTo: try socket.localAddress)
        try super.init(socket, limits: limits, ownsPath: ownsPath)
    }

    /// Serves datagrams with a closure until ``SocketServer/shutdown()`` or ``SocketServer/drain(timeout:)``.
    ///
    ///     try server.serveBlocking { request in
    ///         try request.reply(String(decoding: request.bytes, as: UTF8.self).uppercased())
    ///     }
    ///
    /// Blocks the calling thread, which receives, and returns when the server has been stopped and every handler has returned.
    /// Each datagram is handled on one of at most ``ServerLimits/threads`` threads, which are started when needed, with a
    /// stack of 512 KiB, and used again; so handlers of one sender's datagrams may overtake each other. While all are busy
    /// nothing is received, and what the receive buffer does not hold is lost, as always with UDP. Without anything to do the
    /// server uses no processor time.
    ///
    /// A handler that throws ends the handling of its own datagram only: see ``DatagramServerHooks/onError``. That an earlier
    /// reply was refused by its receiver, or could not reach it, does not end the server. When the system is out of memory,
    /// receiving pauses for 5 ms, doubling up to 1 s.
    ///
    /// - Parameter handle: handles one datagram; called on several threads at a time.
    /// - Throws: `.closed` when the server was shut down before, `EALREADY` when it serves already; when it cannot begin, a
    ///   lack of descriptors (`.tooManyDescriptors`) or threads (`EAGAIN`), after which it may be tried again; an error of the
    ///   socket that cannot pass, after which the server is closed. Not thrown: what handlers throw, errors of single
    ///   datagrams, a lack of threads later on.
    ///
    /// Python: `serve_forever`.
    public func serveBlocking(
        _ handle: @escaping @Sendable (_ request: DatagramRequest) throws -> Void
    ) throws(SocketError) {
        try serveBlocking { (request, report) in
            do { try handle(request) } catch { report(error) }
        }
    }

    /// Serves datagrams with handlers, a new one for each: as ``serveBlocking(_:)``.
    ///
    /// - Parameter makeHandler: makes a handler, on the thread on which the handler will run. What it throws is told to
    ///   ``DatagramServerHooks/onError``.
    /// - Throws: as ``serveBlocking(_:)``.
    ///
    /// Python: the `RequestHandlerClass` of a server, and `serve_forever`.
    public func serveBlocking<Handler: DatagramRequestHandler>(
        with makeHandler: @escaping @Sendable () throws -> Handler
    ) throws(SocketError) {
        try serveBlocking { (request, report) in
            do {
                var handler = try makeHandler()
                handler.run(request, report)
            } catch {
                report(error)
            }
        }
    }

    override func report(_ error: any Error) { hooks.onError?(error, nil) }
}
