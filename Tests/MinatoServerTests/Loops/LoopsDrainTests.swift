import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

@Suite("Draining servers on event loops", .watchdog)
struct LoopsDrainTests {
    @Test("Handlers at work come to their end; nobody else is taken", arguments: LoopStage.of(.async))
    func handlers(stage: LoopStage) throws {
        let server = try tcpServer()
        let door = Door()
        let serving = try LoopServing(server, stage) { server, loops in
            try await server.serve(on: loops) { connection in
                await door.pass()
                try await connection.write("done")
            }
        }
        let clients = try (0..<2).map { _ in try sharedClient(of: server) }
        door.arrivals.wait(for: 2)
        let drain = try Background { server.drainBlocking(timeout: nil) }
        // The listener is closed although handlers are at work. Connections until then may have been taken.
        var others = 0
        while !server.isRefusing { others += 1 }
        door.open()
        for client in clients { try #expect(client.socket.readToEnd() == "done") }
        let report = try drain.join()
        #expect(2...(2 + others) ~= report.finished)
        #expect(report.ended == 0)
        try serving.join()
    }

    @Test("What is not finished in time is ended", arguments: LoopStage.all, [Duration.milliseconds(20), .zero])
    func ends(stage: LoopStage, timeout: Duration) throws {
        let server = try tcpServer()
        let serving = try LoopServing(server, stage, stage.upper)
        // In the middle of a request, whose beginning has been seen.
        let half = try sharedClient(of: server)
        try #expect(half.exchange("A\n") == "A\n")
        try half.socket.sendAll("a\nb")
        try #expect(half.socket.receiveExactly(2) == Array("A\n".utf8))
        let report = server.drainBlocking(timeout: timeout)
        #expect(report == server.report(finished: 0, ended: 1))
        #expect(half.socket.drainToEnd() == nil)
        try serving.join()
        #expect(server.drainBlocking(timeout: nil).description == "0 finished, 0 ended")
    }

    @Test(
        "A responder's connection at rest is closed at once, one with an answer under way when the answer is out",
        arguments: LoopStage.of(.responder))
    func atRest(stage: LoopStage) throws {
        let server = try tcpServer()
        let size = 8_000_000
        let serving = try LoopServing(server, stage) { server, loops in
            try await server.serve(
                on: loops,
                responder: { _ in
                    ClosureResponder { input, output in
                        if input.count == 1 {
                            output.append(input)
                        } else {
                            output.append([UInt8](repeating: 1, count: size))
                        }
                        return .goOn(consumed: input.count)
                    }
                })
        }
        let silent = try (0..<3).map { _ in try sharedClient(of: server) }
        for client in silent { try #expect(client.exchange("x") == "x") }
        let slow = try sharedClient(of: server)
        try slow.socket.sendAll("more")
        let first = try slow.socket.receiveExactly(1000)
        let drain = try Background { server.drainBlocking(timeout: nil) }
        for client in silent { #expect(client.socket.drainToEnd() == nil) }
        let rest = try slow.socket.receiveExactly(size)
        #expect(first.count + rest.count == size)
        try #expect(drain.join() == server.report(finished: 4, ended: 0))
        try serving.join()
    }

    @Test("A request of which a part has come is answered", arguments: LoopStage.of(.responder))
    func halfRequest(stage: LoopStage) throws {
        let server = try tcpServer()
        let serving = try LoopServing(server, stage, stage.upper)
        let half = try sharedClient(of: server)
        try half.socket.sendAll("one\ntw")
        try #expect(half.socket.receiveExactly(4) == Array("ONE\n".utf8))
        let drain = try Background { server.drainBlocking(timeout: nil) }
        while !server.isRefusing {}
        try half.socket.sendAll("o\n")
        try #expect(half.socket.readToEnd() == "TWO\n")
        try #expect(drain.join().ended == 0)
        try serving.join()
    }

    @Test("Serving goes on as long as a connection that is drained does, and no longer", arguments: LoopStage.all)
    func returnsLast(stage: LoopStage) throws {
        let server = try tcpServer()
        let serving = try LoopServing(server, stage, stage.upper)
        let busy = try sharedClient(of: server)
        try busy.socket.sendAll("a\nb")
        try #expect(busy.socket.receiveExactly(2) == Array("A\n".utf8))
        let drain = try Background { server.drainBlocking(timeout: nil) }
        while !server.isRefusing {}
        // Always in the middle of a request: in many turns of the loops.
        for _ in 0..<200 {
            try busy.socket.sendAll("\nb")
            try #expect(busy.socket.receiveExactly(2) == Array("B\n".utf8))
        }
        #expect(!serving.hasReturned)
        try busy.socket.sendAll("\n")
        try #expect(busy.socket.receiveExactly(2) == Array("B\n".utf8))
        try busy.socket.shutdown(.sending)
        #expect(busy.socket.drainToEnd() == nil)
        try #expect(drain.join().ended == 0)
        try serving.join()
    }

    @Test(
        "A client that has not said anything when the drain begins may still do so", arguments: LoopStage.of(.responder)
    )
    func fresh(stage: LoopStage) throws {
        let server = try tcpServer()
        server.drainGrace = .seconds(20)
        let serving = try LoopServing(server, stage, stage.echo)
        let late = try sharedClient(of: server)
        // Accepted after it.
        try #expect(sharedClient(of: server).exchange("x") == "x")
        let drain = try Background { server.drainBlocking(timeout: .seconds(20)) }
        while !server.isRefusing {}
        try late.socket.sendAll("late")
        try #expect(late.socket.readToEnd() == "late")
        try #expect(drain.join().ended == 0)
        try serving.join()
    }

    @Test("A client that says nothing does not hold up a drain", arguments: LoopStage.of(.responder))
    func silent(stage: LoopStage) throws {
        let errors = Journal<String>()
        var hooks = StreamServerHooks()
        hooks.onError = { error, _ in errors.write("\(error)") }
        let server = try tcpServer(hooks: hooks)
        let serving = try LoopServing(server, stage, stage.echo)
        let silent = try sharedClient(of: server)
        try #expect(sharedClient(of: server).exchange("x") == "x")
        let drain = try Background { server.drainBlocking(timeout: nil) }
        #expect(silent.socket.drainToEnd() == nil)
        try #expect(drain.join().ended == 0)
        try serving.join()
        #expect(errors.entries == [])
    }

    @Test("Whoever was connected when the drain began is served, in the queue or not", arguments: LoopStage.all)
    func queued(stage: LoopStage) throws {
        for _ in 0..<40 {
            let server = try tcpServer()
            let serving = try LoopServing(server, stage, stage.echo)
            let first = try sharedClient(of: server)
            try #expect(first.exchange("x") == "x")
            let clients = try (0..<5).map { _ in try sharedClient(of: server) }
            for client in clients { try client.socket.sendAll("y") }
            let drain = try Background { server.drainBlocking(timeout: .seconds(20)) }
            for client in clients { try #expect(client.socket.receiveExactly(1) == [121]) }
            for client in clients + [first] { try? client.socket.shutdown(.sending) }
            try #expect(drain.join().ended == 0)
            try serving.join()
        }
    }

    @Test("Who waits when serving begins is served, whichever loop begins first", arguments: LoopStage.all)
    func startup(stage: LoopStage) throws {
        for _ in 0..<20 {
            let server = try tcpServer()
            let clients = try (0..<20).map { _ in try sharedClient(of: server) }
            try stage.serving(server, stage.echo) {
                for client in clients { try #expect(client.exchange("x") == "x") }
            }
        }
    }

    @Test(
        "From a handler: the others are waited for, its own connection is neither ended nor counted",
        arguments: LoopStage.of(.async))
    func fromHandler(stage: LoopStage) throws {
        let server = try tcpServer()
        let door = Door()
        let reports = Journal<DrainReport>()
        let serving = try LoopServing(server, stage) { server, loops in
            try await server.serve(on: loops) { connection in
                if try await connection.read(atMost: 10) == Array("drain".utf8) {
                    reports.write(await server.drain(timeout: nil))
                    try await connection.write("drained")
                } else {
                    await door.pass()
                    try await connection.write("done")
                }
            }
        }
        let other = try sharedClient(of: server)
        try other.socket.sendAll("work")
        door.arrivals.wait(for: 1)
        let own = try sharedClient(of: server)
        try own.socket.sendAll("drain")
        server.waitUntilStopping()
        door.open()
        try #expect(other.socket.readToEnd() == "done")
        try #expect(own.socket.readToEnd() == "drained")
        try serving.join()
        #expect(reports.entries == [server.report(finished: 1, ended: 0)])
    }

    @Test(
        "Cancelling the task that drains ends everything at once; so does a shutdown", arguments: LoopStage.all,
        [true, false])
    func cutShort(stage: LoopStage, byCancelling: Bool) throws {
        let server = try tcpServer()
        let serving = try LoopServing(server, stage, stage.upper)
        let half = try sharedClient(of: server)
        try half.socket.sendAll("a\nb")
        try #expect(half.socket.receiveExactly(2) == Array("A\n".utf8))
        let reports = Journal<DrainReport>()
        let drain = Task(executorPreference: try EventLoopGroup.shared.next()) {
            reports.write(await server.drain(timeout: nil))
        }
        while !server.isRefusing {}
        #expect(half.isSilent(for: 10))
        if byCancelling { drain.cancel() } else { server.shutdown() }
        #expect(half.socket.drainToEnd() == nil)
        reports.wait(for: 1)
        #expect((reports.entries.first?.ended ?? 0) >= 1)
        try serving.join()
    }

    @Test("A server that does not serve is closed at once")
    func notServing() throws {
        let server = try tcpServer()
        let reports = Journal<DrainReport>()
        let drain = Task(executorPreference: try EventLoopGroup.shared.next()) {
            reports.write(await server.drain(timeout: nil))
        }
        #expect(reports.wait(for: 1) == [server.report(finished: 0, ended: 0)])
        _ = drain
        #expect(errorCode { () throws(SocketError) in try server.serveBlocking(echo) } == .closed)
    }
}

extension SocketServer {
    /// A report to compare with.
    func report(finished: Int, ended: Int) -> DrainReport { DrainReport(finished: finished, ended: ended) }
}
