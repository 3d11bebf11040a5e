import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

@Suite("Handing a listener over", .watchdog)
struct HandOverTests {
    private static let receiver = """
        import array, socket, sys
        control = socket.socket(socket.AF_UNIX)
        control.connect(sys.argv[1])
        line, fds, flags, address = socket.recv_fds(control, 64, 1)
        print(line.decode(), end="", flush=True)
        listener = socket.socket(fileno=fds[0])
        listener.setblocking(True)
        control.sendall(b"ready")
        while True:
            connection, client = listener.accept()
            word = connection.recv(100)
            connection.sendall(b"python " + word)
            connection.close()
            if word == b"end":
                break
        """

    @Test("Another process serves the clients who wait, and those who come")
    func toPython() throws {
        let directory = try TemporaryDirectory()
        let control = try Socket.listen(on: .unix(directory.file("control")))
        let server = try tcpServer()
        let early = try client(of: server)
        try early.sendAll("early")
        let python = try ChildProcess.python(Self.receiver, directory.file("control"))
        let accepted = try control.accept()
        let successor = accepted.socket
        try server.handOver(to: successor)
        #expect(python.readLine() == "minato-listener 1")
        try #expect(successor.receive(atMost: 10) == Array("ready".utf8))
        server.shutdown()
        try #expect(early.readToEnd() == "python early")
        for word in ["late", "end"] {
            let late = try client(of: server)
            try late.sendAll(word)
            try #expect(late.readToEnd() == "python \(word)")
        }
        #expect(python.wait() == 0)
    }

    private static let sender = """
        import socket, sys
        control = socket.socket(socket.AF_UNIX)
        control.connect(sys.argv[1])
        listener = socket.create_server(("127.0.0.1", 0))
        client = socket.create_connection(listener.getsockname())
        client.sendall(b"from python")
        client.shutdown(socket.SHUT_WR)
        socket.send_fds(control, [b"minato-listener 1\\n"], [listener.fileno()])
        listener.close()
        print(client.recv(100).decode())
        """

    @Test("A listener that another process sent is served")
    func fromPython() throws {
        let directory = try TemporaryDirectory()
        let control = try Socket.listen(on: .unix(directory.file("control")))
        let python = try ChildProcess.python(Self.sender, directory.file("control"))
        let accepted = try control.accept()
        let server = try TCPServer(receivingFrom: accepted.socket)
        try serving(server) {
            try $0.serveBlocking(with: Upper.init)
        } while: {
            #expect(python.readLine() == "FROM PYTHON")
            #expect(python.wait() == 0)
        }
    }

    enum Kind: CaseIterable {
        case tcp, udp, unixStream, unixDatagram

        func server(in directory: TemporaryDirectory) throws(SocketError) -> SocketServer {
            switch self {
            case .tcp: try TCPServer(on: .tcp("127.0.0.1", 0))
            case .udp: try UDPServer(on: .udp("127.0.0.1", 0))
            case .unixStream: try UnixStreamServer(on: .unix(directory.file("s")))
            case .unixDatagram: try UnixDatagramServer(on: .unixDatagram(directory.file("s")))
            }
        }

        func server(receivingFrom predecessor: borrowing Socket) throws(SocketError) -> SocketServer {
            switch self {
            case .tcp: try TCPServer(receivingFrom: predecessor)
            case .udp: try UDPServer(receivingFrom: predecessor)
            case .unixStream: try UnixStreamServer(receivingFrom: predecessor)
            case .unixDatagram: try UnixDatagramServer(receivingFrom: predecessor)
            }
        }
    }

