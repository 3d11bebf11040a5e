import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

@Suite("Limits of servers on event loops", .watchdog)
struct LoopsLimitsTests {
    private func hooks(_ timeouts: Journal<SocketAddress>) -> StreamServerHooks {
        var hooks = StreamServerHooks()
        hooks.onTimeout = { timeouts.write($0) }
        hooks.onError = { error, client in Issue.record("\(error) \(client?.description ?? "")") }
        return hooks
    }

    @Test("A client that says nothing is given up after the time for the first byte", arguments: LoopStage.all)
    func firstByte(stage: LoopStage) throws {
        let timeouts = Journal<SocketAddress>()
        var limits = ServerLimits()
        limits.firstByteTimeout = .milliseconds(50)
        let server = try tcpServer(limits: limits, hooks: hooks(timeouts))
        try stage.serving(server, stage.echo) {
            let clock = ContinuousClock()
            let begin = clock.now
            let silent = try sharedClient(of: server)
            #expect(silent.socket.drainToEnd() == nil)
            #expect(clock.now - begin >= .milliseconds(50))
            #expect(clock.now - begin < .seconds(10))
            try #expect(timeouts.entries == [silent.socket.localAddress])
            // After its first byte the idle time-out holds, which is long.
            let talker = try sharedClient(of: server)
            try #expect(talker.exchange("x") == "x")
            #expect(talker.isSilent(for: 120))
            try #expect(talker.exchange("y") == "y")
        }
        #expect(timeouts.entries.count == 1)
    }

    @Test(
        "A client that falls silent is given up after the idle time, counted anew each time", arguments: LoopStage.all)
    func idle(stage: LoopStage) throws {
        let timeouts = Journal<SocketAddress>()
        var limits = ServerLimits()
        limits.idleTimeout = .milliseconds(200)
        let server = try tcpServer(limits: limits, hooks: hooks(timeouts))
        try stage.serving(server, stage.echo) {
            let clock = ContinuousClock()
            let connection = try sharedClient(of: server)
            var begin = clock.now
            for _ in 0..<4 {
                // The time begins when the server receives, which is before the answer.
                begin = clock.now
                try #expect(connection.exchange("x") == "x")
                #expect(connection.isSilent(for: 60))
            }
            #expect(connection.socket.drainToEnd() == nil)
            #expect(clock.now - begin >= .milliseconds(200))
            #expect(timeouts.entries.count == 1)
        }
    }

    @Test("A client that asks and does not read is given up after the write time", arguments: LoopStage.all)
    func slowReader(stage: LoopStage) throws {
        let timeouts = Journal<SocketAddress>()
        var limits = ServerLimits()
        limits.writeTimeout = .milliseconds(200)
        let server = try tcpServer(limits: limits, hooks: hooks(timeouts))
        let answers = Journal<Void>()
        let block = [UInt8](repeating: 7, count: 65_536)
        let serve: LoopServing.Serve = { server, loops in
            switch stage.face {
            case .async:
                try await server.serve(on: loops) { connection in
                    while case let bytes = try await connection.read(atMost: 1000), !bytes.isEmpty {
                        for _ in bytes {
                            answers.write(())
                            try await connection.write(block)
                        }
                    }
                }
            case .responder:
                try await server.serve(
                    on: loops,
                    responder: { _ in
                        ClosureResponder { _, output in
                            answers.write(())
                            output.append(block)
                            return .goOn(consumed: 1)
                        }
                    })
            }
        }
        try stage.serving(server, serve) {
            let connection = try sharedClient(of: server)
            let other = try sharedClient(of: server)
            // 650 MB, if they were made.
            try connection.socket.sendAll([UInt8](repeating: 1, count: 10_000))
            timeouts.wait(for: 1)
            // What was answered is in the kernel, on both sides, but for one answer and what is kept.
            #expect(answers.entries.count < 400)
            // Others were served meanwhile, and are still.
            try other.socket.sendAll([1])
            try #expect(other.socket.receiveExactly(65_536).count == 65_536)
            withExtendedLifetime(connection) {}
        }
        #expect(timeouts.entries.count == 1)
    }

