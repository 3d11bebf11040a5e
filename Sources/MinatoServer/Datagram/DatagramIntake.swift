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

    private let server: DatagramServer
    private let share: LoopShare
    private let port: DatagramPort
    private let places: HandlerPlaces
    private var batch: DatagramBatch
    private var backoff = AcceptBackoff()

    init(_ server: DatagramServer, _ share: LoopShare, _ port: DatagramPort, _ places: HandlerPlaces) {
        self.server = server
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
        while true {
            let places = places
            if let gate = server.state.withLock({
                $0.phase == .serving && places.areTaken ? $0.gateForChange() : nil
            }) {
                await gate.wait()
                if Task.isCancelled { return }
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
        let result = share.acceptor.withDescriptor { batch.receive($0, atMost: count) } ?? -EAGAIN
        let unused = places.giveBack(count - batch.count)
        // Another loop may have found no place meanwhile.
        if unused { server.state.announce() }
        guard batch.count > 0 else { return result }
        let taken = batch.count
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
            let gate = server.state.withLock { $0.gateForChange() }
            await gate.wait(on: share.loop, until: .after(pause))
        case .end: throw error
        }
    }
}
