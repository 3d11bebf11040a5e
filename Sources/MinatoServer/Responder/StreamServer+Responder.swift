@_spi(Loops) public import MinatoSocket

// The responder face: no task for a connection.

extension StreamServer {
    /// Serves connections with responders, until ``SocketServer/shutdown()`` or ``SocketServer/drain(timeout:)``.
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
                    guard accepted.share !== acceptor.share else {
                        return own.start(accepted.descriptor, accepted.client)
                    }
                    responders.start(accepted, acceptor.server)
                }
            } catch {
                failure = error
            }
            acceptor.server.stopTaking(acceptor.share)
            own.drain()
            while let gate = acceptor.server.state.withLock({ $0.gateUntilDone() }) { await gate.wait() }
            if let failure { throw failure }
        }
    }
}

/// The responders of all loops, by loop.
final class ResponderShares: Sendable {
    private let all = Guarded<[ResponderShare]>([])

    func add(_ share: ResponderShare) { all.withLock { $0.append(share) } }

    /// Has another loop take a connection over.
    func start(_ accepted: LoopAcceptor.Accepted, _ server: StreamServer) {
        let share = all.withLock { $0.first { $0.share === accepted.share } }
        let isTaken = share.map { share in
            accepted.share.loop.core.post { share.start(accepted.descriptor, accepted.client) }
        }
        guard isTaken != true else { return }
        // A loop that has ended, or has not begun: it serves nobody.
        _ = Socket(owning: accepted.descriptor, family: server.address.family, kind: .stream, protocolNumber: 0)
        accepted.share.leave()
    }
}
