internal import MinatoSocket

/// 10,000 cancellations, at random moments, of everything that waits.
struct Cancellations {
    private static let count = 10_000
    private static let workers = 4

    /// What is cancelled. None of it comes to an end by itself.
    private enum Wait: CaseIterable { case read, line, write, sleep, accept, receive, connect }

    /// The longest time from a cancellation to the end of the operation, in nanoseconds.
    func slowest() async throws -> Int64 {
        try await withThrowingTaskGroup(of: Int64.self) { group in
            for _ in 0..<Self.workers { group.addTask { try await Self.work(Self.count / Self.workers) } }
            return try await group.reduce(0, max)
        }
    }

    private static func work(_ count: Int) async throws -> Int64 {
        let loop = try EventLoop()
        let idle = try Socket.pair()
        let connection = try Connection(adopting: idle.first, on: loop)
        let full = try Socket.pair()
        let stuck = try Connection(adopting: full.first, on: loop)
        // One write of this is more than a Unix socket takes that nobody reads from.
        let much = [UInt8](repeating: 0, count: 4 << 20)
        let listener = try await Listener(on: .tcp("127.0.0.1", 0), loop: loop)
        let datagrams = try await DatagramSocket(boundTo: .udp("127.0.0.1", 0), loop: loop)
        // Its backlog is full after one.
        let crowded = try Socket.listen(on: .address(.unixUnnamed), backlog: 0)
        let crowd = try Socket.connect(to: .address(crowded.localAddress))
        let target = Endpoint.address(try crowded.localAddress)

        var slowest: Int64 = 0
        for number in 0..<count {
            let wait = Wait.allCases[number % Wait.allCases.count]
            let task = Task(executorPreference: Bool.random() ? loop : nil) { () async -> SocketError.Code? in
                do throws(SocketError) {
                    switch wait {
                    case .read: _ = try await connection.read(atMost: 1)
                    case .line: _ = try await connection.readLine(timeout: .seconds(1000))
                    case .write: while true { try await stuck.write(much) }
                    case .sleep: try await loop.sleep(for: .seconds(1000))
                    case .accept: _ = try await listener.accept()
                    case .receive: _ = try await datagrams.receive(atMost: 1)
                    case .connect: _ = try await Connection.connect(to: target, loop: loop)
                    }
                    return nil
                } catch {
                    return error.code
                }
            }
            if Bool.random() { try? await Task.sleep(for: .microseconds(Int.random(in: 0..<300))) }
            let begin = now()
            task.cancel()
            let code = await task.value
            slowest = max(slowest, now() - begin)
            guard code == .cancelled else { throw Broken("\(wait) ended with \(code?.description ?? "success")") }
        }
        loop.shutdown()
        // Nobody may find its other end gone before.
        withExtendedLifetime((connection, stuck, listener, datagrams)) {}
        try idle.second.close()
        try full.second.close()
        try crowd.close()
        try crowded.close()
        return slowest
    }
}
