@_spi(Loops) public import MinatoSocket

// The responder face: no task for a connection.

extension StreamServer {
    /// Serves connections with responders, until ``SocketServer/shutdown()`` or ``SocketServer/drain(timeout:)``.
    ///
    ///     try await server.serve(responder: { _ in Echo() })
    ///
    /// A responder is called by its event loop when bytes come, and has no task: see ``StreamResponder``. Limits, hooks, the
    /// accepting of connections and the end are those of serving with a closure, and with them ``ServerLimits/inputLimit`` and
    /// ``ServerLimits/outputLimit``. A drain closes a connection as soon as it is answered and silent.
    ///
    /// - Parameters:
    ///   - loops: where to serve. Default: one loop for each processor, which everything shares.
    ///   - make: makes the responder of a connection, on a loop's thread; it gets the client's address. What it throws is told
    ///     to ``StreamServerHooks/onError``, and the connection is closed.
    /// - Throws: as serving with a closure does.
    ///
    /// Python: `asyncio.loop.create_server`, with a protocol factory.
    public nonisolated(nonsending) func serve<Responder: StreamResponder>(
        on loops: EventLoopGroup = .shared,
        responder make: @escaping @Sendable (_ client: SocketAddress) throws -> Responder
    ) async throws(SocketError) {
        let responders = ResponderShares()
        try await serve(on: loops) { (acceptor) async throws(SocketError) in
            let own = ResponderShare(acceptor.server, acceptor.share, make)
            responders.add(own)
            var failure: SocketError?
            do throws(SocketError) {
                try await acceptor.run { accepted in
                    if accepted.share !== acceptor.share, responders.start(accepted) { return }
                    if accepted.share !== acceptor.share {
                        accepted.share.leave()
                        acceptor.share.enter()
                    }
                    own.start(accepted.descriptor, accepted.client)
                }
            } catch {
                failure = error
            }
            acceptor.server.stopTaking(acceptor.share)
            own.drain()
            // When it was cancelled, too: what is in flight ends by the shutdown that follows.
            while let gate = acceptor.server.state.withLock({ $0.gateUntilDone() }) { await gate.waitUntilOpen() }
            if let failure { throw failure }
        }
    }
}

/// The responders of all loops, by loop.
final class ResponderShares: Sendable {
    private let all = Guarded<[ResponderShare]>([])

    func add(_ share: ResponderShare) { all.withLock { $0.append(share) } }

    /// Has another loop take a connection over. False when that loop has ended, or has not begun.
    func start(_ accepted: LoopAcceptor.Accepted) -> Bool {
        let share = all.withLock { $0.first { $0.share === accepted.share } }
        guard let share else { return false }
        return accepted.share.loop.core.post { share.start(accepted.descriptor, accepted.client) }
    }
}
