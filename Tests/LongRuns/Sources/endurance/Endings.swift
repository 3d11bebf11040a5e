internal import Dispatch
internal import Glibc
internal import MinatoServer
internal import MinatoSocket
internal import Synchronization

/// The servers of scripts/storm: each is ended while clients storm in, and the next one listens at the same address.
final class Endings {
    /// How a server is ended. The blocking face cannot be cancelled.
    private enum Way: CaseIterable { case thread, twice, cancelled, handler, atTheBeginning, before }

    private let face: Face
    private let loops: EventLoopGroup
    private let port: Int
    private var ended = 0
    /// Those that did not return in time, or with another error than they should have.
    private var hanging = 0
    private var odd = 0
    /// Handlers and responders that were there although their server had returned.
    private var left = 0
    private var slowest = Duration.zero

    static func serve(_ face: String) throws {
        guard let face = Face(rawValue: face) else { exit(64) }
        let endings = try Endings(face)
        Console.say("port=\(endings.port)")
        Console.obey { line in
            do {
                for number in 0..<(Int(line) ?? 0) { try endings.endOne(number) }
            } catch {
                Hosts.fail(error)
            }
            return endings.status
        }
    }

    private init(_ face: Face) throws {
        self.face = face
        loops = try EventLoopGroup(loops: 2)
        port = try TCPServer(on: .tcp("127.0.0.1", 0)).address.port ?? 0
    }

    private var status: String {
        Console.status([
            ("tasks", left), ("ended", ended), ("hanging", hanging), ("odd", odd),
            ("slowest", Int(slowest / .microseconds(1))),
        ])
    }

    private func endOne(_ number: Int) throws {
        var way = Way.allCases[number % Way.allCases.count]
        if way == .cancelled, face == .blocking { way = .thread }
        let server = try TCPServer(on: .tcp("127.0.0.1", port))
        if way == .before { server.shutdown() }
        let serving = Serving(server, face, loops)
        if way != .before, way != .atTheBeginning { serving.wait(for: Int.random(in: 20..<100)) }

        let begin = ContinuousClock.now
        switch way {
        case .thread, .atTheBeginning: server.shutdown()
        case .twice:
            Hosts.serveBlocking { server.shutdown() }
            server.shutdown()
        case .cancelled: serving.task?.cancel()
        case .handler: serving.isToEnd.store(true, ordering: .releasing)
        case .before: break
        }
        let outcome = serving.outcome()
        slowest = max(slowest, begin.duration(to: .now))
        if face == .responder { serving.waitUntilLetGo() }
        left += serving.tally.inFlight
        server.shutdown()

        ended += 1
        guard let outcome else {
            hanging += 1
            return
        }
        switch (way, outcome) {
        case (.thread, .returned), (.twice, .returned), (.handler, .returned), (.atTheBeginning, .returned): break
        case (.cancelled, .threw(.cancelled)), (.before, .threw(.closed)), (.atTheBeginning, .threw(.closed)): break
        default: odd += 1
        }
    }
}

/// A server that serves, until it is ended.
private final class Serving: Sendable {
    enum Outcome {
        case returned
        case threw(SocketError.Code?)
    }

    let tally = Tally()
    /// Has the next client's handler end the server.
    let isToEnd = Atomic(false)
    private let found = Mutex<Outcome?>(nil)
    private let hasEnded = DispatchSemaphore(value: 0)
    private let made = Mutex<Task<Void, Never>?>(nil)

    var task: Task<Void, Never>? { made.withLock { $0 } }

    init(_ server: TCPServer, _ face: Face, _ loops: EventLoopGroup) {
        if face == .blocking {
            Hosts.serveBlocking {
                do throws(SocketError) {
                    try server.serveBlocking { connection, _ in try self.serve(connection, of: server) }
                    self.end(.returned)
                } catch {
                    self.end(.threw(error.code))
                }
            }
            return
        }
        guard let loop = try? loops.next() else { return }
        let task = Task(executorPreference: loop) {
            do {
                if face == .async {
                    try await server.serve(on: loops) { try await self.serve($0, of: server) }
                } else {
                    try await server.serve(
                        on: loops,
                        responder: { _ in Ending(serving: self, server: server, ticket: Ticket(self.tally)) })
                }
                self.end(.returned)
            } catch {
                self.end(.threw((error as? SocketError)?.code))
            }
        }
        made.withLock { $0 = task }
    }

    private func end(_ outcome: Outcome) {
        found.withLock { $0 = outcome }
        hasEnded.signal()
    }

    /// Waits until so many were there, ten seconds at most: then the load has ended, which its own count tells.
    ///
    /// It looks again and again, so that those that it counts, which are under test, have nobody to wake up.
    func wait(for count: Int) {
        for _ in 0..<50_000 where tally.served < count { usleep(200) }
    }

    /// Waits for the end, ten seconds at most: nil when it does not come.
    func outcome() -> Outcome? {
        hasEnded.wait(timeout: .now() + 10) == .success ? found.withLock { $0 } : nil
    }

    /// A responder is let go of a moment after its connection was closed, which nothing announces: a second at most.
    func waitUntilLetGo() {
        for _ in 0..<10_000 where tally.inFlight > 0 { usleep(100) }
    }

    func endIfToldTo(_ server: TCPServer) {
        if isToEnd.load(ordering: .acquiring) { server.shutdown() }
    }

    private func serve(_ connection: Connection, of server: TCPServer) async throws {
        _ = tally.begin()
        defer { tally.end() }
        while case let bytes = try await connection.read(atMost: 100), !bytes.isEmpty {
            try await connection.write(bytes)
            endIfToldTo(server)
        }
    }

    private func serve(_ connection: borrowing Socket, of server: TCPServer) throws {
        _ = tally.begin()
        defer { tally.end() }
        while case let bytes = try connection.receive(atMost: 100), !bytes.isEmpty {
            try connection.sendAll(bytes)
            endIfToldTo(server)
        }
    }
}

/// The echo protocol, and the end of its server.
private struct Ending: StreamResponder {
    let serving: Serving
    let server: TCPServer
    let ticket: Ticket

    mutating func respond(to input: Span<UInt8>, output: inout ResponderOutput) -> ResponderVerdict {
        output.append(input)
        serving.endIfToldTo(server)
        return .goOn(consumed: input.count)
    }
}
