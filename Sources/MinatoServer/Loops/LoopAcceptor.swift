internal import Glibc
internal import MinatoSocket

/// Takes connections on one loop until the server stops: how many may be had, what happens when descriptors are short.
///
/// What is done with a connection is the caller's business, and is done at once: nothing that was taken waits anywhere.
struct LoopAcceptor {
    /// A connection that was taken.
    struct Accepted {
        let descriptor: Int32
        let client: SocketAddress
        /// Where it is to be served.
        let share: LoopShare
    }

    /// Connections that are taken in a row before the loop looks after the others.
    private static let inARow = 32

    let server: StreamServer
    let shares: LoopShares
    let share: LoopShare

    /// Gives every connection to `start`, which owns its descriptor from then on, counted by `LoopShare.enter`.
    ///
    /// - Throws: an error of the listening socket that cannot pass.
    nonisolated(nonsending) func run(_ start: (Accepted) -> Void) async throws(SocketError) {
        var backoff = AcceptBackoff()
        var client = SocketAddress()
        var taken = 0
        while true {
            if let gate = server.state.withLock({ $0.gateIfFull(server.limits.maxConnections) }) {
                await gate.wait()
                if Task.isCancelled { return }
                continue
            }
            guard server.state.withLock({ $0.phase == .serving }) else { return }
            let result = share.acceptor.acceptOnce(&client)
            if result >= 0 {
                backoff.succeeded()
                let place = shares.placement(acceptedBy: share)
                place.enter()
                start(Accepted(descriptor: result, client: client, share: place))
                taken += 1
                if taken % Self.inARow == 0 { await Task.yield() }
                continue
            }
            if result == -EAGAIN {
                guard await share.acceptor.waitForConnections() == .ready else { return }
                continue
            }
            switch backoff.failed(.init(result: result)) {
            case .goOn: break
            case .pause(let pause, let isNew):
                let error = SocketError(.accept, .init(result: result), local: server.address)
                if isNew { server.report(error) }
                let gate = server.state.withLock { $0.gateForChange() }
                await gate.wait(on: share.loop, until: .after(pause))
            case .end: throw SocketError(.accept, .init(result: result), local: server.address)
            }
        }
    }
}
