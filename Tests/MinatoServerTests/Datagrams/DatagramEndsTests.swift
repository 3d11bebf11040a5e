import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

@Suite("Datagrams on event loops: the ends of serving", .watchdog)
struct DatagramEndsTests {
    /// Waits, in a task that is cancelled at the end.
    private static func waitUntilCancelled() async {
        try? await EventLoopGroup.shared.next().sleep(until: .none)
    }

    @Test("Cancelling with handlers in flight cancels and joins them", arguments: DatagramStage.of(.async))
    func cancel(stage: DatagramStage) throws {
        let server = try udpServer()
        let begun = Journal<UInt8>()
        let ended = Journal<Bool>()
        let serving = try DatagramServing(server, stage) { (server, loops) in
            try await server.serve(on: loops) { request in
                begun.write(request.bytes.first ?? 0)
                await Self.waitUntilCancelled()
                ended.write(Task.isCancelled)
            }
        }
        let client = try datagramClient(of: server)
        for number in 0..<100 as Range<UInt8> { try client.send([number]) }
        begun.wait(for: 100)
        serving.cancel()
        #expect(serving.joinedCode() == .cancelled)
        #expect(ended.entries == [Bool](repeating: true, count: 100))
        #expect(errorCode { () throws(SocketError) in try server.serveBlocking { _ in } } == .closed)
    }

    @Test("Cancelling an idle server ends it", arguments: DatagramStage.all)
    func cancelIdle(stage: DatagramStage) throws {
        let server = try udpServer()
        let serving = try DatagramServing(server, stage) { try await stage.echo($0, $1) }
        let client = try datagramClient(of: server)
        try client.send([1])
        try #expect(client.receive(atMost: 10) == [1])
        serving.cancel()
        #expect(serving.joinedCode() == .cancelled)
    }

    @Test("A shutdown from a handler ends serving", arguments: DatagramStage.all)
    func shutdownFromHandler(stage: DatagramStage) throws {
        let server = try udpServer()
        let serving = try DatagramServing(server, stage) { (server, loops) in
            try await stage.answer(server, loops) { (bytes, _) in
                server.shutdown()
                server.shutdown()
                return bytes
            }
        }
        try datagramClient(of: server).send([1])
        try serving.join()
    }

    @Test("A shutdown before serving, and one at once, are heard", arguments: DatagramStage.all)
    func shutdownAtOnce(stage: DatagramStage) throws {
        let closed = try udpServer()
        closed.shutdown()
        #expect(try DatagramServing(closed, stage) { try await stage.echo($0, $1) }.joinedCode() == .closed)
        for _ in 0..<20 {
            let server = try udpServer()
            let serving = try DatagramServing(server, stage) { try await stage.echo($0, $1) }
            server.shutdown()
            let code = serving.joinedCode()
            #expect(code == nil || code == .closed)
        }
    }

    @Test("Loops that are shut down end serving", arguments: DatagramStage.all)
    func loopsEnd(stage: DatagramStage) async throws {
        let server = try udpServer()
        let serving = try DatagramServing(server, stage) { try await stage.echo($0, $1) }
        let client = try datagramClient(of: server)
        try client.send([1])
        try #expect(client.receive(atMost: 10) == [1])
        serving.loops.shutdown()
        // What ran on them goes on in Swift's own threads, which are not to be blocked then.
        await serving.finish()
        _ = serving.joinedCode()
        #expect(errorCode { () throws(SocketError) in try server.serveBlocking { _ in } } == .closed)
    }

    @Test("A drain lets handlers finish, and receives nothing more", arguments: DatagramStage.of(.async))
    func drain(stage: DatagramStage) throws {
        let server = try udpServer()
        let begun = Journal<Bool>()
        let door = AsyncDoor()
        let serving = try DatagramServing(server, stage) { (server, loops) in
            try await server.serve(on: loops) { request in
                begun.write(true)
                await door.pass()
                try await request.reply(request.bytes)
            }
        }
        let client = try datagramClient(of: server)
        for number in 0..<10 as Range<UInt8> { try client.send([number]) }
        begun.wait(for: 10)
        let drain = try Background { server.drainBlocking(timeout: nil) }
        while !server.hasStoppedTaking { sched_yield() }
        try client.send([99])
        door.open()
        let report = try drain.join()
        #expect(report.description == "10 finished, 0 ended")
        var received: Set<UInt8> = []
        for _ in 0..<10 { received.formUnion(try client.receive(atMost: 10)) }
        #expect(received == Set(0..<10))
        try serving.join()
        #expect(begun.entries.count == 10)
    }

