import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

@Suite("Many who connect at once, on event loops", .watchdog)
struct LoopsCrowdTests {
    @Test("Regression: the first of a crowd was answered after the last was accepted", arguments: LoopStage.all)
    func answersMeanwhile(stage: LoopStage) throws {
        let accepted = Guarded(0)
        let acceptedByFirstAnswer = Guarded<Int?>(nil)
        let answer: @Sendable () -> Void = {
            let count = accepted.withLock { $0 }
            acceptedByFirstAnswer.withLock { $0 = $0 ?? count }
        }
        var hooks = StreamServerHooks()
        hooks.verify = { _, _ in
            accepted.withLock { $0 += 1 }
            return true
        }
        let server = try tcpServer(hooks: hooks)
        // All wait already when serving begins, and have asked.
        let clients = try (0..<400).map { _ in try sharedClient(of: server) }
        for client in clients { try client.socket.sendAll("x") }
        let serve: LoopServing.Serve = { server, loops in
            switch stage.face {
            case .async:
                try await server.serve(on: loops) { connection in
                    let bytes = try await connection.read(atMost: 1)
                    answer()
                    try await connection.write(bytes)
                }
            case .responder:
                try await server.serve(
                    on: loops,
                    responder: { _ in
                        ClosureResponder { input, output in
                            answer()
                            output.append(input)
                            return .close
                        }
                    })
            }
        }
        try stage.serving(server, serve) {
            for client in clients { try #expect(client.socket.readToEnd() == "x") }
        }
        #expect(accepted.withLock { $0 } == 400)
        // 32 in a row on each loop, and some that are on their way from one to the other.
        let early = try #require(acceptedByFirstAnswer.withLock { $0 })
        #expect(early <= 64 * stage.loops)
    }
}
