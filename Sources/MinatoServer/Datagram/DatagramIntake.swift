internal import Glibc
internal import MinatoSocket

/// Takes datagrams on one loop until the server stops, in batches, and gives each to a handler.
struct DatagramIntake: ~Copyable {
    /// A datagram that was taken.
    struct Taken {
        let request: AsyncDatagramRequest
        /// What the server knows it by.
        let number: UInt64
    }

    /// What is taken at the end of taking, in batches: as much as a receive buffer holds.
    private static let lastBatches = 16

    private let server: DatagramServer
    private let shares: LoopShares
    private let share: LoopShare
    private let port: DatagramPort
    private let places: HandlerPlaces
    private var batch: DatagramBatch
    private var backoff = AcceptBackoff()

    init(
        _ server: DatagramServer, _ shares: LoopShares, _ share: LoopShare, _ port: DatagramPort,
        _ places: HandlerPlaces
    ) {
        self.server = server
        self.shares = shares
        self.share = share
        self.port = port
        self.places = places
        let control = server.control
        batch = DatagramBatch(
            size: server.limits.datagramSize, controlSize: control.isWildcard ? control.capacity : 0)
    }

    /// Gives every datagram to `start`, which has one of the places from then on.
    ///
    /// - Throws: an error of the socket that cannot pass.
    nonisolated(nonsending) mutating func run(_ start: (Taken) -> Void) async throws(SocketError) {
        try await takeUntilStopped(start)
        // No wake-up comes to this loop any more. For a datagram whose wake-up has come already nobody else was woken, a
        // successor who has the socket too neither: so it is taken now, or it would wait for the next one.
        share.close()
        for _ in 0..<Self.lastBatches {
            guard server.state.withLock({ $0.phase == .stopping && !$0.endsWork }), receive(start) > 0 else { break }
        }
        // Only this loop has ended: then it is the others' turn.
        if server.state.withLock({ $0.phase == .serving }) { shares.look(insteadOf: share) }
    }

    private nonisolated(nonsending) mutating func takeUntilStopped(
        _ start: (Taken) -> Void
    ) async throws(SocketError) {
        while true {
            let places = places
            if let gate = server.state.withLock({
                $0.phase == .serving && places.areTaken ? $0.gateForChange() : nil
            }) {
                // A cancelled task too: the shutdown that follows every cancellation opens it.
                await gate.waitUntilOpen()
                continue
            }
            guard server.state.withLock({ $0.phase == .serving }) else { return }
            let result = receive(start)
            if result > 0 {
                backoff.succeeded()
                // The handlers have their turn.
                await Task.yield()
            } else if result == -EAGAIN {
                guard await share.acceptor.waitForConnections() == .ready else { return }
            } else if result < 0 {
                try await judge(.init(result: result))
            }
        }
    }

    /// One batch, for which there are places: how many datagrams, or `-errno`.
    private mutating func receive(_ start: (Taken) -> Void) -> Int32 {
        let count = places.take(atMost: batch.capacity)
        guard count > 0 else { return 0 }
        let result = batch.receive(port.socket.descriptor, atMost: count)
        // Another loop may have found no place meanwhile.
        if places.giveBack(count - batch.count) { server.state.announce() }
        let taken = batch.count
        guard taken > 0 else { return result }
        // Before any handler begins: nothing that was taken is ever missed by a drain.
        let first: UInt64? = server.state.withLock { state in
            var first: UInt64?
            for _ in 0..<taken {
                guard let number = state.admit(.none) else { return nil }
                first = first ?? number
            }
            return first
        }
        guard let first else {
            places.giveBack(taken)
            return result
        }
        for place in 0..<taken { start(Taken(request: request(place), number: first + UInt64(place))) }
        return result
    }

    private func request(_ place: Int) -> AsyncDatagramRequest {
        let datagram = Datagram(
            bytes: unsafe [UInt8](batch.bytes(place)), sender: batch.sender(place), length: batch.length(place))
        let asked = server.control.isWildcard ? batch.packetInfo(place) : nil
        return AsyncDatagramRequest(
            datagram, localAddress: server.control.localAddress(asked), through: port, on: share.loop,
            from: asked.flatMap(DatagramControl.source))
    }

    /// After a failed receive: goes on, perhaps after a pause.
    private nonisolated(nonsending) mutating func judge(_ code: SocketError.Code) async throws(SocketError) {
        let error = SocketError(.receive, code, local: server.address)
        switch backoff.failed(code) {
        case .goOn: break
        case .pause(let pause, let isNew):
            if isNew { server.report(error) }
            let deadline = Deadline.after(pause)
            while !deadline.hasPassed, !Task.isCancelled,
                let gate = server.state.withLock({ $0.gateWhilePaused(unlessAfter: nil) })
            {
                await gate.wait(on: share.loop, until: deadline)
                server.state.withLock { $0.remove(gate) }
            }
        case .end: throw error
        }
    }
}
