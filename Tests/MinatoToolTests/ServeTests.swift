import Glibc
import MinatoSocket
import TestSupport
import Testing

@Suite("minato serve", .watchdog)
struct ServeTests {
    @Test(
        "The page's Python client gets its words in upper case",
        arguments: [("tcp", PagePrograms.tcpClient), ("udp", PagePrograms.udpClient)])
    func page(_ transport: String, _ program: String) throws {
        let server = try RunningServer(transport)
        #expect(server.line == "listening on \(transport) 127.0.0.1:\(server.port)")
        let client = try ChildProcess.python(program, server.port, "hello", "from python")
        #expect(client.readToEnd() == "Sent:     hello from python\nReceived: HELLO FROM PYTHON\n")
        #expect(client.wait() == 0)
        #expect(server.terminate() == 0)
    }

    @Test("ncat gets its line in upper case, and its bytes back from echo until it ends")
    func ncat() throws {
        let upper = try RunningServer("tcp", "--handler", "upper")
        #expect(try ncat("127.0.0.1", upper.port, input: "  strip and shout \n") == "STRIP AND SHOUT")
        #expect(upper.terminate(SIGINT) == 0)

        let echo = try RunningServer("tcp", "--handler", "echo", "--host", "")
        #expect(echo.line == "listening on tcp 0.0.0.0:\(echo.port)")
        #expect(try ncat("127.0.0.1", echo.port, input: "one\ntwo\n") == "one\ntwo\n")
        #expect(echo.terminate() == 0)
    }

    private func ncat(_ arguments: String..., input: String) throws -> String {
        let client = try ChildProcess(["ncat"] + arguments)
        client.write(input)
        client.closeInput()
        return client.readToEnd()
    }

    @Test("Unix sockets, by path and by abstract name, streams and datagrams")
    func unix() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let stream = try RunningServer("unix", "--path", path, "--handler", "echo")
        #expect(stream.line == "listening on unix \(path)")
        #expect(try ncat("-U", path, input: "through a path") == "through a path")
        #expect(stream.terminate() == 0)
        #expect(unsafe access(path, F_OK) == -1, "the path is removed")

        let name = "minato-\(getpid())-serve"
        let datagram = try RunningServer("unixgram", "--path", "@\(name)")
        #expect(datagram.line == "listening on unixgram @\(name)")
        var socket = try Socket(.unix, .datagram)
        try socket.bind(to: .unixUnnamed)
        try socket.setTimeout(.seconds(20))
        try socket.send(Array(" shout ".utf8), to: SocketAddress(abstractName: name))
        #expect(try socket.receive(atMost: 100) == Array("SHOUT".utf8))
        #expect(datagram.terminate() == 0)
        let echo = try RunningServer("unixgram", "--path", "@\(name)", "--handler", "echo")
        try socket.send([1, 2], to: SocketAddress(abstractName: name))
        #expect(try socket.receive(atMost: 100) == [1, 2])
        #expect(echo.terminate() == 0)
    }

    @Test("A signal ends it cleanly while clients are connected")
    func signal() throws {
        let server = try RunningServer("tcp", "--handler", "echo")
        let port = server.port
        let clients = try (0..<2).map { _ in SharedSocket(try Socket.connect(to: .tcp("127.0.0.1", Int(port) ?? 0))) }
        for client in clients {
            // It is being served: it has got something back.
            try client.socket.sendAll([7])
            #expect(try client.socket.receive(atMost: 1) == [7])
        }
        #expect(server.terminate() == 0)
    }

    @Test("What cannot be served is said in one line")
    func errors() throws {
        let server = try RunningServer("tcp")
        let taken = try Tool.run("serve", "tcp", "--port", server.port)
        #expect(taken.status == 1)
        #expect(taken.errors == "minato: bind tcp 127.0.0.1:\(server.port): Address already in use (EADDRINUSE)\n")
        #expect(server.terminate() == 0)
        #expect(try Tool.run("serve", "tcp", "--port", "65536").status == 1)
        #expect(try Tool.run("serve", "unix").status == 64)
        #expect(try Tool.run("serve", "udp", "--path", "/x").status == 64)
        #expect(try Tool.run("serve", "sctp").status == 64)
    }
}
