import Glibc
import MinatoServer
import MinatoSocket
import TestSupport
import Testing

// How soon each one returns is measured by `scripts/bench --cases cancellations`, on a machine with nothing else to do.
@Suite("Cancelling whatever waits", .watchdog)
struct CancellationStormTests {
    @Test("10,000 random cancellations: each ends what it cancels, and no descriptor, task or loop is left")
    func epoll() async {
        // In a process of its own: what others have open there cannot be told from what is left.
        await #expect(processExitsWith: .success) { try await Self.cancel(10_000, on: .epoll) }
    }

    @Test("The same without edges")
    func poll() async {
        await #expect(processExitsWith: .success) { try await Self.cancel(10_000, on: .poll) }
    }

    private static func cancel(_ count: Int, on backend: EventLoop.Backend) async throws {
        // Those live as long as the process. Dispatch opens descriptors of its own when it is first used for a clock, or finds
        // its threads busy for long; what loops open goes with their cores.
        let patient = try EventLoopGroup.shared.all()[0]
        let before = LeakCheck.socketsOnly()
        weak var core: LoopCore?
        do {
            let loops = try EventLoopGroup(loops: 2, backend: backend)
            core = try loops.next().core
            let workers = 8
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<workers { group.addTask { try await work(count / workers, loops) } }
                try await group.waitForAll()
            }
            loops.shutdown()
        }
        // A task that was left would hold what it waits for, and that its loop. Nothing announces that an object has gone.
        let patience = Deadline.after(.seconds(30))
        while core != nil || LeakCheck.socketsOnly() != before, !patience.hasPassed {
            try await patient.sleep(for: .milliseconds(1))
        }
        #expect(core == nil)
        #expect(LeakCheck.socketsOnly() == before)
    }

    private static func work(_ count: Int, _ loops: EventLoopGroup) async throws {
        let stage = try await CancellationStage(loops)
        for number in 0..<count {
            let (name, wait) = CancellationStage.waits[number % CancellationStage.waits.count]
            let loop = Bool.random() ? stage.loop : nil
            let task = Task(executorPreference: loop) { () async -> SocketError.Code? in
                do {
                    try await wait(stage)
                    return nil
                } catch {
                    return (error as? SocketError)?.code
                }
            }
            // Before it begins, while it begins, and when it has waited for a while.
            for _ in 0..<Int.random(in: 0..<20) { await Task.yield() }
            if Int.random(in: 0..<4) == 0 { try await stage.loop.sleep(for: .microseconds(Int.random(in: 0..<500))) }
            task.cancel()
            let code = await task.value
            #expect(code == .cancelled, "\(name)")
        }
        stage.close()
    }
}

/// What waits, and the other ends of it, which do nothing.
private final class CancellationStage: Sendable {
    typealias Wait = @Sendable (CancellationStage) async throws -> Void

    /// Everything that waits, in a way in which it does not come to an end by itself.
    static let waits: [(name: String, wait: Wait)] = [
        ("read", { _ = try await $0.idle.read(atMost: 1) }),
        ("read with a time limit", { _ = try await $0.idle.read(exactly: 5, timeout: .seconds(1000)) }),
        ("line", { _ = try await $0.idle.readLine() }),
        ("chunks", { for try await _ in $0.idle.chunks {} }),
        ("message", { _ = try await $0.idle.receiveMessage(ancillaryCapacity: 100) }),
        ("write", { while true { try await $0.stuck.write($0.much) } }),
        ("pieces", { while true { try await $0.stuck.write(pieces: [$0.much, $0.much], timeout: .seconds(1000)) } }),
        ("both directions", { try await $0.bothDirections() }),
        ("sleep", { try await $0.loop.sleep(for: .seconds(1000)) }),
        ("accept", { _ = try await $0.listener.accept() }),
        ("connections", { for try await _ in $0.listener.connections {} }),
        ("datagram", { _ = try await $0.datagrams.receive(atMost: 1) }),
        ("connect", { _ = try await Connection.connect(to: $0.crowdedEndpoint, loop: $0.loop) }),
        ("scope", { try await $0.scope() }),
        ("serve", { try await $0.server().serve(on: $0.loops, echoInTask) }),
        ("serve at the limit", { try await $0.serveAtTheLimit() }),
        ("serve with a responder", { try await $0.server().serve(on: $0.loops, responder: { _ in EchoResponder() }) }),
    ]

    let loops: EventLoopGroup
    let loop: EventLoop
    let much = [UInt8](repeating: 7, count: 1 << 20)
    private let idlePeer: SharedSocket
    private let stuckPeer: SharedSocket
    private let silent: SharedSocket
    private let crowded: SharedSocket
    private let crowd: SharedSocket
    let idle: Connection
    let stuck: Connection
    let listener: MinatoSocket.Listener
    let datagrams: DatagramSocket
    let crowdedEndpoint: Endpoint

    init(_ loops: EventLoopGroup) async throws {
        self.loops = loops
        loop = try loops.next()
        let idlePair = try Socket.pair()
        idlePeer = SharedSocket(idlePair.second)
        idle = try Connection(adopting: idlePair.first, on: loop)
        let stuckPair = try Socket.pair()
        stuckPeer = SharedSocket(stuckPair.second)
        stuck = try Connection(adopting: stuckPair.first, on: loop)
        listener = try await MinatoSocket.Listener(on: .tcp("127.0.0.1", 0), loop: loop)
        datagrams = try await DatagramSocket(boundTo: .udp("127.0.0.1", 0), loop: loop)
        silent = SharedSocket(try Socket.listen(on: .tcp("127.0.0.1", 0)))
        // One more than its backlog, and it is full.
        crowded = SharedSocket(try Socket.listen(on: .address(.unixUnnamed), backlog: 0))
        crowdedEndpoint = .address(try crowded.socket.localAddress)
        crowd = SharedSocket(try Socket.connect(to: crowdedEndpoint))
    }

    func close() {
        idle.close()
        stuck.close()
        listener.close()
        datagrams.close()
    }

    private func bothDirections() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await self.idle.read(atMost: 1) }
            group.addTask { while true { try await self.stuck.write(self.much) } }
            while (try await group.next()) != nil {}
        }
    }

    private func scope() async throws {
        try await withConnection(to: .address(silent.socket.localAddress), loop: loop) { connection in
            _ = try await connection.read(atMost: 1)
        }
    }

    private func server(_ limits: ServerLimits = ServerLimits()) throws -> TCPServer { try tcpServer(limits: limits) }

    /// One is served, and one waits for it to end.
    private func serveAtTheLimit() async throws {
        var limits = ServerLimits()
        limits.maxConnections = 1
        let server = try server(limits)
        let clients = try (0..<2).map { _ in SharedSocket(try client(of: server)) }
        try await server.serve(on: loops, echoInTask)
        withExtendedLifetime(clients) {}
    }
}
