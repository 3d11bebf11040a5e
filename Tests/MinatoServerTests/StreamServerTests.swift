import Glibc
import MinatoServer
import MinatoSocket
import TestSupport
import Testing

@Suite("Serving connections", .watchdog)
struct StreamServerTests {
    @Test("Python's client of the page gets its words in capitals")
    func upperPage() throws {
        let server = try TCPServer(on: .tcp("localhost", 0))
        let port = try #require(server.address.port)
        try serving(server) {
            try $0.serveBlocking(with: Upper.init)
        } while: {
            let python = try ChildProcess.python(PagePrograms.tcpClient, "\(port)", "hello", "world")
            #expect(python.readToEnd() == "Sent:     hello world\nReceived: HELLO WORLD\n")
            #expect(python.wait() == 0)
        }
    }

    @Test("Python's echo client of the page gets its bytes back")
    func echoPage() throws {
        let server = try tcpServer()
        let port = try #require(server.address.port)
        try serving(server) {
            try $0.serveBlocking(echo)
        } while: {
            let python = try ChildProcess.python(PagePrograms.echoClient, "\(port)")
            #expect(python.readToEnd() == "Received b'Hello, world'\n")
            #expect(python.wait() == 0)
        }
    }

    @Test("200 connections are served on 8 threads, 8 at a time and never more, and the threads are used again")
    func boundedThreads() throws {
        var limits = ServerLimits()
        limits.threads = 8
        let server = try tcpServer(limits: limits)
        let gate = Gate()
        let threads = Journal<pthread_t>()
        try serving(server) { server in
            try server.serveBlocking { connection, _ in
                gate.pass()
                threads.write(pthread_self())
                try connection.sendAll(upper(try connection.receive(atMost: 100)))
            }
        } while: {
            // All wait in the backlog or at the gate before the first is let through.
            var boxes: [SharedSocket] = []
            for number in 0..<200 {
                let box = SharedSocket(try client(of: server))
                try box.socket.sendAll("word \(number)\n")
                boxes.append(box)
            }
            gate.wait(for: 8)
            gate.open()
            for (number, box) in boxes.enumerated() {
                try #expect(box.socket.readToEnd() == "WORD \(number)")
            }
        }
        #expect(gate.peak == 8)
        #expect(threads.entries.count == 200)
        #expect(Set(threads.entries).count == 8)
    }

    @Test("A handler that throws ends its own connection only, and is reported with its client")
    func throwing() throws {
        let errors = Journal<(error: any Error, client: SocketAddress?)>()
        var hooks = StreamServerHooks()
        hooks.onError = { error, client in errors.write((error, client)) }
        let server = try tcpServer(hooks: hooks)
        try serving(server) { server in
            try server.serveBlocking { connection, _ in
                let word = try connection.receive(atMost: 100)
                if word == Array("bad".utf8) { throw Failure("no good") }
                try connection.sendAll(word)
            }
        } while: {
            let good = try client(of: server)
            let bad = try client(of: server)
            try bad.sendAll("bad")
            try #expect(bad.readToEnd() == "")
            try good.sendAll("good")
            try #expect(good.readToEnd() == "good")
            let told = errors.wait(for: 1)
            #expect(told.count == 1)
            #expect(told.first?.error as? Failure == Failure("no good"))
            let address = try bad.localAddress
            #expect(told.first?.client == address)
        }
    }

    @Test("Without hooks errors are told to nobody")
    func silent() throws {
        let server = try tcpServer()
        try serving(server) {
            try $0.serveBlocking { _, _ in throw Failure("unheard") }
        } while: {
            try #expect(client(of: server).readToEnd() == "")
        }
    }

    @Test("A client that verify refuses is closed without a handler")
    func verify() throws {
        let asked = Journal<SocketAddress>()
        var hooks = StreamServerHooks()
        hooks.verify = { connection, client in
            asked.write(client)
            return (try? connection.peerAddress) != asked.entries.first
        }
        let server = try tcpServer(hooks: hooks)
        try serving(server) {
            try $0.serveBlocking { connection, _ in try connection.sendAll("served") }
        } while: {
            let first = try client(of: server)
            try #expect(first.readToEnd() == "")
            try #expect(client(of: server).readToEnd() == "served")
            let address = try first.localAddress
            #expect(asked.entries.first == address)
        }
    }

    @Test("A silent client times out: onTimeout is told, without it onError", arguments: [true, false])
    func timeout(hasHook: Bool) throws {
        let told = Journal<String>()
        var hooks = StreamServerHooks()
        hooks.onError = { error, _ in told.write("error \((error as? SocketError)?.code == .timedOut)") }
        if hasHook { hooks.onTimeout = { _ in told.write("timeout") } }
        var limits = ServerLimits()
        limits.idleTimeout = .milliseconds(20)
        let server = try tcpServer(limits: limits, hooks: hooks)
        try serving(server) {
            try $0.serveBlocking(echo)
        } while: {
            try #expect(client(of: server).readToEnd() == "")
        }
        #expect(told.entries == [hasHook ? "timeout" : "error true"])
    }

    @Test("A handler's socket has TCP_NODELAY and the idle timeout, 300 s by default")
    func settings() throws {
        let server = try tcpServer()
        let seen = Journal<String>()
        try serving(server) { server in
            try server.serveBlocking { connection, client in
                let noDelay = try connection.option(.noDelay)
                let peer = try connection.peerAddress == client
                let timeout = connection.timeout.map(String.init(describing:)) ?? "none"
                seen.write("\(noDelay) \(timeout) \(peer) \(connection.isInheritable)")
            }
        } while: {
            _ = try client(of: server).readToEnd()
        }
        #expect(seen.entries == ["true 300.0 seconds true false"])
    }

    @Test("Writing to a client that is gone is an error of the handler, never a SIGPIPE")
    func brokenPipe() throws {
        let errors = Journal<SocketError.Code?>()
        var hooks = StreamServerHooks()
        hooks.onError = { error, _ in errors.write((error as? SocketError)?.code) }
        let server = try tcpServer(hooks: hooks)
        try serving(server) { server in
            try server.serveBlocking { connection, _ in
                while true { try connection.sendAll([UInt8](repeating: 1, count: 65_536)) }
            }
        } while: {
            let gone = try client(of: server)
            _ = try gone.receive(atMost: 1)
            try gone.close()
            let code = errors.wait(for: 1).first ?? nil
            #expect(code == .brokenPipe || code == .connectionReset)
        }
    }

    @Test("A client that resets while it waits in the backlog does not stop the next one")
    func resetInBacklog() throws {
        let server = try tcpServer()
        for _ in 0..<5 {
            let hasty = try client(of: server)
            try hasty.setOption(.linger, .upTo(seconds: 0))
            try hasty.close()
        }
        try serving(server) {
            try $0.serveBlocking(with: Upper.init)
        } while: {
            let patient = try client(of: server)
            try patient.sendAll("still there?")
            try #expect(patient.readToEnd() == "STILL THERE?")
        }
    }

    @Test("IPv6, and both families on one socket")
    func dualStack() throws {
        guard Socket.hasDualStack else { return }
        let server = try TCPServer(on: .tcp("", 0), dualStack: true)
        let port = try #require(server.address.port)
        try serving(server) { server in
            try server.serveBlocking { connection, client in
                try connection.sendAll(client.mappedIPv4 == nil ? "6" : "4")
            }
        } while: {
            try #expect(Socket.connect(to: .tcp("127.0.0.1", port)).readToEnd() == "4")
            try #expect(Socket.connect(to: .tcp("::1", port)).readToEnd() == "6")
        }
    }
}
