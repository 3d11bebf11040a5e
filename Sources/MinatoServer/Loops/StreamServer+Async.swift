public import MinatoSocket

// The async face: a task for each connection.

extension StreamServer {
    /// Serves connections with a task for each, until ``SocketServer/shutdown()`` or ``SocketServer/drain(timeout:)``.
    ///
    ///     let server = try TCPServer(on: .tcp("localhost", 9999))
    ///     try await server.serve { connection in
    ///         for try await chunk in connection.chunks { try await connection.write(chunk) }
    ///     }
    ///
    /// **What waits.** Only the task that calls. It returns when the server has been stopped, every handler has returned and
    /// every connection is closed: nothing of it goes on behind the caller's back.
    ///
    /// **A connection** goes from the kernel straight to a task of its own, on the loop that has the fewest of them; TCP_NODELAY
    /// is set. It is closed when the handler returns or throws; what was written is still delivered. Bytes that the client sent
    /// and nobody read make the kernel reset a TCP connection then, and the client may miss the last answer: a handler that
    /// answers before it has read all calls `finishWriting` and reads to the end first. A handler that throws ends its own
    /// connection only: see ``StreamServerHooks/onError``.
    ///
    /// **The loop.** What a handler does between two waits runs on its loop's thread, and so do its child tasks. One that
    /// computes for long or blocks holds up every other connection of that loop, and the accepting of new ones: hand such work
    /// to ``offload(_:)``. Handlers of different connections run at the same time, on several threads.
    ///
    /// **Limits.** ``ServerLimits/maxConnections`` at a time, the others wait in the kernel's queue. The connection comes with
    /// ``ServerLimits/idleTimeout`` and ``ServerLimits/writeTimeout`` as its own timeouts and with
    /// ``ServerLimits/firstByteTimeout`` for the first read that waits; an operation whose time is over throws `.timedOut`, which
    /// is told to ``StreamServerHooks/onTimeout`` unless the handler catches it. When the process or the system is out of
    /// descriptors or memory, accepting pauses for 5 ms, doubling up to 1 s, or until a connection of this server ends; at most
    /// 40 attempts a second fail. A connection that breaks off before it is accepted is passed over.
    ///
    /// **Cancellation** of the task that serves does what ``SocketServer/shutdown()`` does: handlers are cancelled and their
    /// connections closed, then `.cancelled` is thrown. So does the end of all loops, with `.closed`; when one of several ends,
    /// its connections are lost and the others serve on.
    ///
    /// - Parameters:
    ///   - loops: the loops to serve on. Default: ``EventLoopGroup/shared``, one for each processor.
    ///   - handle: handles one connection. It may keep the connection, which is closed then all the same.
    /// - Throws: `.closed` when the server was shut down before, or when its loops have ended; `EALREADY` when it serves
    ///   already; `.cancelled`; a lack of descriptors (`.tooManyDescriptors`: it needs one for each loop) or threads
    ///   (`EAGAIN`) when it cannot begin, after which it may be tried again; an error of the listening socket that cannot pass,
    ///   after which the server is closed. Not thrown: what handlers throw, errors of single connections, a lack of descriptors
    ///   later on, and nothing at all after a `shutdown` or a `drain`.
    ///
    /// Python: `asyncio.start_server`, `serve_forever`. See accept4(2), epoll(7).
    public nonisolated(nonsending) func serve(
        on loops: EventLoopGroup = .shared,
        _ handle: @escaping @Sendable (_ connection: Connection) async throws -> Void
    ) async throws(SocketError) {
        try await serve(on: loops, .plain(handle))
    }

    /// Serves connections with a task for each, which is told the client's address: otherwise as
    /// ``serve(on:_:)-(_,(Connection)->Void)``.
    ///
    ///     try await server.serve { connection, client in
    ///         try await connection.write("You are \(client).\n")
    ///     }
    ///
    /// - Parameters:
    ///   - loops: the loops to serve on. Default: ``EventLoopGroup/shared``.
    ///   - handle: handles one connection. The address is the one from which it was accepted, unnamed for most clients of a
    ///     Unix socket; with ``StreamServerHooks/proxyProtocol`` the one that the header tells, while
    ///     `connection.remoteAddress` is the balancer's.
    /// - Throws: as ``serve(on:_:)-(_,(Connection)->Void)``.
    ///
    /// Python: `asyncio.start_server`, `get_extra_info("peername")`.
    public nonisolated(nonsending) func serve(
        on loops: EventLoopGroup = .shared,
        _ handle: @escaping @Sendable (_ connection: Connection, _ client: SocketAddress) async throws -> Void
    ) async throws(SocketError) {
        try await serve(on: loops, .withClient(handle))
    }

    /// Serves connections with handlers, a new one for each, in a task for each: otherwise as
    /// ``serve(on:_:)-(_,(Connection)->Void)``.
    ///
    /// - Parameters:
    ///   - loops: the loops to serve on. Default: ``EventLoopGroup/shared``.
    ///   - makeHandler: makes a handler, in the connection's task. What it throws is told to ``StreamServerHooks/onError``, and
    ///     the connection is closed.
    /// - Throws: as ``serve(on:_:)-(_,(Connection)->Void)``.
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