    @Test("A pause for lack of descriptors ends when a connection does, which frees one", arguments: LoopStage.all)
    func wokenByClosing(stage: LoopStage) throws {
        let server = try tcpServer()
        try stage.serving(server, stage.echo) {
            let client = try sharedClient(of: server)
            try #expect(client.exchange("x") == "x")
            let shares = try #require(server.state.withLock { $0.watch } as? LoopShares)
            let freed = server.state.withLock { $0.freed }
            let acceptor = LoopAcceptor(server: server, shares: shares, share: shares.all[0])
            let (begun, over) = (Journal<Void>(), Journal<Void>())
            Task(executorPreference: shares.all[0].loop) {
                begun.write(())
                await acceptor.pause(.seconds(3600), freed)
                over.write(())
            }
            begun.wait(for: 1)
            try client.socket.shutdown(.sending)
            over.wait(for: 1)
        }
    }

    @Test("The connection too many waits in the queue, and is served when another one ends", arguments: LoopStage.all)
    func maxConnections(stage: LoopStage) throws {
        var limits = ServerLimits()
        limits.maxConnections = 2
        let server = try tcpServer(limits: limits)
        try stage.serving(server, stage.echo) {
            for _ in 0..<20 {
                let first = try sharedClient(of: server)
                let second = try sharedClient(of: server)
                try #expect(first.exchange("1") == "1")
                try #expect(second.exchange("2") == "2")
                let third = try sharedClient(of: server)
                try third.socket.sendAll("3")
                #expect(third.isSilent(for: 5))
                try second.socket.shutdown(.sending)
                #expect(second.socket.drainToEnd() == nil)
                try #expect(third.socket.receiveExactly(1) == [51])
                for connection in [first, third] {
                    try connection.socket.shutdown(.sending)
                    #expect(connection.socket.drainToEnd() == nil)
                }
            }
        }
    }

    @Test("However many connect at once, no more are served at a time than may be", arguments: LoopStage.all)
    func neverMore(stage: LoopStage) throws {
        var limits = ServerLimits()
        limits.maxConnections = 3
        let server = try tcpServer(limits: limits)
        let now = Guarded<(count: Int, most: Int)>((0, 0))
        final class Ticket: Sendable {
            let now: Guarded<(count: Int, most: Int)>
            init(_ now: Guarded<(count: Int, most: Int)>) {
                self.now = now
                now.withLock { $0 = ($0.count + 1, max($0.most, $0.count + 1)) }
            }
            deinit { now.withLock { $0.count -= 1 } }
        }
        let serve: LoopServing.Serve = { server, loops in
            switch stage.face {
            case .async:
                try await server.serve(on: loops) { connection in
                    let ticket = Ticket(now)
                    try await echoInTask(connection)
                    withExtendedLifetime(ticket) {}
                }
            case .responder:
                try await server.serve(
                    on: loops,
                    responder: { _ in
                        let ticket = Ticket(now)
                        return ClosureResponder { input, output in
                            withExtendedLifetime(ticket) { output.append(input) }
                            return .goOn(consumed: input.count)
                        }
                    })
            }
        }
        // All wait already when serving begins.
        let clients = try (0..<60).map { _ in try sharedClient(of: server) }
        for client in clients {
            try client.socket.sendAll("x")
            try client.socket.shutdown(.sending)
        }
        try stage.serving(server, serve) {
            for client in clients { try #expect(client.socket.readToEnd() == "x") }
        }
        // The last of them on another thread.
        while now.withLock({ $0.count }) > 0 { sched_yield() }
        // A closed connection's responder lives until its loop lets go of it: a little longer than the connection.
        #expect(now.withLock { $0.most } <= (stage.face == .async ? 3 : 3 + 32))
    }
}
