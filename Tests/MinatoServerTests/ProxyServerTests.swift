import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

@Suite("A server behind a balancer", .watchdog)
struct ProxyServerTests {
    /// What a balancer does, with a header of its own making: it is sent in pieces of a size, or with all that follows.
    private static let balancer = """
        import socket, struct, sys
        port, name, size, payload = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4].encode()
        ipv4 = socket.inet_aton("192.0.2.1") + socket.inet_aton("198.51.100.7") + struct.pack("!HH", 56324, 443)
        ipv6 = socket.inet_pton(socket.AF_INET6, "2001:db8::1") * 2 + struct.pack("!HH", 1, 2)
        def binary(command, family, block):
            return b"\\r\\n\\r\\n" + bytes([0]) + b"\\r\\nQUIT\\n" + struct.pack("!BBH", command, family, len(block)) + block
        header = {
            "line": b"PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\\r\\n",
            "line6": b"PROXY TCP6 2001:db8::1 2001:db8::1 1 2\\r\\n",
            "unknown": b"PROXY UNKNOWN\\r\\n",
            "binary": binary(0x21, 0x11, ipv4),
            "binary6": binary(0x21, 0x21, ipv6 + bytes([4, 0, 200]) + bytes(200)),
            "local": binary(0x20, 0, b""),
        }[name]
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        everything = header + payload
        for start in range(0, len(everything), size):
            connection.sendall(everything[start:start + size])
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(4096):
            answer += piece
        own = "%s:%d" % connection.getsockname()
        print(answer.decode().replace(own, "itself"), end="")
        """

    private static func requiring(
        firstByte: Duration? = .seconds(30), _ change: (inout StreamServerHooks) -> Void = { _ in }
    ) throws -> TCPServer {
        var limits = ServerLimits()
        limits.firstByteTimeout = firstByte
        var hooks = StreamServerHooks()
        hooks.proxyProtocol = .required
        change(&hooks)
        return try tcpServer(limits: limits, hooks: hooks)
    }

    /// Says who the client is, and everything that it says.
    @Sendable
    private static func repeating(_ connection: borrowing Socket, _ client: SocketAddress) throws {
        try connection.sendAll("\(client) ")
        try echo(connection, client)
    }

    @Test(
        "The handler gets the client's address, and what follows the header",
        arguments: [
            ("line", "192.0.2.1:56324"), ("line6", "[2001:db8::1]:1"), ("unknown", "itself"),
            ("binary", "192.0.2.1:56324"), ("binary6", "[2001:db8::1]:1"), ("local", "itself"),
        ], [1, 7, 65_536])
    func addresses(row: (header: String, client: String), size: Int) throws {
        let server = try Self.requiring()
        let port = try #require(server.address.port)
        try serving(server) {
            try $0.serveBlocking(Self.repeating)
        } while: {
            for payload in ["hello\r\nPROXY", ""] {
                let python = try ChildProcess.python(Self.balancer, "\(port)", row.header, "\(size)", payload)
                #expect(python.readToEnd() == "\(row.client) \(payload)")
                #expect(python.wait() == 0, "\(python.readErrors())")
            }
        }
    }

    @Test("Without the option a header is the handler's to read")
    func off() throws {
        let server = try tcpServer()
        try serving(server) {
            try $0.serveBlocking(echo)
        } while: {
            let connection = try client(of: server)
            try connection.sendAll("PROXY UNKNOWN\r\nhello")
            try connection.shutdown(.sending)
            try #expect(connection.readToEnd() == "PROXY UNKNOWN\r\nhello")
        }
    }

    @Test(
        "A connection without a good header is closed without a handler, and reported with its own address",
        arguments: [
            ("GET / HTTP/1.1\r\n\r\n", ProxyProtocolError.Reason.signature), ("PROXY TCP9 1 2 3 4\r\n", .line),
            ("PROXY UNK", .incomplete), ("", .incomplete),
        ])
    func refused(text: String, reason: ProxyProtocolError.Reason) throws {
        let errors = Journal<(reason: ProxyProtocolError.Reason?, client: SocketAddress?)>()
        let server = try Self.requiring {
            $0.onError = { errors.write((($0 as? ProxyProtocolError)?.reason, $1)) }
            $0.verify = { _, _ in
                Issue.record("verify was asked")
                return true
            }
        }
        try serving(server) { server in
            try server.serveBlocking { _, _ in Issue.record("the handler was called") }
        } while: {
            let connection = try client(of: server)
            try connection.sendAll(text)
            // It may have been reset already.
            try? connection.shutdown(.sending)
            let error = errors.wait(for: 1).first
            #expect(error?.reason == reason)
            let address = try connection.localAddress
            #expect(error?.client == address)
        }
    }

    @Test(
        "A header that does not come, or does not end, is waited for as long as for the first byte",
        arguments: ["", "PROXY "])
    func silent(beginning: String) throws {
        let timeouts = Journal<SocketAddress>()
        let server = try Self.requiring(firstByte: .milliseconds(20)) { $0.onTimeout = { timeouts.write($0) } }
        try serving(server) { server in
            try server.serveBlocking { _, _ in Issue.record("the handler was called") }
        } while: {
            let connection = try client(of: server)
            try connection.sendAll(beginning)
            let address = try connection.localAddress
            #expect(timeouts.wait(for: 1) == [address])
        }
    }