    @Test("Every server hands over to its like, several times, and to no other kind", arguments: Kind.allCases)
    func kinds(kind: Kind) throws {
        let directory = try TemporaryDirectory()
        var server = try kind.server(in: directory)
        let address = server.address
        let pair = try Socket.pair()
        for _ in 0..<3 {
            for other in Kind.allCases where other != kind {
                let error = #expect(throws: SocketError.self) {
                    try server.handOver(to: pair.first)
                    _ = try other.server(receivingFrom: pair.second)
                }
                #expect(error?.code == .invalidArgument)
            }
            try server.handOver(to: pair.first)
            let successor = try kind.server(receivingFrom: pair.second)
            #expect(successor.address == address)
            server.shutdown()
            server = successor
        }
    }

    @Test("The path of a Unix socket goes over with it, and is removed by the last server")
    func path() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let first = try UnixStreamServer(on: .unix(path))
        let pair = try Socket.pair()
        try first.handOver(to: pair.first)
        let second = try UnixStreamServer(receivingFrom: pair.second)
        first.shutdown()
        #expect(unsafe access(path, F_OK) == 0)
        try serving(second) {
            try $0.serveBlocking { connection, _ in try connection.sendAll("second") }
        } while: {
            try #expect(Socket.connect(to: .unix(path)).readToEnd() == "second")
        }
        #expect(unsafe access(path, F_OK) != 0)
    }

    @Test("The path stays with a server whose hand-over fails, and with one that never had it")
    func pathStays() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let server = try UnixStreamServer(on: .unix(path))
        let unconnected = try Socket(.unix)
        #expect(errorCode { () throws(SocketError) in try server.handOver(to: unconnected) } == .notConnected)
        server.shutdown()
        #expect(unsafe access(path, F_OK) != 0)

        let adopting = try UnixStreamServer(adopting: Socket.listen(on: .unix(path)))
        let pair = try Socket.pair()
        try adopting.handOver(to: pair.first)
        try UnixStreamServer(receivingFrom: pair.second).shutdown()
        adopting.shutdown()
        #expect(unsafe access(path, F_OK) == 0)
    }

    @Test("A path that is somebody else's by now does not become the successor's")
    func anothersPathStays() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("s")
        let server = try UnixStreamServer(on: .unix(path))
        #expect(unsafe unlink(path) == 0)
        let other = try UnixStreamServer(on: .unix(path))
        let pair = try Socket.pair()
        try server.handOver(to: pair.first)
        try UnixStreamServer(receivingFrom: pair.second).shutdown()
        server.shutdown()
        #expect(unsafe access(path, F_OK) == 0)
        other.shutdown()
        #expect(unsafe access(path, F_OK) != 0)
    }

    @Test("A server that is closed has nothing to hand over, and a socket that is not Unix takes nothing")
    func refused() throws {
        let server = try tcpServer()
        let tcp = try client(of: server)
        let error = #expect(throws: SocketError.self) { try server.handOver(to: tcp) }
        #expect(error?.description == "serve handing over to AF_INET: Invalid argument (EINVAL)")
        let pair = try Socket.pair()
        server.shutdown()
        #expect(errorCode { () throws(SocketError) in try server.handOver(to: pair.first) } == .closed)
    }

    @Test("A predecessor that sends something else, or nothing, is refused, and what it sent is closed")
    func otherMessages() throws {
        let listener = try Socket.listen(on: .tcp("127.0.0.1", 0))
        let plain = try Socket(.ipv4)
        let rows: [(bytes: String, descriptors: [Int32], subject: String?)] = [
            ("minato-listener 1\n", [], "TCPServer receiving something else than a listener"),
            ("minato-listener 2\n", [listener.descriptor], "TCPServer receiving something else than a listener"),
            ("minato-listener 1", [listener.descriptor], "TCPServer receiving something else than a listener"),
            ("x", [listener.descriptor], "TCPServer receiving something else than a listener"),
            (
                "minato-listener 1\n", [listener.descriptor, plain.descriptor],
                "TCPServer receiving something else than a listener"
            ),
            ("minato-listener 1\n", [plain.descriptor], "TCPServer adopting a socket that does not listen"),
        ]
        for row in rows {
            let pair = try Socket.pair()
            if row.descriptors.isEmpty {
                try pair.first.sendAll(row.bytes)
            } else {
                try pair.first.send(descriptors: row.descriptors, with: Array(row.bytes.utf8))
            }
            let error = #expect(throws: SocketError.self) { _ = try TCPServer(receivingFrom: pair.second) }
            #expect(error?.code == .invalidArgument)
            #expect(error?.subject == row.subject)
        }
        let pair = try Socket.pair()
        try pair.first.shutdown(.sending)
        let error = #expect(throws: SocketError.self) { _ = try TCPServer(receivingFrom: pair.second) }
        #expect(error?.description == "serve TCPServer receiving a listener: The stream ended too early")
    }

    @Test("Twenty generations under load lose no client")
    func generations() throws {
        var server = try tcpServer()
        let address = server.address
        let isOver = Guarded(false)
        let clients = try (0..<3).map { _ in
            try Background {
                var count = 0
                while !isOver.withLock({ $0 }) {
                    let client = try Socket.connect(to: .address(address))
                    try client.sendAll("\(count)")
                    guard try client.readToEnd() == "\(count)" else { throw Failure("request \(count) was lost") }
                    count += 1
                }
                return count
            }
        }
        @Sendable func serve(_ server: TCPServer) throws -> Background<Void> {
            let served = Journal<Void>()
            let background = try Background {
                try server.serveBlocking { connection, _ in
                    served.write(())
                    try connection.sendAll(try connection.receive(atMost: 100))
                }
            }
            served.wait(for: 1)
            return background
        }
        var serving = try serve(server)
        for _ in 0..<20 {
            let pair = try Socket.pair()
            try server.handOver(to: pair.first)
            let successor = try TCPServer(receivingFrom: pair.second)
            let successorServing = try serve(successor)
            #expect(server.drainBlocking(timeout: nil).ended == 0)
            try serving.join()
            (server, serving) = (successor, successorServing)
        }
        isOver.withLock { $0 = true }
        for client in clients { try #expect(client.join() > 0) }
        server.shutdown()
        try serving.join()
    }
}
