public import MinatoSocket

// The async face: a task for each connection.

extension StreamServer {
    /// Serves connections with a task for each, until ``SocketServer/shutdown()`` or ``SocketServer/drain(timeout:)``.
    ///
    ///     try await server.serve { connection in
    ///         for try await chunk in connection.chunks { try await connection.write(chunk) }
    ///     }
    ///
    /// Returns when the server has been stopped and every handler has returned. Each connection is a child task, which prefers
    /// the event loop that the connection belongs to, and is closed when its handler returns or throws. It has
    /// ``ServerLimits/idleTimeout`` as its ``Connection/readTimeout``, ``ServerLimits/writeTimeout`` as its
    /// ``Connection/writeTimeout``, and ``ServerLimits/firstByteTimeout`` for the first wait for something to read. At most
    /// ``ServerLimits/maxConnections`` are served at a time; others wait in the kernel's queue. TCP_NODELAY is set.
    ///
    /// A handler that throws ends its own connection only: see ``StreamServerHooks/onError``. One that computes or blocks holds
    /// up every connection of its loop: use ``offload(_:)``.
    ///
    /// A connection that breaks off before it is accepted is passed over. When the process or the system is out of descriptors
    /// or memory, accepting pauses, from 5 ms doubling up to 1 s, or until a connection of this server has ended.
    ///
    /// Cancelling the task that serves is a shutdown: every handler's task is cancelled and awaited, every connection closed.
    ///
    /// - Parameters:
    ///   - loops: where to serve. Default: one loop for each processor, which everything shares. A connection is served by the
    ///     loop that has the fewest.
    ///   - handle: handles one connection; called in many tasks at a time.
    /// - Throws: `.closed` when the server was shut down before, or its loops end; `EALREADY` when it serves already;
    ///   `.cancelled` when the task is cancelled; a lack of descriptors when it cannot begin, after which it may be tried
    ///   again; an error of the listening socket that cannot pass, after which the server is closed. Not thrown: what handlers
    ///   throw, errors of single connections, a lack of descriptors later on; a shutdown or a drain is no error.
    ///
    /// Python: `serve_forever`; `asyncio.start_server` and `Server.serve_forever`.
    public nonisolated(nonsending) func serve(
        on loops: EventLoopGroup = .shared,
        _ handle: @escaping @Sendable (_ connection: Connection) async throws -> Void
    ) async throws(SocketError) {
        try await serve(on: loops, .plain(handle))
    }

    /// Serves connections with a task for each, which is told who has connected, otherwise as with a closure.
    ///
    /// - Parameters:
    ///   - loops: where to serve. Default: one loop for each processor, which everything shares.
    ///   - handle: handles one connection. It gets the client's address too: with the PROXY protocol the one that the balancer
    ///     tells of.
    /// - Throws: the same.
    ///
    /// Python: `serve_forever`, with `client_address`.
    public nonisolated(nonsending) func serve(
        on loops: EventLoopGroup = .shared,
        _ handle: @escaping @Sendable (_ connection: Connection, _ client: SocketAddress) async throws -> Void
    ) async throws(SocketError) {
        try await serve(on: loops, .withClient(handle))
    }

    /// Serves connections with handlers, a new one for each, otherwise as with a closure.
    ///
    /// - Parameters:
    ///   - loops: where to serve. Default: one loop for each processor, which everything shares.
    ///   - makeHandler: makes a handler, on the loop where it will run. What it throws is told to
    ///     ``StreamServerHooks/onError``, and the connection is closed.
    /// - Throws: the same.
    ///
    /// Python: the `RequestHandlerClass` of a server, and `serve_forever`.
    public nonisolated(nonsending) func serve<Handler: AsyncRequestHandler>(
        on loops: EventLoopGroup = .shared, with makeHandler: @escaping @Sendable () throws -> Handler
    ) async throws(SocketError) {
        let handler = ConnectionHandler.withClient { (connection, client) in
            var handler = try makeHandler()
            await handler.run(connection, client) { self.tell($0, client) }
        }
        try await serve(on: loops, handler)
    }

    private nonisolated(nonsending) func serve(
        on loops: EventLoopGroup, _ handler: ConnectionHandler
    ) async throws(SocketError) {
        try await serve(on: loops) { (acceptor) async throws(SocketError) in
            let server = acceptor.server
            let result: SocketError? = await withDiscardingTaskGroup { group in
                var failure: SocketError?
                do throws(SocketError) {
                    try await acceptor.run { accepted in
                        let task = ConnectionTask(server, accepted, handler)
                        group.addTask(executorPreference: accepted.share.loop) { await task.run() }
                    }
                } catch {
                    failure = error
                }
                server.stopTaking(acceptor.share)
                if failure != nil { server.shutdown() }
                // What is in flight comes to its end, or is ended by a shutdown: then its tasks are cancelled, whatever they
                // wait for. So it goes on waiting when it is cancelled itself: a shutdown follows.
                while let gate = server.state.withLock({ $0.gateUntilEnd() }) { await gate.waitUntilOpen() }
                if server.state.withLock({ $0.endsWork }) { group.cancelAll() }
                return failure
            }
            if let result { throw result }
        }
    }
}
