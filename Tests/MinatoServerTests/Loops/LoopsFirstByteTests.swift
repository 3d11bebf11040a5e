import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

@Suite("The time for the first byte, on event loops", .watchdog)
struct LoopsFirstByteTests {
    /// The reads that go on until they have all they are to return: each makes a line of what the client sends.
    enum Way: CaseIterable {
        case exactly, line, until, all

        func read(_ connection: Connection) async throws -> [UInt8]? {
            switch self {
            case .exactly: try await connection.read(exactly: 3)
            case .line: try await connection.readLine()
            case .until: try await connection.read(until: [10])
            case .all: try await connection.readAll(limit: 100)
            }
        }
    }

    private static func server(_ timeouts: Journal<SocketAddress>, idle: Duration? = nil) throws -> TCPServer {
        var limits = ServerLimits()
        limits.firstByteTimeout = .milliseconds(100)
        limits.idleTimeout = idle
        var hooks = StreamServerHooks()
        hooks.onTimeout = { timeouts.write($0) }
        return try tcpServer(limits: limits, hooks: hooks)
    }

    @Test(
        "Regression: it held for the whole of a read of several pieces", arguments: LoopStage.of(.async), Way.allCases)
    func wholeReads(stage: LoopStage, way: Way) throws {
        let timeouts = Journal<SocketAddress>()
        let server = try Self.server(timeouts)
        try stage.serving(server) { server, loops in
            try await server.serve(on: loops) { connection in
                if let line = try await way.read(connection) { try await connection.write(line) }
            }
        } while: {
            let client = try sharedClient(of: server)
            try client.socket.sendAll("a")
            #expect(client.isSilent(for: 150))
            try client.socket.sendAll("b\n")
            if way == .all { try client.socket.shutdown(.sending) }
            try #expect(client.socket.readToEnd() == "ab\n")
        }
        #expect(timeouts.entries.isEmpty)
    }

    @Test(
        "Regression: when the first byte was there before it was asked for, it held for the second",
        arguments: LoopStage.of(.async))
    func withoutWait(stage: LoopStage) throws {
        let timeouts = Journal<SocketAddress>()
        let server = try Self.server(timeouts)
        let client = try sharedClient(of: server)
        try client.socket.sendAll("a")
        try stage.serving(server) { server, loops in
            try await server.serve(on: loops) { connection in
                // The byte was there before the connection was: with that the loop has seen it.
                await connection.eventLoop.giveWay()
                for _ in 0..<2 { try await connection.write(try await connection.read(atMost: 1)) }
            }
        } while: {
            try #expect(client.socket.receiveExactly(1) == [97])
            #expect(client.isSilent(for: 150))
            try client.socket.sendAll("b")
            try #expect(client.socket.readToEnd() == "b")
        }
        #expect(timeouts.entries.isEmpty)
    }

    @Test("A read of several pieces as a whole has the idle time", arguments: LoopStage.of(.async))
    func wholeReadsEnd(stage: LoopStage) throws {
        let timeouts = Journal<SocketAddress>()
        let server = try Self.server(timeouts, idle: .milliseconds(300))
        try stage.serving(server) { server, loops in
            try await server.serve(on: loops) { connection in _ = try await connection.read(exactly: 1000) }
        } while: {
            let clock = ContinuousClock()
            let begin = clock.now
            let client = try sharedClient(of: server)
            try client.socket.sendAll("a")
            #expect(client.socket.drainToEnd() == nil)
            #expect(clock.now - begin >= .milliseconds(300))
        }
        #expect(timeouts.entries.count == 1)
    }
}
