public import MinatoSocket

// The async face: a task for each connection.

extension StreamServer {
    public nonisolated(nonsending) func serve(
        on loops: EventLoopGroup = .shared,
        _ handle: @escaping @Sendable (_ connection: Connection) async throws -> Void
    ) async throws(SocketError) {
        try await serve(on: loops, .plain(handle))
    }

    public nonisolated(nonsending) func serve(
        on loops: EventLoopGroup = .shared,
        _ handle: @escaping @Sendable (_ connection: Connection, _ client: SocketAddress) async throws -> Void
    ) async throws(SocketError) {
        try await serve(on: loops, .withClient(handle))
    }

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
