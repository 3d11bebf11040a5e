public import MinatoSocket

// The async face: a task for each connection.

extension StreamServer {
    /// Serves connections with a task for each, until ``SocketServer/shutdown()`` or ``SocketServer/drain(timeout:)``.
    ///
    ///     try await server.serve { connection in
    ///         for try await chunk in connection.chunks { try await connection.write(chunk) }
    ///     }
    public nonisolated(nonsending) func serve(
        on loops: EventLoopGroup = .shared,
        _ handle: @escaping @Sendable (_ connection: Connection) async throws -> Void
    ) async throws(SocketError) {
        try await serve(on: loops) { (acceptor) async throws(SocketError) in
            let server = acceptor.server
            let result: SocketError? = await withDiscardingTaskGroup { group in
                var failure: SocketError?
                do throws(SocketError) {
                    try await acceptor.run { accepted in
                        let task = ConnectionTask(server, accepted)
                        group.addTask(executorPreference: accepted.share.loop) { await task.run(handle) }
                    }
                } catch {
                    failure = error
                }
                server.stopTaking(acceptor.share)
                if failure != nil { server.shutdown() }
                // What is in flight comes to its end, or is ended by a shutdown: then its tasks are cancelled, whatever they
                // wait for.
                while let gate = server.state.withLock({ $0.gateUntilEnd() }) { await gate.wait() }
                if server.state.withLock({ $0.endsWork }) { group.cancelAll() }
                return failure
            }
            if let result { throw result }
        }
    }
}

/// One connection on its way from being accepted to being closed.
struct ConnectionTask: Sendable {
    private let server: StreamServer
    private let share: LoopShare
    private let descriptor: Int32
    /// Only for those who want to know it.
    private let client: ClientAddress?

    private final class ClientAddress: Sendable {
        let address: SocketAddress
        init(_ address: SocketAddress) { self.address = address }
    }

    init(_ server: StreamServer, _ accepted: LoopAcceptor.Accepted) {
        self.server = server
        share = accepted.share
        descriptor = accepted.descriptor
        client = server.hooks.wantsClient ? ClientAddress(accepted.client) : nil
    }

    /// Runs the handler. Always closes the connection.
    nonisolated(nonsending) func run(_ handle: @Sendable (Connection) async throws -> Void) async {
        let address = server.address
        let socket = Socket(owning: descriptor, family: address.family, kind: .stream, protocolNumber: 0)
        defer { share.leave() }
        if let verify = server.hooks.verify, let client, !verify(socket, client.address) { return }
        let channel = Channel(socket, on: share.loop)
        guard let number = server.state.withLock({ $0.admit(.told(channel)) }) else { return channel.abandon() }
        channel.register()
        let connection = Connection(
            channel, readTimeout: server.limits.idleNanoseconds, writeTimeout: server.limits.writeNanoseconds,
            firstReadTimeout: server.limits.firstByteNanoseconds)
        do {
            try await withTaskCancellationHandler {
                channel.adoptCurrentTask()
                server.state.withLock { $0.began(number, by: .thisTask) }
                try await handle(connection)
            } onCancel: {
                channel.cancelOwn()
            }
        } catch {
            report(error)
        }
        channel.disownTask()
        channel.close()
        server.state.withLock { $0.dismiss(number) }
        server.state.announce()
    }

    /// Tells of an error, unless it is what the server's own end looks like to a handler.
    private func report(_ error: any Error) {
        guard let client else { return }
        if let error = error as? SocketError, error.code == .cancelled || error.code == .closed,
            server.state.withLock({ $0.endsWork })
        {
            return
        }
        server.hooks.report(error, client.address)
    }
}
