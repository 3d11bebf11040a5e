import Minato
import TestSupport
import Testing

/// The code of the article "Event loop", and what it says. It is run.
@Suite("Event loop: the article", .watchdog)
struct EventLoopSnippets {
    @Test("A task that prefers a loop makes its connections there")
    func preference() async throws {
        try await withEcho { endpoint in
            let loop = try EventLoopGroup.shared.next()
            let isOnLoop = try await withTaskExecutorPreference(loop) {
                try await withConnection(to: endpoint) { connection in
                    try await connection.write("hello\n")
                    return loop.isCurrent && connection.eventLoop === loop
                }
            }
            #expect(isOnLoop)
        }
    }

    private actor Plain {
        func isOn(_ loop: EventLoop) -> Bool { loop.isCurrent }
    }

    private static func isOn(_ loop: EventLoop) async -> Bool { loop.isCurrent }

    @concurrent
    private static func isOnConcurrently(_ loop: EventLoop) async -> Bool { loop.isCurrent }

    @Test("Which tasks stay on the loop, and which leave it")
    func places() async throws {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        await withTaskExecutorPreference(loop) {
            #expect(loop.isCurrent)
            #expect(await Self.isOn(loop))
            #expect(await Self.isOnConcurrently(loop))
            async let bound = loop.isCurrent
            #expect(await bound)
            let child = await withTaskGroup { group in
                group.addTask { loop.isCurrent }
                return await group.next()
            }
            #expect(child == true)
            #expect(await Plain().isOn(loop))
            let main = await MainActor.run { loop.isCurrent }
            #expect(!main)
            #expect(loop.isCurrent)
            let task = await Task { loop.isCurrent }.value
            #expect(!task)
            let detached = await Task.detached { loop.isCurrent }.value
            #expect(!detached)
            #expect(loop.isCurrent)
        }
    }

    @Test("What takes long is done elsewhere")
    func elsewhere() async throws {
        let server = try TCPServer(on: .tcp("127.0.0.1", 0))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.serve { connection in
                    while let line = try await connection.readLine(limit: 1024) {
                        let answer = await offload { slowAnswer(to: line) }
                        try await connection.write(answer)
                    }
                }
            }
            defer { server.shutdown() }
            try await withConnection(to: .address(server.address)) { connection in
                try await connection.write("hello\n")
                #expect(try await connection.readLine() == Array("HELLO\n".utf8))
            }
        }
        #expect(slowPlaces.withLock { $0 } == [false])
    }

    @Test("Computing in slices leaves the loop to others between them")
    func slices() async throws {
        let loops = try EventLoopGroup(loops: 1)
        defer { loops.shutdown() }
        let loop = try loops.next()
        let pair = try Socket.pair()
        let connection = try Connection(adopting: pair.first, on: loop)
        let peer = try Connection(adopting: pair.second)
        let parts = 0..<Int.max
        let computing = Task(executorPreference: loop) {
            for part in parts {
                compute(part)
                try await connection.eventLoop.sleep(for: .zero)
            }
        }
        while computedParts.withLock({ $0 == 0 }) { await Task.yield() }
        for _ in 0..<10 {
            try await peer.write("x")
            let reading = Task(executorPreference: loop) { try await connection.read(atMost: 1) }
            #expect(try await reading.value == [0x78])
        }
        computing.cancel()
        await #expect(throws: SocketError.self) { try await computing.value }
        connection.close()
        peer.close()
    }

    private func connect(
        to endpoint: Endpoint, on loop: EventLoop, pauses: [Duration]
    ) async throws(SocketError) -> Connection {
        for pause in pauses {
            do {
                return try await Connection.connect(to: endpoint, timeout: .seconds(5), loop: loop)
            } catch {
                guard error.code == .connectionRefused else { throw error }
            }
            try await loop.sleep(for: pause)
        }
        return try await Connection.connect(to: endpoint, timeout: .seconds(5), loop: loop)
    }

    @Test("Trying again after a pause")
    func pauses() async throws {
        let loop = try EventLoopGroup.shared.next()
        // Bound, so that nobody else listens there, and not listening.
        let bound = try Socket(.ipv4, .stream)
        try bound.bind(to: .tcp("127.0.0.1", 0))
        let nobody = Endpoint.address(try bound.localAddress)
        let start = ContinuousClock.now
        let pauses: [Duration] = [.milliseconds(1), .milliseconds(4)]
        await #expect(throws: SocketError.self) { try await connect(to: nobody, on: loop, pauses: pauses) }
        #expect(start.duration(to: .now) >= .milliseconds(5))
        try await withEcho { endpoint in
            try await connect(to: endpoint, on: loop, pauses: pauses).close()
        }
    }

    @Test("A server on loops of its own")
    func ownLoops() async throws {
        let server = try TCPServer(on: .tcp("127.0.0.1", 0))
        let serving = Task {
            let loops = try EventLoopGroup(loops: 1)
            defer { loops.shutdown() }
            try await server.serve(on: loops) { connection in
                for try await chunk in connection.chunks { try await connection.write(chunk) }
            }
        }
        try await withConnection(to: .address(server.address)) { connection in
            try await connection.write("hello\n")
            #expect(try await connection.readLine() == Array("hello\n".utf8))
        }
        server.shutdown()
        try await serving.value
    }

    @Test("When a loop has ended, its connections say so, and its tasks go on")
    func ended() async throws {
        let loops = try EventLoopGroup(loops: 1)
        let loop = try loops.next()
        let pair = try Socket.pair()
        let connection = try Connection(adopting: pair.first, on: loop)
        let task = Task(executorPreference: loop) {
            await code { _ = try await connection.read(atMost: 1) }
        }
        loops.shutdown()
        #expect(await task.value == .closed)
        #expect(await code { try await loop.sleep(for: .seconds(1)) } == .closed)
        #expect(await Task(executorPreference: loop) { !loop.isCurrent }.value)
        #expect(throws: SocketError.self) { try loops.next() }
    }
}

/// Where answers were made: whether on a loop.
private let slowPlaces = Guarded<[Bool]>([])

private func slowAnswer(to line: [UInt8]) -> [UInt8] {
    let isOnLoop = (try? EventLoopGroup.shared.all())?.contains { $0.isCurrent } ?? true
    slowPlaces.withLock { $0.append(isOnLoop) }
    return uppercased(line)
}

/// How many parts were computed.
private let computedParts = Guarded(0)

private func compute(_ part: Int) { computedParts.withLock { $0 += 1 } }

/// Runs a body beside a server.
func withServer(
    limits: ServerLimits = ServerLimits(), _ handle: @escaping @Sendable (Connection) async throws -> Void,
    _ body: (Endpoint) async throws -> Void
) async throws {
    let server = try TCPServer(on: .tcp("127.0.0.1", 0), limits: limits)
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.serve(handle) }
        defer { server.shutdown() }
        try await body(.address(server.address))
    }
}

/// Runs a body beside a server that sends everything back.
func withEcho(_ body: (Endpoint) async throws -> Void) async throws {
    try await withServer { connection in
        for try await chunk in connection.chunks { try await connection.write(chunk) }
    } _: { endpoint in
        try await body(endpoint)
    }
}

/// The code of the error that a body throws, nil when it throws none.
func code(_ body: () async throws -> Void) async -> SocketError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? SocketError)?.code
    }
}