    @Test("A drain's time is over: the rest is cancelled and counted", arguments: DatagramStage.of(.async))
    func drainEnds(stage: DatagramStage) throws {
        let server = try udpServer()
        let begun = Journal<Bool>()
        let serving = try DatagramServing(server, stage) { (server, loops) in
            try await server.serve(on: loops) { _ in
                begun.write(true)
                await Self.waitUntilCancelled()
            }
        }
        let client = try datagramClient(of: server)
        for number in 0..<5 as Range<UInt8> { try client.send([number]) }
        begun.wait(for: 5)
        #expect(server.drainBlocking(timeout: .milliseconds(20)).description == "0 finished, 5 ended")
        try serving.join()
    }

    @Test("A drain from a handler neither waits for it nor counts it", arguments: DatagramStage.of(.async))
    func drainFromHandler(stage: DatagramStage) throws {
        let server = try udpServer()
        let reports = Journal<String>()
        let serving = try DatagramServing(server, stage) { (server, loops) in
            try await server.serve(on: loops) { request in
                reports.write(await server.drain(timeout: nil).description)
                try await request.reply("drained")
            }
        }
        let client = try datagramClient(of: server)
        try client.send([1])
        try #expect(client.receive(atMost: 10) == Array("drained".utf8))
        try serving.join()
        #expect(reports.entries == ["0 finished, 0 ended"])
    }

    @Test("What had come when the drain began is answered", arguments: DatagramStage.all)
    func drainTakesTheLast(stage: DatagramStage) throws {
        let server = try udpServer()
        let gate = Gate()
        let serving = try DatagramServing(server, stage) { (server, loops) in
            try await stage.answer(server, loops) { (bytes, _) in
                // The loop is busy.
                if bytes == [0] { gate.pass() }
                return bytes
            }
        }
        let client = try datagramClient(of: server)
        for _ in 0..<stage.loops { try client.send([0]) }
        // With two loops the second one may get nothing, when the first has taken both.
        gate.wait(for: 1)
        for number in 1..<100 as Range<UInt8> { try client.send([number]) }
        let drain = try Background { server.drainBlocking(timeout: nil) }
        while !server.isStopping { sched_yield() }
        gate.open()
        var received: Set<UInt8> = []
        while received.count < 100 { received.formUnion(try client.receive(atMost: 10)) }
        #expect(try drain.join().ended == 0)
        try serving.join()
    }

    @Test("A responder is drained at once, when none of its replies waits", arguments: DatagramStage.of(.responder))
    func drainResponder(stage: DatagramStage) throws {
        let server = try udpServer()
        let serving = try DatagramServing(server, stage) { try await stage.echo($0, $1) }
        let client = try datagramClient(of: server)
        try client.send([1])
        try #expect(client.receive(atMost: 10) == [1])
        #expect(server.drainBlocking(timeout: nil).description == "0 finished, 0 ended")
        try serving.join()
    }

