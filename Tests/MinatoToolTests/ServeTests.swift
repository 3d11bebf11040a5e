import Glibc
import MinatoSocket
import TestSupport
import Testing

@Suite("minato serve", .watchdog)
struct ServeTests {
    @Test(
        "The page's Python client gets its words in upper case, whatever the face",
        arguments: [("tcp", PagePrograms.tcpClient), ("udp", PagePrograms.udpClient)],
        ["async", "blocking", "responder"])
    func page(_ kind: (transport: String, program: String), _ face: String) throws {
        let (transport, program) = kind
        let server = try RunningServer(transport, "--face", face, "--loops", "1")
        #expect(server.line == "listening on \(transport) 127.0.0.1:\(server.port)")
        let client = try ChildProcess.python(program, server.port, "hello", "from python")
        #expect(client.readToEnd() == "Sent:     hello from python\nReceived: HELLO FROM PYTHON\n")
        #expect(client.wait() == 0)
        #expect(server.terminate() == 0)
    }

    @Test(
        "ncat gets its line in upper case, and its bytes back from echo until it ends, whatever the face",
        arguments: ["async", "blocking", "responder"])
    func ncat(_ face: String) throws {
        let upper = try RunningServer("tcp", "--handler", "upper", "--face", face)
        #expect(try ncat("127.0.0.1", upper.port, input: "  strip and shout \n") == "STRIP AND SHOUT")
        #expect(upper.terminate(SIGINT) == 0)

        let echo = try RunningServer("tcp", "--handler", "echo", "--host", "", "--face", face)
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

    @Test(
        "A signal drains: what is being served is ended when the time is over, or by a second signal",
        arguments: ["async", "blocking", "responder"], ["0", "600"])
    func signal(_ face: String, _ drainTimeout: String) throws {
        let server = try RunningServer(
            "tcp", "--handler", "echo", "--face", face, "--drain-timeout", drainTimeout, "--idle-timeout", "0")
        let port = Int(server.port) ?? 0
        let clients = try (0..<2).map { _ in SharedSocket(try Socket.connect(to: .tcp("127.0.0.1", port))) }
        for client in clients {
            // It is being served: it has got something back.
            try client.socket.sendAll([7])
            #expect(try client.socket.receive(atMost: 1) == [7])
        }
        if drainTimeout == "600", face != "responder" {
            server.child.signal(SIGTERM)
            // It drains as soon as nobody listens any more; its clients are still served.
            try untilRefused(port)
            for client in clients {
                try client.socket.sendAll([8])
                #expect(try client.socket.receive(atMost: 1) == [8])
            }
        }
        #expect(server.terminate() == 0)
    }

    private func untilRefused(_ port: Int) throws {
        while errorCode({ () throws(SocketError) in _ = try Socket.connect(to: .tcp("127.0.0.1", port)) })
            != .connectionRefused
        {
            sched_yield()
        }
    }

    @Test("More connections than allowed wait for one to end")
    func maxConnections() throws {
        let server = try RunningServer("tcp", "--handler", "echo", "--max-connections", "1", "--loops", "2")
        let port = Int(server.port) ?? 0
        let first = try Socket.connect(to: .tcp("127.0.0.1", port))
        try first.sendAll([1])
        #expect(try first.receive(atMost: 1) == [1])
        var second = try Socket.connect(to: .tcp("127.0.0.1", port))
        try second.sendAll([2])
        try second.setTimeout(.milliseconds(100))
        #expect(errorCode { () throws(SocketError) in _ = try second.receive(atMost: 1) } == .timedOut)
        try first.close()
        try second.setTimeout(.seconds(20))
        #expect(try second.receive(atMost: 1) == [2])
        try second.close()
        #expect(server.terminate() == 0)
    }

    @Test("A silent connection is closed after the idle timeout", arguments: ["async", "blocking", "responder"])
    func idleTimeout(_ face: String) throws {
        let server = try RunningServer("tcp", "--handler", "echo", "--idle-timeout", "0.05", "--face", face)
        var client = try Socket.connect(to: .tcp("127.0.0.1", Int(server.port) ?? 0))
        try client.setTimeout(.seconds(20))
        #expect(try client.receive(atMost: 1) == [])
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