    @Test("The time for the client's own first byte begins after the header; verify sees both addresses")
    func afterTheHeader() throws {
        let timeouts = Journal<SocketAddress>()
        let verified = Journal<Bool>()
        let server = try Self.requiring(firstByte: .milliseconds(20)) {
            $0.onTimeout = { timeouts.write($0) }
            $0.verify = { connection, client in
                let balancer = try? connection.peerAddress.host
                verified.write(balancer == "127.0.0.1" && client.host == "192.0.2.1")
                return true
            }
        }
        try serving(server) { server in
            try server.serveBlocking { connection, _ in
                try connection.sendAll("hello")
                _ = try connection.receive(atMost: 1)
            }
        } while: {
            let connection = try client(of: server)
            try connection.sendAll("PROXY TCP4 192.0.2.1 192.0.2.2 3 4\r\n")
            try #expect(connection.readToEnd() == "hello")
            #expect(timeouts.wait(for: 1).map(\.description) == ["192.0.2.1:3"])
            #expect(verified.entries == [true])
        }
    }

    @Test("A server on a Unix socket, with handlers that are types")
    func unix() throws {
        struct Namer: StreamRequestHandler {
            func handle(_ request: inout BufferedSocket, from client: SocketAddress) throws {
                while let line = try request.readLine() { try request.write("\(client) \(line.count)\n") }
            }
        }
        let directory = try TemporaryDirectory()
        var hooks = StreamServerHooks()
        hooks.proxyProtocol = .required
        let server = try UnixStreamServer(on: .unix(directory.file("s")), hooks: hooks)
        try serving(server) {
            try $0.serveBlocking(with: Namer.init)
        } while: {
            let connection = try client(of: server)
            try connection.sendAll("PROXY TCP6 ::1 ::2 3 4\r\nhello\n")
            try connection.shutdown(.sending)
            try #expect(connection.readToEnd() == "[::1]:3 6\n")
        }
    }

    /// Such a byte is readable to poll(2), and cannot be looked at.
    @Test(
        "A client that sends an out-of-band byte is waited for as long as for the first byte, by a thread that sleeps")
    func outOfBand() throws {
        let timeouts = Journal<SocketAddress>()
        let directory = try TemporaryDirectory()
        var limits = ServerLimits()
        limits.firstByteTimeout = .milliseconds(20)
        var hooks = StreamServerHooks()
        hooks.proxyProtocol = .required
        hooks.onTimeout = { timeouts.write($0) }
        let server = try UnixStreamServer(on: .unix(directory.file("s")), limits: limits, hooks: hooks)
        try serving(server) { server in
            try server.serveBlocking { _, _ in Issue.record("the handler was called") }
        } while: {
            let connection = try client(of: server)
            // A kernel without such bytes on Unix sockets has a client that sends nothing.
            _ = try? connection.send(Array("!".utf8), flags: .outOfBand)
            #expect(timeouts.wait(for: 1).count == 1)
        }
    }
}

/// Whether the balancer itself is there is known only where the tests run.
@Suite(
    "A server behind HAProxy", .watchdog,
    .enabled(if: unsafe access("/usr/sbin/haproxy", X_OK) == 0, "haproxy is not installed"))
struct HAProxyTests {
    @Test("It names the client in either version", arguments: ["send-proxy", "send-proxy-v2"])
    func naming(option: String) throws {
        let directory = try TemporaryDirectory()
        var hooks = StreamServerHooks()
        hooks.proxyProtocol = .required
        let server = try tcpServer(hooks: hooks)
        // Holds the port until the balancer has it: both have SO_REUSEADDR.
        let holder = try Socket.bound(to: .tcp("127.0.0.1", 0))
        let front = try holder.localAddress
        let configuration = """
            defaults
                mode tcp
                timeout connect 10s
                timeout client 30s
                timeout server 30s
            listen front
                bind \(front)
                server minato \(server.address) \(option)

            """
        let file = try directory.write("haproxy.cfg", Array(configuration.utf8))
        try serving(server) { server in
            try server.serveBlocking { connection, client in
                try connection.sendAll("\(client) ")
                try echo(connection, client)
            }
        } while: {
            // The process that is started ends when its successor in the background listens.
            let starter = try ChildProcess(["/usr/sbin/haproxy", "-f", file, "-D", "-p", directory.file("pid")])
            #expect(starter.wait() == 0, "\(starter.readErrors())")
            let number = try #require(ChildProcess(["cat", directory.file("pid")]).readLine().flatMap { pid_t($0) })
            defer { kill(number, SIGTERM) }
            for _ in 0..<3 {
                let connection = try Socket.connect(to: .address(front))
                try connection.sendAll("hello")
                try connection.shutdown(.sending)
                let address = try connection.localAddress
                try #expect(connection.readToEnd() == "\(address) hello")
            }
        }
    }
}
