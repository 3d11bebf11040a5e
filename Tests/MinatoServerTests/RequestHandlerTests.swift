import MinatoServer
import MinatoSocket
import TestSupport
import Testing

@Suite("Setup, handle, finish", .watchdog)
struct RequestHandlerTests {
    /// Which steps throw, what is called, and what is reported.
    struct Row: Sendable, CustomTestStringConvertible {
        let throwing: Set<String>
        let called: [String]
        let reported: [String]
        var testDescription: String { "throwing: \(throwing.sorted())" }
    }

    static let rows = [
        Row(throwing: [], called: ["make", "setup", "handle", "finish 3"], reported: []),
        Row(throwing: ["handle"], called: ["make", "setup", "handle", "finish 3"], reported: ["handle"]),
        Row(throwing: ["setup"], called: ["make", "setup"], reported: ["setup"]),
        Row(throwing: ["finish"], called: ["make", "setup", "handle", "finish 3"], reported: ["finish"]),
        Row(
            throwing: ["handle", "finish"], called: ["make", "setup", "handle", "finish 3"],
            reported: ["handle", "finish"]),
        Row(throwing: ["make"], called: ["make"], reported: ["make"]),
    ]

    struct Steps {
        let row: Row
        let calls: Journal<String>
        var count = 1

        init(_ row: Row, _ calls: Journal<String>) throws {
            self.row = row
            self.calls = calls
            calls.write("make")
            if row.throwing.contains("make") { throw Failure("make") }
        }

        mutating func step(_ name: String, showsCount: Bool = false) throws {
            calls.write(showsCount ? "\(name) \(count)" : name)
            count += 1
            if row.throwing.contains(name) { throw Failure(name) }
        }
    }

    struct Connections: RequestHandler {
        var steps: Steps
        mutating func setup(_ request: borrowing Socket, from client: SocketAddress) throws { try steps.step("setup") }
        mutating func handle(_ request: borrowing Socket, from client: SocketAddress) throws {
            try steps.step("handle")
        }
        mutating func finish(_ request: borrowing Socket, from client: SocketAddress) throws {
            try steps.step("finish", showsCount: true)
        }
    }

    struct Datagrams: DatagramRequestHandler {
        var steps: Steps
        mutating func setup(_ request: DatagramRequest) throws { try steps.step("setup") }
        mutating func handle(_ request: DatagramRequest) throws { try steps.step("handle") }
        mutating func finish(_ request: DatagramRequest) throws { try steps.step("finish", showsCount: true) }
    }

    @Test("Of a connection's handler, a new one for each", arguments: rows)
    func connections(row: Row) throws {
        let (calls, errors) = (Journal<String>(), Journal<String>())
        var hooks = StreamServerHooks()
        hooks.onError = { error, _ in errors.write("\(error)") }
        let server = try tcpServer(hooks: hooks)
        try serving(server) {
            try $0.serveBlocking { Connections(steps: try Steps(row, calls)) }
        } while: {
            for _ in 0..<2 {
                let reply = try client(of: server).readToEnd()
                #expect(reply == "")
            }
        }
        #expect(calls.entries == row.called + row.called)
        #expect(errors.entries == row.reported + row.reported)
    }

    @Test("Of a datagram's handler, a new one for each", arguments: rows)
    func datagrams(row: Row) throws {
        let (calls, errors, done) = (Journal<String>(), Journal<String>(), Journal<Bool>())
        var hooks = DatagramServerHooks()
        hooks.onError = { error, _ in errors.write("\(error)") }
        hooks.verify = { request in
            done.write(true)
            return request.bytes.isEmpty
        }
        var limits = ServerLimits()
        limits.threads = 1
        let server = try UDPServer(on: .udp("127.0.0.1", 0), limits: limits, hooks: hooks)
        try serving(server) {
            try $0.serveBlocking { Datagrams(steps: try Steps(row, calls)) }
        } while: {
            let sender = try Socket(.ipv4, .datagram)
            try sender.send([], to: server.address)
            try sender.send([], to: server.address)
            // On one thread the third comes after the handlers of the first two.
            try sender.send([1], to: server.address)
            done.wait(for: 3)
        }
        #expect(calls.entries == row.called + row.called)
        #expect(errors.entries == row.reported + row.reported)
    }

