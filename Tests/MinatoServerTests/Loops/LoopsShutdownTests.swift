import Glibc
import MinatoServer
import MinatoSocket
import TestSupport
import Testing

@Suite("Ending servers on event loops", .watchdog)
struct LoopsShutdownTests {
    @Test(
        "Cancelling serve ends 500 live connections, joins every handler, and throws .cancelled",
        arguments: LoopStage.all)
    func cancelled(stage: LoopStage) throws {
        let errors = Journal<String>()
        var hooks = StreamServerHooks()
        hooks.onError = { error, _ in errors.write("\(error)") }
        let server = try tcpServer(hooks: hooks)
        let live = Guarded(0)
        let serve: LoopServing.Serve = { server, loops in
            guard stage.face == .async else { return try await stage.echo(server, loops) }
            try await server.serve(on: loops) { connection in
                live.withLock { $0 += 1 }
                defer { live.withLock { $0 -= 1 } }
                try await echoInTask(connection)
            }
        }
        let serving = try LoopServing(server, stage, serve)
        let clients = try (0..<500).map { _ in try sharedClient(of: server) }
        for client in clients { try #expect(client.exchange("x") == "x") }
        serving.cancel()
        #expect(serving.joinedCode() == .cancelled)
        #expect(live.withLock { $0 } == 0)
        for client in clients { #expect(client.socket.drainToEnd() == nil) }
        #expect(errors.entries == [])
        // At once, but for a child process that another test is starting, which has a copy of the socket for a moment.
        while !server.isRefusing {}
    }

    @Test("A task that was cancelled before serves nobody and throws .cancelled", arguments: LoopStage.epoll)
    func cancelledBefore(stage: LoopStage) throws {
        let server = try tcpServer()
        let early = try sharedClient(of: server)
        let serving = try LoopServing(server, stage) { server, loops in
            unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
            try await stage.echo(server, loops)
        }
        #expect(serving.joinedCode() == .cancelled)
        #expect(early.socket.drainToEnd() == .connectionReset)
    }

    @Test("Shut down before, twice, from a thread, and afterwards", arguments: LoopStage.epoll)
    func anyTime(stage: LoopStage) throws {
        let before = try tcpServer()
        before.shutdown()
        before.shutdown()
        #expect(try LoopServing(before, stage, stage.echo).joinedCode() == .closed)

        let server = try tcpServer()
        let serving = try LoopServing(server, stage, stage.echo)
        let client = try sharedClient(of: server)
        try #expect(client.exchange("x") == "x")
        let threads = try (0..<4).map { _ in try Background { server.shutdown() } }
        try serving.join()
        for thread in threads { try thread.join() }
        server.shutdown()
        #expect(client.socket.drainToEnd() == nil)
        #expect(try LoopServing(server, stage, stage.echo).joinedCode() == .closed)
    }

    @Test("Shut down from a handler or responder, whose answer still goes out", arguments: LoopStage.all)
    func fromHandler(stage: LoopStage) throws {
        let server = try tcpServer()
        let serve: LoopServing.Serve = { server, loops in
            switch stage.face {
            case .async:
                try await server.serve(on: loops) { connection in
                    let word = try await connection.read(atMost: 100)
                    try await connection.write(word)
                    if word == Array("end".utf8) { server.shutdown() }
                    _ = try await connection.read(atMost: 100)
                }
            case .responder:
                try await server.serve(
                    on: loops,
                    responder: { _ in
                        ClosureResponder { input, output in
                            output.append(input)
                            if input.count == 3 { server.shutdown() }
                            return .goOn(consumed: input.count)
                        }
                    })
            }
        }
        let serving = try LoopServing(server, stage, serve)
        let other = try sharedClient(of: server)
        try #expect(other.exchange("x") == "x")
        let ending = try sharedClient(of: server)
        try #expect(ending.exchange("end") == "end")
        try serving.join()
        #expect(ending.socket.drainToEnd() == nil)
        #expect(other.socket.drainToEnd() == nil)
    }

    @Test(
        "A shutdown cancels handlers that wait for something else than their client",
        arguments: LoopStage.of(.async))
    func sleeping(stage: LoopStage) throws {
        let server = try tcpServer()
        let asleep = Journal<Void>()
        let serving = try LoopServing(server, stage) { server, loops in
            try await server.serve(on: loops) { _ in
                asleep.write(())
                // Ended by the cancellation, or by the watchdog.
                try await Task.sleep(for: .seconds(3600))
            }
        }
        let clients = try (0..<5).map { _ in try sharedClient(of: server) }
        asleep.wait(for: 5)
        server.shutdown()
        try serving.join()
        for client in clients { #expect(client.socket.drainToEnd() == nil) }
    }

    @Test("A server that is let go of without having served closes its socket")
    func letGo() throws {
        let address: SocketAddress
        let early: SharedSocket
        do {
            let server = try tcpServer()
            address = server.address
            early = try sharedClient(of: server)
        }
        #expect(early.socket.drainToEnd() == .connectionReset)
        #expect(
            errorCode { () throws(SocketError) in _ = try Socket.connect(to: .address(address)) }
                == .connectionRefused)
    }

    @Test("A server serves once at a time, by whatever face", arguments: LoopStage.epoll)
    func twice(stage: LoopStage) throws {
        let server = try tcpServer()
        try stage.serving(server, stage.echo) {
            let client = try sharedClient(of: server)
            try #expect(client.exchange("x") == "x")
            #expect(errorCode { () throws(SocketError) in try server.serveBlocking(echo) } == .init(EALREADY))
            let again = try LoopServing(server, stage, stage.echo)
            #expect(again.joinedCode() == .init(EALREADY))
            try #expect(client.exchange("y") == "y")
            try #expect(sharedClient(of: server).exchange("z") == "z")
        }
        let other = try tcpServer()
        try serving(other) {
            try $0.serveBlocking(echo)
        } while: {
            try #expect(sharedClient(of: other).exchange("x") == "x")
            #expect(try LoopServing(other, stage, stage.echo).joinedCode() == .init(EALREADY))
        }
    }

    @Test("An error of the listening socket ends serving and closes the server", arguments: LoopStage.all)
    func fatal(stage: LoopStage) throws {
        let listener = try Socket.listen(on: .tcp("127.0.0.1", 0))
        let alias = try listener.duplicate()
        let server = try TCPServer(adopting: listener)
        let serving = try LoopServing(server, stage, stage.echo)
        let client = try sharedClient(of: server)
        try #expect(client.exchange("x") == "x")
        // It listens no more: accept4 says EINVAL.
        try alias.shutdown(.receiving)
        #expect(serving.joinedCode() == .invalidArgument)
        #expect(client.socket.drainToEnd() == nil)
        #expect(try LoopServing(server, stage, stage.echo).joinedCode() == .closed)
    }

    @Test(
        "A copy of the listening socket that blocks does not make the loops wait in accept4", arguments: LoopStage.all)
    func blockingCopy(stage: LoopStage) throws {
        let listener = try Socket.listen(on: .tcp("127.0.0.1", 0))
        // For a worker process, say.
        let copy = try listener.duplicate().detach()
        defer { close(copy) }
        let server = try TCPServer(adopting: listener)
        try stage.serving(server, stage.echo) { try #expect(sharedClient(of: server).exchange("x") == "x") }
    }

    @Test("When all loops have been shut down, serve throws .closed", arguments: LoopStage.all)
    func loopsEnded(stage: LoopStage) async throws {
        try await offload { try Self.endAllLoops(stage) }
    }

    // Not on Swift's own threads, where the tasks of a loop that has ended go on.
    private static func endAllLoops(_ stage: LoopStage) throws {
        let server = try tcpServer()
        let serving = try LoopServing(server, stage, stage.echo)
        let client = try sharedClient(of: server)
        try #expect(client.exchange("x") == "x")
        serving.loops.shutdown()
        #expect(serving.joinedCode() == .closed)
        #expect(client.socket.drainToEnd() == nil)
        let dead = try tcpServer()
        let loops = serving.loops
        #expect(
            try LoopServing(dead, stage) { server, _ in try await stage.echo(server, loops) }.joinedCode() == .closed)
    }

    @Test(
        "When one of two loops has been shut down, the other one serves all who come",
        arguments: LoopStage.Face.allCases)
    func oneLoopEnded(face: LoopStage.Face) async throws {
        try await offload { try Self.endOneLoop(face) }
    }

    private static func endOneLoop(_ face: LoopStage.Face) throws {
        let stage = LoopStage(face: face, loops: 2, backend: .epoll)
        let server = try tcpServer()
        let serving = try LoopServing(server, stage, stage.echo)
        try #expect(sharedClient(of: server).exchange("x") == "x")
        try serving.loops.all()[0].shutdown()
        // Those that it had are closed; one that comes at that very moment may be.
        // All stay, so that the loop that has ended always has the fewest.
        var clients: [SharedSocket] = []
        while clients.count < 50 {
            let client = try sharedClient(of: server)
            try client.socket.sendAll("y")
            clients = (try? client.socket.receiveExactly(1).count) == 1 ? clients + [client] : []
        }
        server.shutdown()
        try serving.join()
    }
}
