import Glibc
import TestSupport
import Testing

@testable import MinatoSocket

/// A connection, the loop that it belongs to, and a blocking socket at its other end.
final class Stage: Sendable {
    let loop: EventLoop
    let connection: Connection
    let peer: SharedSocket
    let place: Setup.Place

    init(_ loop: EventLoop, _ connection: Connection, _ peer: SharedSocket, _ place: Setup.Place) {
        self.loop = loop
        self.connection = connection
        self.peer = peer
        self.place = place
    }

    /// Starts a task where the setup says.
    func start<Value: Sendable>(
        _ body: @escaping @Sendable (Connection) async throws -> Value
    ) -> Task<Value, any Error> {
        let connection = connection
        switch place {
        case .own:
            return Task(executorPreference: loop) {
                try await withTaskCancellationHandler {
                    connection.channel.adoptCurrentTask()
                    defer { connection.channel.disownTask() }
                    return try await body(connection)
                } onCancel: {
                    connection.channel.cancelOwn()
                }
            }
        case .loop: return Task(executorPreference: loop) { try await body(connection) }
        case .pool: return Task { try await body(connection) }
        case .main: return Task { @MainActor in try await body(connection) }
        }
    }

    /// Lets other tasks run until an operation of the connection waits for readiness.
    func untilWaiting(_ direction: ChannelState.Direction) async {
        await until { self.connection.channel.current.isWaiting(direction) }
    }
}

/// What a test of connections is run with.
struct Setup: Sendable, CustomTestStringConvertible {
    enum Transport: CaseIterable { case tcp, unix }

    /// Where the operations are called.
    enum Place: CaseIterable {
        /// On the loop, by the connection's own task: as in servers.
        case own
        /// On the loop, by another task.
        case loop
        /// On Swift's global pool.
        case pool
        case main
    }

    var backend = EventLoop.Backend.standard
    var transport = Transport.tcp
    var place = Place.own

    static let backends: [EventLoop.Backend] = [.epoll, .poll]

    static let all = backends.flatMap { backend in
        Transport.allCases.flatMap { transport in
            Place.allCases.map { Setup(backend: backend, transport: transport, place: $0) }
        }
    }

    /// Those of one transport, for tests that are not about the transport.
    static let tcp = all.filter { $0.transport == .tcp }

    /// Some of them, for tests that take long.
    static let few = all.filter {
        $0.place == .own || $0.place == .pool && ($0.backend == .epoll) == ($0.transport == .tcp)
    }

    var testDescription: String { "\(backend) \(transport) \(place)" }

    /// Runs a body with a stage of its own, and closes everything.
    func run(_ body: (Stage) async throws -> Void) async throws {
        let loop = try EventLoop(backend: backend)
        defer { loop.shutdown() }
        var ends = try pair()
        try ends.second.setTimeout(.seconds(30))
        let connection = try Connection(adopting: ends.first, on: loop)
        defer { connection.close() }
        try await body(Stage(loop, connection, SharedSocket(ends.second), place))
    }

    func pair() throws(SocketError) -> SocketPair {
        switch transport {
        case .unix: return try Socket.pair()
        case .tcp:
            let listener = try Socket.listen(on: .tcp("127.0.0.1", 0))
            let client = try Socket.connect(to: .address(listener.localAddress))
            let accepted = try listener.accept()
            try accepted.socket.setOption(.noDelay, true)
            return SocketPair(first: client, second: accepted.socket)
        }
    }
}

/// Lets other tasks run until something holds that nothing announces. How often it looks changes no result; the watchdog ends
/// what never comes.
func until(_ condition: () -> Bool) async {
    for _ in 0..<20 where !condition() { await Task.yield() }
    while !condition() { try? await Task.sleep(for: .microseconds(100)) }
}

/// Whether a task of a loop ends behind one that begins in the same turn, right after it, and has nothing to do.
func givesWay(on loop: EventLoop, _ body: @escaping @Sendable () async throws -> Void) async throws -> Bool {
    let order = Guarded<[String]>([])
    let (much, little) = await Task(executorPreference: loop) {
        (
            Task(executorPreference: loop) {
                try await body()
                order.withLock { $0.append("much") }
            },
            Task(executorPreference: loop) { order.withLock { $0.append("little") } }
        )
    }.value
    try await much.value
    await little.value
    return order.withLock { $0 } == ["little", "much"]
}

/// The code of the error that a body throws, nil when it throws none.
func code(
    isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Void
) async -> SocketError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? SocketError)?.code
    }
}

func text(_ bytes: [UInt8]?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

/// 4 MiB, more than sockets take that nobody reads from.
let muchContent = pattern(1 << 22)