    struct Lines: StreamRequestHandler {
        var steps: Steps
        mutating func setup(_ request: inout BufferedSocket, from client: SocketAddress) throws {
            try steps.step("setup")
        }
        mutating func handle(_ request: inout BufferedSocket, from client: SocketAddress) throws {
            try steps.step("handle")
        }
        mutating func finish(_ request: inout BufferedSocket, from client: SocketAddress) throws {
            try steps.step("finish", showsCount: true)
        }
    }

    @Test("Of a connection's handler with buffers, a new one for each", arguments: rows)
    func lines(row: Row) throws {
        let (calls, errors) = (Journal<String>(), Journal<String>())
        var hooks = StreamServerHooks()
        hooks.onError = { error, _ in errors.write("\(error)") }
        let server = try tcpServer(hooks: hooks)
        try serving(server) {
            try $0.serveBlocking { Lines(steps: try Steps(row, calls)) }
        } while: {
            for _ in 0..<2 {
                let reply = try client(of: server).readToEnd()
                #expect(reply == "")
            }
        }
        #expect(calls.entries == row.called + row.called)
        #expect(errors.entries == row.reported + row.reported)
    }

    /// Numbers the lines; the second form collects what it writes.
    struct Numbering: StreamRequestHandler {
        var number = 0
        mutating func handle(_ request: inout BufferedSocket, from client: SocketAddress) throws {
            while let line = try request.readLine() {
                number += 1
                try request.write("\(number) " + String(decoding: line, as: UTF8.self))
            }
        }
    }

    struct Collecting: StreamRequestHandler {
        static var writeCapacity: Int { 4096 }
        var numbering = Numbering()
        mutating func handle(_ request: inout BufferedSocket, from client: SocketAddress) throws {
            try numbering.handle(&request, from: client)
            #expect(request.bufferedForWriting == 12)
        }
    }

    @Test("Lines are answered one by one; writes go out at once")
    func lineProtocol() throws {
        let server = try tcpServer()
        try serving(server) {
            try $0.serveBlocking { Numbering() }
        } while: {
            var stream = BufferedSocket(try client(of: server))
            for number in 1...3 {
                try stream.write("line\n")
                try stream.flush()
                let reply = try stream.readLine() ?? []
                #expect(String(decoding: reply, as: UTF8.self) == "\(number) line\n")
            }
        }
    }

    struct CutOff: StreamRequestHandler {
        static var writeCapacity: Int { 4096 }
        func handle(_ request: inout BufferedSocket, from client: SocketAddress) throws {
            try request.write("too late")
            try request.socket.shutdown(.both)
        }
    }

    @Test("What a handler has collected and cannot be sent at the end is told to onError")
    func failedFlush() throws {
        let errors = Journal<SocketError.Code?>()
        var hooks = StreamServerHooks()
        hooks.onError = { error, _ in errors.write((error as? SocketError)?.code) }
        let server = try tcpServer(hooks: hooks)
        try serving(server) {
            try $0.serveBlocking(with: CutOff.init)
        } while: {
            let reply = try client(of: server).readToEnd()
            #expect(reply == "")
        }
        #expect(errors.entries == [.brokenPipe])
    }

    @Test("What a handler has collected goes out at the end")
    func lastFlush() throws {
        let errors = Journal<SocketError.Code?>()
        var hooks = StreamServerHooks()
        hooks.onError = { error, _ in errors.write((error as? SocketError)?.code) }
        let server = try tcpServer(hooks: hooks)
        try serving(server) {
            try $0.serveBlocking { Collecting() }
        } while: {
            let connection = try client(of: server)
            try connection.sendAll("one\ntwo\n")
            try connection.shutdown(.sending)
            let reply = try connection.readToEnd()
            #expect(reply == "1 one\n2 two\n")
        }
        #expect(errors.entries.isEmpty)
    }

    @Test("Steps that are not written do nothing")
    func defaults() throws {
        struct Reply: DatagramRequestHandler {
            func handle(_ request: DatagramRequest) throws { try request.reply(upper(request.bytes)) }
        }
        let server = try UDPServer(on: .udp("127.0.0.1", 0))
        try serving(server) {
            try $0.serveBlocking(with: Reply.init)
        } while: {
            let sender = try Socket(.ipv4, .datagram)
            try sender.send(Array("word".utf8), to: server.address)
            try #expect(sender.receive(atMost: 100) == Array("WORD".utf8))
        }
    }
}
