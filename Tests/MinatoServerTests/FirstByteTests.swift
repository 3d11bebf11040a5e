import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

@Suite("The time limit for a client's first byte", .watchdog)
struct FirstByteTests {
    /// The ways to receive that a handler has.
    enum Way: CaseIterable {
        case receive, receiveFrom, receiveMessage, duplicate

        func receive(_ connection: borrowing Socket) throws -> [UInt8] {
            switch self {
            case .receive: try connection.receive(atMost: 1)
            case .receiveFrom: try connection.receiveFrom(atMost: 1).bytes
            case .receiveMessage: try connection.receiveMessage(atMost: 1).bytes
            case .duplicate: try connection.duplicate().receive(atMost: 1)
            }
        }
    }

    private static func server(_ limit: Duration, _ timeouts: Journal<SocketAddress>) throws -> TCPServer {
        var limits = ServerLimits()
        limits.firstByteTimeout = limit
        limits.idleTimeout = nil
        var hooks = StreamServerHooks()
        hooks.onTimeout = { timeouts.write($0) }
        return try tcpServer(limits: limits, hooks: hooks)
    }

    @Test("It ends a silent client's connection, and holds for the first byte only", arguments: Way.allCases)
    func firstOnly(way: Way) throws {
        let timeouts = Journal<SocketAddress>()
        let received = Journal<[UInt8]>()
        let server = try Self.server(.milliseconds(20), timeouts)
        try serving(server) { server in
            try server.serveBlocking { connection, _ in
                while case let bytes = try way.receive(connection), !bytes.isEmpty { received.write(bytes) }
            }
        } while: {
            let talker = try client(of: server)
            try talker.sendAll([1])
            received.wait(for: 1)
            // Each of these is silent for as long as the talker may not have been, had it said nothing.
            for _ in 0..<3 { try #expect(client(of: server).readToEnd() == "") }
            try talker.sendAll([2])
            #expect(received.wait(for: 2) == [[1], [2]])
            #expect(timeouts.entries.count == 3)
        }
    }

    @Test("A handler of lines has it too")
    func lines() throws {
        struct Lines: StreamRequestHandler {
            func handle(_ request: inout BufferedSocket, from client: SocketAddress) throws {
                while let line = try request.readLine() { try request.write(line) }
            }
        }
        let timeouts = Journal<SocketAddress>()
        let server = try Self.server(.milliseconds(20), timeouts)
        try serving(server) {
            try $0.serveBlocking(with: Lines.init)
        } while: {
            let silent = try client(of: server)
            try #expect(silent.readToEnd() == "")
            let address = try silent.localAddress
            #expect(timeouts.wait(for: 1) == [address])
        }
    }

    @Test("Bytes that are there already are received however late it is; a server may speak first")
    func late() throws {
        let timeouts = Journal<SocketAddress>()
        let server = try Self.server(.nanoseconds(1), timeouts)
        let gate = Gate()
        try serving(server) { server in
            try server.serveBlocking { connection, client in
                try connection.sendAll("who are you?\n")
                gate.pass()
                try echo(connection, client)
            }
        } while: {
            let polite = try client(of: server)
            try #expect(polite.receive(atMost: 100) == Array("who are you?\n".utf8))
            try polite.sendAll("me")
            try polite.shutdown(.sending)
            gate.open()
            try #expect(polite.readToEnd() == "me")
        }
        #expect(timeouts.entries.isEmpty)
    }

    @Test("A timeout that a handler sets on a duplicate takes its place")
    func replaced() throws {
        let server = try Self.server(.milliseconds(1), Journal())
        let codes = Journal<SocketError.Code?>()
        try serving(server) { server in
            try server.serveBlocking { connection, _ in
                var copy = try connection.duplicate()
                try copy.setTimeout(.zero)
                codes.write(errorCode { () throws(SocketError) in _ = try copy.receive(atMost: 1) })
            }
        } while: {
            let silent = try client(of: server)
            #expect(codes.wait(for: 1) == [.wouldBlock])
            try silent.close()
        }
    }

    @Test(
        "It counts when it is shorter than the idle timeout",
        arguments: [(30, 300, 30), (30, nil, 30), (nil, 300, nil), (nil, nil, nil), (30, 30, nil), (30, 29, nil)]
            as [(Int?, Int?, Int?)])
    func shorter(firstByte: Int?, idle: Int?, expected: Int?) {
        var limits = ServerLimits()
        limits.firstByteTimeout = firstByte.map(Duration.seconds)
        limits.idleTimeout = idle.map(Duration.seconds)
        #expect(limits.firstReceiveTimeout == expected.map(Duration.seconds))
    }
}
