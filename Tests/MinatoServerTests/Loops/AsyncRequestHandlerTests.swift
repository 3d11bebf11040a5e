import MinatoServer
import MinatoSocket
import TestSupport
import Testing

@Suite("Handlers of connections on event loops", .watchdog)
struct AsyncRequestHandlerTests {
    private struct Handler: AsyncRequestHandler {
        let steps: Journal<String>
        let failing: String
        var word = ""

        mutating func setup(_ connection: Connection, from client: SocketAddress) async throws {
            try fail("setup")
            word = String(decoding: try await connection.read(atMost: 100), as: UTF8.self)
        }

        func handle(_ connection: Connection, from client: SocketAddress) async throws {
            try fail("handle")
            try await connection.write("\(word) \(client)")
        }

        func finish(_ connection: Connection, from client: SocketAddress) async throws { try fail("finish") }

        private func fail(_ step: String) throws {
            steps.write(step)
            if failing.contains(step) { throw Failure(step) }
        }
    }

    @Test(
        "The steps follow one another, and each error is reported",
        arguments: [
            ("", ["setup", "handle", "finish"]), ("setup", ["setup"]), ("handle", ["setup", "handle", "finish"]),
            ("handle finish", ["setup", "handle", "finish"]), ("make", []),
        ])
    func steps(failing: String, expected: [String]) throws {
        let stage = LoopStage(face: .async, loops: 1, backend: .epoll)
        let steps = Journal<String>()
        let errors = Journal<String>()
        var hooks = StreamServerHooks()
        hooks.onError = { error, client in
            #expect(client != nil)
            errors.write("\(error)")
        }
        let server = try tcpServer(hooks: hooks)
        try stage.serving(server) { server, loops in
            try await server.serve(
                on: loops,
                with: {
                    if failing == "make" { throw Failure("make") }
                    return Handler(steps: steps, failing: failing)
                })
        } while: {
            let client = try sharedClient(of: server)
            try client.socket.sendAll("hello")
            if failing.isEmpty {
                try #expect(client.socket.readToEnd() == "hello \(client.socket.localAddress)")
            } else {
                _ = client.socket.drainToEnd()
            }
        }
        #expect(steps.entries == expected)
        #expect(errors.entries == failing.split(separator: " ").map(String.init))
    }

    /// With the steps that every handler has.
    private struct Echo: AsyncRequestHandler {
        func handle(_ connection: Connection, from client: SocketAddress) async throws {
            try await echoInTask(connection)
        }
    }

    @Test("A handler need not prepare, nor clean up")
    func handleAlone() throws {
        let stage = LoopStage(face: .async, loops: 1, backend: .epoll)
        let server = try tcpServer()
        try stage.serving(server) { server, loops in
            try await server.serve(on: loops, with: Echo.init)
        } while: {
            try #expect(sharedClient(of: server).exchange("x") == "x")
        }
    }
}
