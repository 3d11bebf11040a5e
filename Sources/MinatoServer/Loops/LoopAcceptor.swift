internal import Glibc
internal import MinatoSocket

/// Takes connections on one loop until the server stops: how many may be had, what happens when descriptors are short.
///
/// What is done with a connection is the caller's business, and is done at once: nothing that was taken waits anywhere.
struct LoopAcceptor {
    /// A connection that was taken. There is a place for it in the server's state, to be entered or dropped.
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
        // Keeps it open until this is over.
        guard let listener = server.state.withLock({ $0.listener }) else { return }
        try await takeUntilStopped(start)
        // No wake-up comes to this loop any more. For a connection whose wake-up has come already nobody else was woken, a
        // successor who has the socket too neither: so it is taken now, or it would wait for the next one.
        share.close()
        // By a loop that has ended, nobody would be served.
        if share.loop.isCurrent { takeTheLast(listener, start) }
        // Only this loop has ended: then it is the others' turn.
        if server.state.withLock({ $0.phase == .serving }) { shares.look(insteadOf: share) }
    }

    private nonisolated(nonsending) func takeUntilStopped(_ start: (Accepted) -> Void) async throws(SocketError) {
        var backoff = AcceptBackoff()
        var client = SocketAddress()
        var taken = 0
        while true {
            let freed: UInt64
            switch server.state.withLock({ $0.takePlace(limit: server.limits.maxConnections) }) {
            case .stop: return
            case .full(let gate):
                // A cancelled task too: the shutdown that follows every cancellation opens it.
                await gate.waitUntilOpen()
                continue
            case .taken(let count): freed = count
            }
            let result = share.acceptor.acceptOnce(&client)
            if result >= 0 {
                backoff.succeeded()
                begin(result, client, start)
                taken += 1
                if taken % Self.inARow == 0 { await share.loop.giveWay() }
                continue
            }
            if server.state.withLock({ $0.giveBackPlace() }) { server.state.announce() }
            if result == -EAGAIN {
                guard await share.acceptor.waitForConnections() == .ready else { return }
                continue
            }
            switch backoff.failed(.init(result: result)) {
            case .goOn: break
            case .pause(let pause, let isNew):
                if isNew { server.report(error(result)) }
                await self.pause(pause, freed)
            case .end: throw error(result)
            }
        }
    }

    private func begin(_ descriptor: Int32, _ client: SocketAddress, _ start: (Accepted) -> Void) {
        let place = shares.placement(acceptedBy: share)
        place.enter()
        start(Accepted(descriptor: descriptor, client: client, share: place))
    }

    private func error(_ result: Int32) -> SocketError {
        SocketError(.accept, .init(result: result), local: server.address)
    }

    /// Takes what waits in the listener's queue when the server drains. When it is shut down, nobody would serve it.
    private func takeTheLast(_ listener: Listener, _ start: (Accepted) -> Void) {
        // The longest queue: whoever comes later was not meant.
        for _ in 0..<Int(SOMAXCONN) {
            let limit = server.limits.maxConnections
            guard case .taken = server.state.withLock({ $0.takePlace(limit: limit, isLast: true) }) else { return }
            do throws(SocketError) {
                let accepted = try listener.socket.accept()
                let client = accepted.address
                begin(accepted.socket.release(), client, start)
            } catch {
                if server.state.withLock({ $0.giveBackPlace() }) { server.state.announce() }
                return
            }
        }
    }

    // MARK: - Scarcity

    /// Waits for the time given, but not past a stop; nor, when it has waited long enough for the loops together not to try
    /// too often, past the end of a connection, which frees a descriptor.
    nonisolated(nonsending) func pause(_ pause: Duration, _ freed: UInt64) async {
        let atLeast = min(pause, AcceptBackoff.apart * shares.all.count)
        await wait(.after(atLeast), unlessAfter: nil)
        if pause > atLeast { await wait(.after(pause - atLeast), unlessAfter: freed) }
    }

    private nonisolated(nonsending) func wait(_ deadline: Deadline, unlessAfter freed: UInt64?) async {
        while !deadline.hasPassed, !Task.isCancelled,
            let gate = server.state.withLock({ $0.gateWhilePaused(unlessAfter: freed) })
        {
            await gate.wait(on: share.loop, until: deadline)
            server.state.withLock { $0.remove(gate) }
        }
    }
}
