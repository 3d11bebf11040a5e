import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

@Suite("The PROXY protocol on event loops", .watchdog)
struct LoopsProxyTests {
    private static let header = "PROXY TCP4 192.0.2.1 192.0.2.2 1111 80\r\n"

    /// Answers whose connection it is, and what came.
    private func serve(_ stage: LoopStage) -> LoopServing.Serve {
        { server, loops in
            switch stage.face {
            case .async:
                try await server.serve(on: loops) { connection, client in
                    while case let bytes = try await connection.read(atMost: 1000), !bytes.isEmpty {
                        try await connection.write("\(client) \(String(decoding: bytes, as: UTF8.self))\n")
                    }
                }
            case .responder:
                try await server.serve(
                    on: loops,
                    responder: { client in
                        ClosureResponder { input, output in
                            output.append("\(client) ")
                            output.append(input)
                            output.append("\n")
                            return .goOn(consumed: input.count)
                        }
                    })
            }
        }
    }

    private func hooks(_ errors: Journal<(String, SocketAddress?)>) -> StreamServerHooks {
        var hooks = StreamServerHooks()
        hooks.proxyProtocol = .required
        hooks.onError = { errors.write(("\($0)", $1)) }
        hooks.onTimeout = { errors.write(("timeout", $0)) }
        return hooks
    }

    @Test("The header's source is the client, and what follows the header its bytes", arguments: LoopStage.all)
    func source(stage: LoopStage) throws {
        let errors = Journal<(String, SocketAddress?)>()
        let server = try tcpServer(hooks: hooks(errors))
        try stage.serving(server, serve(stage)) {
            let together = try sharedClient(of: server)
            try together.socket.sendAll(Self.header + "hello")
            try #expect(together.socket.receiveExactly(21) == Array("192.0.2.1:1111 hello\n".utf8))
            let apart = try sharedClient(of: server)
            try apart.socket.setOption(.noDelay, true)
            for byte in Self.header.utf8 { try apart.socket.sendAll([byte]) }
            #expect(apart.isSilent(for: 5))
            try apart.socket.sendAll("world")
            try #expect(apart.socket.receiveExactly(21) == Array("192.0.2.1:1111 world\n".utf8))
            let unknown = try sharedClient(of: server)
            try unknown.socket.sendAll("PROXY UNKNOWN\r\nx")
            let own = "\(try unknown.socket.localAddress) x\n"
            try #expect(unknown.socket.receiveExactly(own.utf8.count) == Array(own.utf8))
        }
        #expect(errors.entries.isEmpty)
    }

    @Test("Without a whole header there is no handler, and the balancer is reported", arguments: LoopStage.all)
    func bad(stage: LoopStage) throws {
        let errors = Journal<(String, SocketAddress?)>()
        let server = try tcpServer(hooks: hooks(errors))
        try stage.serving(server, serve(stage)) {
            for (index, text) in ["GET / HTTP/1.0\r\n", "PROXY TCP4 1", ""].enumerated() {
                let client = try sharedClient(of: server)
                try client.socket.sendAll(text)
                try client.socket.shutdown(.sending)
                _ = client.socket.drainToEnd()
                errors.wait(for: index + 1)
                try #expect(errors.entries.last?.1 == client.socket.localAddress)
            }
        }
        #expect(errors.entries.allSatisfy { $0.0.contains("PROXY") }, "\(errors.entries)")
    }

    @Test(
        "The time for the header is one, however many bytes come; then the client's own first byte has its time",
        arguments: LoopStage.all)
    func time(stage: LoopStage) throws {
        let errors = Journal<(String, SocketAddress?)>()
        var limits = ServerLimits()
        limits.firstByteTimeout = .milliseconds(150)
        let server = try tcpServer(limits: limits, hooks: hooks(errors))
        let clock = ContinuousClock()
        try stage.serving(server, serve(stage)) {
            // Before it connects: the server's time may begin as soon as the kernel has the connection.
            var begin = clock.now
            let slow = try sharedClient(of: server)
            var count = 0
            // Each byte comes in less than the limit, all of them do not.
            for byte in Self.header.utf8 {
                guard (try? slow.socket.sendAll([byte])) != nil, slow.isSilent(for: 30) else { break }
                count += 1
            }
            #expect(count < 20)
            #expect(clock.now - begin >= .milliseconds(150))
            errors.wait(for: 1)
            #expect(errors.entries.map(\.0) == ["timeout"])
            begin = clock.now
            let silent = try sharedClient(of: server)
            #expect(silent.isSilent(for: 60))
            try silent.socket.sendAll(Self.header)
            #expect(silent.isSilent(for: 100))
            #expect(silent.socket.drainToEnd() == nil)
            #expect(clock.now - begin >= .milliseconds(210))
            errors.wait(for: 2)
            #expect(errors.entries.last?.1?.description == "192.0.2.1:1111")
        }
    }

    @Test(
        "A client of whom only the balancer's header has come when the drain begins may still speak",
        arguments: LoopStage.of(.responder), [true, false])
    func drain(stage: LoopStage, speaks: Bool) throws {
        let errors = Journal<(String, SocketAddress?)>()
        let taken = Journal<Void>()
        var hooks = hooks(errors)
        hooks.verify = { _, _ in
            taken.write(())
            return true
        }
        let server = try tcpServer(hooks: hooks)
        server.drainGrace = speaks ? .seconds(20) : .milliseconds(100)
        let serving = try LoopServing(server, stage, serve(stage))
        let client = try sharedClient(of: server)
        try client.socket.sendAll(Self.header)
        taken.wait(for: 1)
        let drain = try Background { server.drainBlocking(timeout: .seconds(20)) }
        while !server.isRefusing {}
        if speaks { try client.socket.sendAll("late") }
        try #expect(client.socket.readToEnd() == (speaks ? "192.0.2.1:1111 late\n" : ""))
        try #expect(drain.join().ended == 0)
        try serving.join()
        // Of this client, not of those who look whether they are refused.
        #expect(!errors.entries.contains { $0.1?.description == "192.0.2.1:1111" })
    }

    @Test("The hook is asked about the header's source", arguments: LoopStage.all)
    func verify(stage: LoopStage) throws {
        var hooks = StreamServerHooks()
        hooks.proxyProtocol = .required
        hooks.verify = { connection, client in
            (try? connection.peerAddress) != client && client.description != "192.0.2.1:1111"
        }
        let server = try tcpServer(hooks: hooks)
        try stage.serving(server, serve(stage)) {
            let unwanted = try sharedClient(of: server)
            try unwanted.socket.sendAll(Self.header)
            #expect(unwanted.socket.drainToEnd() == nil)
            let wanted = try sharedClient(of: server)
            try wanted.socket.sendAll("PROXY TCP4 192.0.2.9 192.0.2.2 1 80\r\nx")
            try #expect(wanted.socket.receiveExactly(14) == Array("192.0.2.9:1 x\n".utf8))
        }
    }
}