    @Test("A drain waits for a responder's replies that wait, and gives up the rest in time", arguments: [true, false])
    func drainLateReplies(reads: Bool) throws {
        for stage in DatagramStage.of(.responder) {
            let directory = try TemporaryDirectory()
            let server = try UnixDatagramServer(on: .unixDatagram(directory.file("server")))
            let serving = try DatagramServing(server, stage) { try await stage.echo($0, $1) }
            var client = try datagramClient(of: server, from: .unixUnnamed)
            // Full, and some more: each is answered, and the kernel takes the same number of replies.
            var sent: UInt64 = 0
            while server.waitingReplies < 3 {
                try unsafe client.send(withUnsafeBytes(of: &sent) { unsafe Array($0) })
                sent += 1
                if sent % 16 == 0 { sched_yield() }
            }
            guard reads else {
                let waiting = server.waitingReplies
                let report = server.drainBlocking(timeout: .milliseconds(20))
                #expect(report.finished == 0)
                // Some may have been under way to it.
                #expect(report.ended >= waiting)
                try serving.join()
                continue
            }
            let drain = try Background { server.drainBlocking(timeout: nil) }
            while !server.hasStoppedTaking { sched_yield() }
            let waiting = server.waitingReplies
            var received: UInt64 = 0
            try client.setTimeout(.milliseconds(100))
            while true {
                do throws(SocketError) {
                    let number = unsafe try client.receive(atMost: 8).withUnsafeBytes {
                        unsafe $0.loadUnaligned(as: UInt64.self)
                    }
                    // In their order, on one loop.
                    if stage.loops == 1 { #expect(number == received) }
                    received += 1
                } catch {
                    guard error.code == .timedOut else { throw error }
                    if server.waitingReplies == 0 { break }
                }
            }
            #expect(received > waiting)
            let report = try drain.join()
            #expect(report.ended == 0)
            #expect(report.finished >= waiting)
            try serving.join()
        }
    }

    @Test("At most as many handlers at a time as the limit says", arguments: DatagramStage.of(.async), [1, 3, 100])
    func bounded(stage: DatagramStage, limit: Int) throws {
        var limits = ServerLimits()
        limits.maxConnections = limit
        let server = try udpServer(limits: limits)
        let inside = Guarded((now: 0, most: 0))
        let door = AsyncDoor()
        try stage.serving(server) { (server, loops) in
            try await server.serve(on: loops) { request in
                inside.withLock { inside in
                    inside.now += 1
                    inside.most = max(inside.most, inside.now)
                }
                inside.wakeAll()
                await door.pass()
                inside.withLock { $0.now -= 1 }
                try await request.reply(request.bytes)
            }
        } while: {
            let client = try datagramClient(of: server)
            for number in 0..<100 as Range<UInt8> { try client.send([number]) }
            _ = inside.wait { $0.now == limit ? true : nil }
            door.open()
            var received: Set<UInt8> = []
            for _ in 0..<100 { received.formUnion(try client.receive(atMost: 10)) }
            #expect(received == Set(0..<100))
        }
        #expect(inside.withLock { $0.most } == limit)
    }

    @Test("It cannot be served a second time meanwhile", arguments: DatagramStage.all)
    func refusals(stage: DatagramStage) throws {
        let server = try udpServer()
        try stage.echoing(server) {
            let client = try datagramClient(of: server)
            try client.send([1])
            try #expect(client.receive(atMost: 10) == [1])
            let second = try DatagramServing(server, stage) { try await stage.echo($0, $1) }
            #expect(second.joinedCode() == SocketError.Code(EALREADY))
            try client.send([2])
            try #expect(client.receive(atMost: 10) == [2])
        }
    }

    @Test("A request and an info can be made without a server, to test a handler")
    func alone() async throws {
        let sent = Journal<String>()
        let sender = SocketAddress(ipv4: 192, 0, 2, 1, port: 9)
        let request = AsyncDatagramRequest(Datagram(bytes: [65], sender: sender)) { (bytes, receiver) in
            sent.write("\(String(decoding: bytes, as: UTF8.self)) to \(receiver)")
        }
        try await request.reply("B")
        try await request.reply(request.bytes)
        #expect(sent.entries == ["B to 192.0.2.1:9", "A to 192.0.2.1:9"])
        let unnamed = AsyncDatagramRequest(Datagram(bytes: [], sender: .unixUnnamed)) { (_, _) in }
        await #expect(throws: SocketError.self) { try await unnamed.reply([1]) }

        var output = ResponderOutput()
        var responder = ClosureDatagramResponder { (bytes, _) in bytes.reversed() }
        let info = DatagramInfo(sender: sender, length: 2)
        let verdict = try responder.respond(to: [1, 2].span, info, output: &output)
        #expect(verdict == .reply)
        #expect(output.bytes == [2, 1])
    }
}

extension SocketServer {
    /// Whether it has been told to stop.
    fileprivate var isStopping: Bool { state.withLock { $0.phase == .stopping } }

    /// Whether no loop receives any more.
    fileprivate var hasStoppedTaking: Bool { state.withLock { $0.listener == nil } }

    /// How many replies of responders wait.
    fileprivate var waitingReplies: Int { state.withLock { $0.workCount } }
}
