import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

/// What comes to a loop while one of its responders holds it up.
@Suite("A loop that is held up", .watchdog)
struct BusyLoopTests {
    private static let single = LoopStage.of(.responder).filter { $0.loops == 1 }

    /// Echoes six bytes at a time; a single byte waits at the gate first, in the loop.
    private func serve(_ gate: Gate) -> LoopServing.Serve {
        { server, loops in
            try await server.serve(on: loops) { _ in
                ClosureResponder { input, output in
                    if input.count == 1 { gate.pass() }
                    guard input.count == 1 || input.count >= 6 else { return .goOn(consumed: 0) }
                    output.append(input)
                    return .goOn(consumed: input.count)
                }
            }
        }
    }

    /// Has a client of the server send while the loop is held up, and then waits for the echo.
    private func echo(_ server: StreamServer, _ stage: LoopStage, _ send: (borrowing Socket) throws -> Void) throws
        -> String
    {
        let gate = Gate()
        return try stage.serving(server, serve(gate)) {
            let (holder, client) = (try sharedClient(of: server), try sharedClient(of: server))
            try #expect(client.exchange("known!") == "known!")
            try holder.socket.sendAll("x")
            gate.wait(for: 1)
            try send(client.socket)
            gate.open()
            return String(decoding: try client.socket.receiveExactly(6), as: UTF8.self)
        }
    }

    @Test("What has come behind urgent data needs no other event", arguments: single)
    func urgent(stage: LoopStage) throws {
        let answer = try echo(tcpServer(), stage) { client in
            try client.sendAll("abc")
            _ = try client.send([33], flags: .outOfBand)
            try client.sendAll("def")
        }
        #expect(answer == "abcdef")
    }

    @Test("What has come behind a descriptor needs no other event", arguments: single)
    func descriptor(stage: LoopStage) throws {
        let directory = try TemporaryDirectory()
        let server = try UnixStreamServer(on: .unix(directory.file("s")))
        let answer = try echo(server, stage) { client in
            try client.sendMessage([Array("abc".utf8)], ancillary: [.descriptors([client.descriptor])])
            try client.sendAll("def")
        }
        #expect(answer == "abcdef")
    }

    @Test("A client who has spoken meanwhile is served, though its time is over", arguments: single)
    func spoken(stage: LoopStage) throws {
        var limits = ServerLimits()
        limits.firstByteTimeout = .milliseconds(200)
        let server = try tcpServer(limits: limits)
        let gate = Gate()
        try stage.serving(server, serve(gate)) {
            let holder = try sharedClient(of: server)
            try #expect(holder.exchange("known!") == "known!")
            let client = try sharedClient(of: server)
            while server.state.withLock({ $0.workCount }) < 2 { sched_yield() }
            try holder.socket.sendAll("x")
            gate.wait(for: 1)
            try client.socket.sendAll("spoken")
            usleep(400_000)  // for longer than its time: that is what the test is about
            gate.open()
            try #expect(client.socket.receiveExactly(6) == Array("spoken".utf8))
        }
    }

    @Test("One that ends while a server drains takes nobody, and serving ends", arguments: single)
    func ends(stage: LoopStage) async throws {
        let (server, gate) = (try tcpServer(), Gate())
        let serve = serve(gate)
        // The task that serves goes on on Swift's own threads, when its loop has ended: none of them may wait here.
        try await Background {
            let serving = try LoopServing(server, stage, serve)
            let holder = try sharedClient(of: server)
            try holder.socket.sendAll("x")
            gate.wait(for: 1)
            let waiting = try (0..<3).map { _ in try sharedClient(of: server) }
            let drain = try Background { server.drainBlocking(timeout: .seconds(1)) }
            server.waitUntilStopping()
            serving.loops.shutdown()
            gate.open()
            for client in waiting { _ = client.socket.drainToEnd() }
            try serving.join()
            _ = try drain.join()
        }.value
    }
}
