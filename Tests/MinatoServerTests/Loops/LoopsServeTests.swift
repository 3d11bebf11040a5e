import Glibc
import MinatoServer
import MinatoSocket
import TestSupport
import Testing

@Suite("Serving on event loops", .watchdog)
struct LoopsServeTests {
    private static let pythonClient = """
        import socket, sys
        with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20) as s:
            for word in sys.argv[2:]:
                s.sendall(word.encode())
                print(s.recv(1024).decode())
            s.sendall(b"x" * 300000)
            s.shutdown(socket.SHUT_WR)
            count = 0
            while piece := s.recv(65536):
                count += len(piece)
            print(count)
        """

    @Test("A Python client is echoed, and all of what it sends before it half-closes", arguments: LoopStage.all)
    func python(stage: LoopStage) throws {
        let server = try tcpServer()
        try stage.serving(server, stage.echo) {
            let python = try ChildProcess.python(Self.pythonClient, "\(server.address.port ?? 0)", "one", "two")
            #expect(python.readToEnd() == "one\ntwo\n300000\n")
            #expect(python.wait() == 0)
        }
    }

    @Test("Blocking clients get back what they sent, byte for byte, while all of them talk", arguments: LoopStage.all)
    func sizes(stage: LoopStage) throws {
        let server = try tcpServer()
        try stage.serving(server, stage.echo) {
            let clients = try [1, 2, 100, 65_535, 65_536, 65_537, 131_072, 700_001].map { size in
                let connection = try sharedClient(of: server)
                let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
                let sending = try Background {
                    try connection.socket.sendAll(bytes)
                    try connection.socket.shutdown(.sending)
                }
                return try Background {
                    let got = try connection.socket.receiveExactly(size + 1)
                    try sending.join()
                    return got == bytes
                }
            }
            for client in clients { try #expect(client.join()) }
        }
    }

    @Test("4 MiB come back through the smallest send buffer, byte for byte", arguments: LoopStage.all)
    func smallBuffer(stage: LoopStage) throws {
        let listener = try Socket.listen(on: .tcp("127.0.0.1", 0))
        // Connections inherit it.
        try listener.setOption(.sendBufferSize, 1)
        let server = try TCPServer(adopting: listener)
        let bytes = pattern(4 << 20)
        try stage.serving(server, stage.echo) {
            let connection = try sharedClient(of: server)
            let sending = try Background {
                try connection.socket.sendAll(bytes)
                try connection.socket.shutdown(.sending)
            }
            let reply = try connection.socket.receiveExactly(bytes.count + 1)
            try sending.join()
            #expect(reply.count == bytes.count)
            #expect(isSame(reply, bytes))
        }
    }

    @Test("A Unix server echoes too, and removes its path", arguments: LoopStage.epoll)
    func unix(stage: LoopStage) throws {
        let directory = try TemporaryDirectory()
        let server = try UnixStreamServer(on: .unix(directory.file("s")))
        try stage.serving(server, stage.echo) {
            try #expect(sharedClient(of: server).exchange("hello") == "hello")
        }
        #expect(unsafe access(directory.file("s"), F_OK) != 0)
    }

    @Test("Requests that come byte by byte are answered one by one", arguments: LoopStage.all)
    func byteByByte(stage: LoopStage) throws {
        let server = try tcpServer()
        try stage.serving(server, stage.upper) {
            let connection = try sharedClient(of: server)
            try connection.socket.setOption(.noDelay, true)
            for line in ["a\n", "split at every byte\n", "\n", "end\n"] {
                for byte in line.utf8 { try connection.socket.sendAll([byte]) }
                try #expect(connection.socket.receiveExactly(line.utf8.count) == Array(line.uppercased().utf8))
            }
        }
    }

    @Test("Many requests in one packet are all answered, and a last one without its end", arguments: LoopStage.all)
    func pipelined(stage: LoopStage) throws {
        let server = try tcpServer()
        let text = (0..<5000).map { "request \($0)\n" }.joined()
        try stage.serving(server, stage.upper) {
            let connection = try sharedClient(of: server)
            let sending = try Background {
                try connection.socket.sendAll(text + "rest")
                try connection.socket.shutdown(.sending)
            }
            try #expect(connection.socket.readToEnd() == text.uppercased() + "REST\n")
            try sending.join()
        }
    }

    @Test(
        "A handler or responder that throws ends its own connection, and is reported with the client's address",
        arguments: LoopStage.all)
    func throwing(stage: LoopStage) throws {
        let errors = Journal<(String, SocketAddress?)>()
        var hooks = StreamServerHooks()
        hooks.onError = { errors.write(("\($0)", $1)) }
        let server = try tcpServer(hooks: hooks)
        let serve: LoopServing.Serve = { server, loops in
            switch stage.face {
            case .async:
                try await server.serve(on: loops) { connection in
                    while case let bytes = try await connection.read(atMost: 100), !bytes.isEmpty {
                        if bytes == Array("throw".utf8) { throw Failure("thrown") }
                        try await connection.write(bytes)
                    }
                }
            case .responder:
                try await server.serve(
                    on: loops,
                    responder: { _ in
                        ClosureResponder { input, output in
                            if input.count == 5 { throw Failure("thrown") }
                            output.append(input)
                            return .goOn(consumed: input.count)
                        }
                    })
            }
        }
        try stage.serving(server, serve) {
            let other = try sharedClient(of: server)
            try #expect(other.exchange("one") == "one")
            let bad = try sharedClient(of: server)
            try bad.socket.sendAll("throw")
            #expect(bad.socket.drainToEnd() == nil)
            try #expect(other.exchange("two") == "two")
            errors.wait(for: 1)
            #expect(errors.entries.map(\.0) == ["thrown"])
            try #expect(errors.entries.first?.1 == bad.socket.localAddress)
        }
        #expect(errors.entries.count == 1)
    }

    @Test("A client that is not wanted is closed unheard", arguments: LoopStage.all)
    func verify(stage: LoopStage) throws {
        let asked = Journal<SocketAddress>()
        var hooks = StreamServerHooks()
        hooks.verify = { connection, client in
            #expect(connection.descriptor >= 0)
            asked.write(client)
            return asked.entries.count > 1
        }
        let server = try tcpServer(hooks: hooks)
        try stage.serving(server, stage.echo) {
            let first = try sharedClient(of: server)
            #expect(first.socket.drainToEnd() == nil)
            let second = try sharedClient(of: server)
            try #expect(second.exchange("wanted") == "wanted")
            try #expect(asked.entries == [first.socket.localAddress, second.socket.localAddress])
        }
    }

    @Test("A handler gets the client's address when it wants it", arguments: LoopStage.epoll)
    func client(stage: LoopStage) throws {
        let server = try tcpServer()
        let serve: LoopServing.Serve = { server, loops in
            switch stage.face {
            case .async:
                try await server.serve(on: loops) { connection, client in
                    _ = try await connection.read(atMost: 100)
                    try await connection.write("\(client)")
                }
            case .responder:
                try await server.serve(
                    on: loops,
                    responder: { client in
                        ClosureResponder { _, output in
                            output.append("\(client)")
                            return .close
                        }
                    })
            }
        }
        try stage.serving(server, serve) {
            let connection = try sharedClient(of: server)
            try connection.socket.sendAll("?")
            try #expect(connection.socket.readToEnd() == "\(connection.socket.localAddress)")
        }
    }

    @Test("With two loops and 1,000 connections no loop serves fewer than 30 %", arguments: LoopStage.Face.allCases)
    func placement(face: LoopStage.Face) throws {
        let stage = LoopStage(face: face, loops: 2, backend: .epoll)
        let threads = Guarded<[UInt: Int]>([:])
        let note: @Sendable () -> Void = { threads.withLock { $0[UInt(pthread_self()), default: 0] += 1 } }
        let server = try tcpServer()
        let serve: LoopServing.Serve = { server, loops in
            switch face {
            case .async:
                try await server.serve(on: loops) { connection in
                    note()
                    try await echoInTask(connection)
                }
            case .responder:
                try await server.serve(
                    on: loops,
                    responder: { _ in
                        note()
                        return EchoResponder()
                    })
            }
        }
        try stage.serving(server, serve) {
            let clients = try (0..<1000).map { _ in try sharedClient(of: server) }
            for client in clients { try #expect(client.exchange("x") == "x") }
        }
        let counts = threads.withLock { Array($0.values) }
        #expect(counts.count == 2)
        #expect(counts.reduce(0, +) == 1000)
        #expect((counts.min() ?? 0) >= 300, "\(counts)")
    }

    @Test("Whoever is reset in the queue is passed over", arguments: LoopStage.all)
    func resetInQueue(stage: LoopStage) throws {
        let server = try tcpServer()
        for _ in 0..<10 {
            let early = try MinatoServerTests.client(of: server)
            try early.setOption(.linger, .upTo(seconds: 0))
            try early.close()
        }
        try stage.serving(server, stage.echo) {
            try #expect(sharedClient(of: server).exchange("next") == "next")
        }
    }

    @Test("An end of the stream directly behind a request is not missed", arguments: LoopStage.all)
    func endBehindData(stage: LoopStage) throws {
        let server = try tcpServer()
        try stage.serving(server, stage.echo) {
            for _ in 0..<50 {
                let connection = try sharedClient(of: server)
                try connection.socket.sendAll("hello")
                try connection.socket.shutdown(.sending)
                try #expect(connection.socket.readToEnd() == "hello")
            }
        }
    }

    @Test("A client that resets while it is written to ends its own connection only", arguments: LoopStage.all)
    func resetWhileWriting(stage: LoopStage) throws {
        let errors = Journal<SocketError.Code?>()
        var hooks = StreamServerHooks()
        hooks.onError = { error, _ in errors.write((error as? SocketError)?.code) }
        let server = try tcpServer(hooks: hooks)
        try stage.serving(server, stage.echo) {
            let other = try sharedClient(of: server)
            try #expect(other.exchange("one") == "one")
            let bytes = [UInt8](repeating: 1, count: 4_000_000)
            do {
                var gone = try MinatoServerTests.client(of: server)
                try gone.setTimeout(.milliseconds(300))
                // It asks for more than fits on the way, and reads nothing.
                _ = errorCode { () throws(SocketError) in try gone.sendAll(bytes) }
                try gone.setOption(.linger, .upTo(seconds: 0))
                try gone.close()
            }
            errors.wait(for: 1)
            try #expect(other.exchange("two") == "two")
        }
        #expect(errors.entries.allSatisfy { $0 == .connectionReset || $0 == .brokenPipe })
    }
}
