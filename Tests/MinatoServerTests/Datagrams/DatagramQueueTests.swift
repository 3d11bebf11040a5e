import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

/// Eight datagrams wait in the socket when serving begins: one receive takes them all. So seven are in the server's hands while
/// the first one is handled.
@Suite("Datagrams on event loops: those that were received and not begun", .watchdog)
struct DatagramQueueTests {
    static let stages = DatagramStage.of(.async).filter { $0.loops == 1 }

    private func setting() throws -> (server: UDPServer, client: DatagramPeer) {
        let server = try udpServer()
        let client = try DatagramPeer(of: server)
        for number in 0..<8 as Range<UInt8> { try client.socket.send([number]) }
        return (server, client)
    }

    /// Serves, and waits until the first one is handled, whose handler passes the gate before it replies.
    private func stopAtFirst(
        _ server: UDPServer, _ stage: DatagramStage, _ begun: Journal<UInt8>, _ gate: Gate
    ) throws -> DatagramServing {
        let serving = try DatagramServing(server, stage) { (server, loops) in
            try await server.serve(on: loops) { request in
                begun.write(request.bytes.first ?? 99)
                gate.pass()
                try await request.reply(request.bytes)
            }
        }
        gate.wait(for: 1)
        return serving
    }

    @Test("A drain without time counts and ends them, and none is begun", arguments: stages)
    func drainWithoutTime(stage: DatagramStage) throws {
        let (server, client) = try setting()
        let begun = Journal<UInt8>()
        let gate = Gate()
        let serving = try stopAtFirst(server, stage, begun, gate)
        #expect(server.drainBlocking(timeout: .zero).description == "0 finished, 8 ended")
        #expect(server.drainBlocking(timeout: .zero).description == "0 finished, 0 ended")
        gate.open()
        try serving.join()
        #expect(begun.entries == [0])
        // What its handler said has been said.
        try #expect(client.socket.receive(atMost: 10) == [0])
    }

    @Test("A drain lets them be handled, and their replies have left when it is over", arguments: stages)
    func drain(stage: DatagramStage) throws {
        let (server, client) = try setting()
        let gate = Gate()
        let serving = try DatagramServing(server, stage) { (server, loops) in
            try await server.serve(on: loops) { request in
                gate.pass()
                try await request.reply(request.bytes)
            }
        }
        gate.wait(for: 1)
        let drain = try Background { server.drainBlocking(timeout: nil) }
        server.waitUntilStopping()
        gate.open()
        try #expect(drain.join().description == "8 finished, 0 ended")
        var received: [UInt8] = []
        var there = try client.socket.duplicate()
        try there.setTimeout(.zero)
        for _ in 0..<8 { received += try there.receive(atMost: 10) }
        #expect(received == Array(0..<8))
        try serving.join()
    }

    @Test("A handler that drains waits for them, and not for itself", arguments: stages)
    func drainFromHandler(stage: DatagramStage) throws {
        let (server, client) = try setting()
        let reports = Journal<String>()
        let serving = try DatagramServing(server, stage) { (server, loops) in
            try await server.serve(on: loops) { request in
                if request.bytes == [0] { reports.write(await server.drain(timeout: nil).description) }
                try await request.reply(request.bytes)
            }
        }
        var received: [UInt8] = []
        for _ in 0..<8 { received += try client.socket.receive(atMost: 10) }
        #expect(received.last == 0)
        #expect(received.sorted() == Array(0..<8))
        try serving.join()
        #expect(reports.entries == ["7 finished, 0 ended"])
    }

    @Test("A handler that drains without time ends them, and goes on itself", arguments: stages)
    func drainWithoutTimeFromHandler(stage: DatagramStage) throws {
        let (server, client) = try setting()
        let reports = Journal<String>()
        let begun = Journal<UInt8>()
        let serving = try DatagramServing(server, stage) { (server, loops) in
            try await server.serve(on: loops) { request in
                begun.write(request.bytes.first ?? 99)
                guard request.bytes == [3] else {
                    try? await EventLoopGroup.shared.next().sleep(until: .none)
                    return
                }
                reports.write(await server.drain(timeout: .zero).description)
                #expect(!Task.isCancelled)
                try await request.reply("drained")
            }
        }
        try #expect(client.socket.receive(atMost: 10) == Array("drained".utf8))
        try serving.join()
        #expect(reports.entries == ["0 finished, 7 ended"])
        #expect(begun.entries.count >= 4)
    }

    enum Ending: CaseIterable { case shutdown, cancellation }

    @Test("What ends the server ends them, and none is begun", arguments: stages, Ending.allCases)
    func end(stage: DatagramStage, ending: Ending) throws {
        let (server, client) = try setting()
        let begun = Journal<UInt8>()
        let gate = Gate()
        let serving = try stopAtFirst(server, stage, begun, gate)
        if ending == .shutdown { server.shutdown() } else { serving.cancel() }
        gate.open()
        #expect(serving.joinedCode() == (ending == .shutdown ? nil : .cancelled))
        #expect(begun.entries == [0])
        try #expect(client.socket.receive(atMost: 10) == [0])
    }

    @Test("Handlers that wait when their loop is shut down go on elsewhere, and are waited for", arguments: stages)
    func loopEnds(stage: DatagramStage) async throws {
        let (server, client) = try setting()
        let begun = Journal<Bool>()
        let door = AsyncDoor()
        let serving = try DatagramServing(server, stage) { (server, loops) in
            try await server.serve(on: loops) { request in
                begun.write(true)
                await door.pass()
                try await request.reply(request.bytes)
            }
        }
        _ = try await Background { begun.wait(for: 8) }.value
        serving.loops.shutdown()
        door.open()
        await serving.finish()
        var received: [UInt8] = []
        for _ in 0..<8 { received += try client.socket.receive(atMost: 10) }
        #expect(received.sorted() == Array(0..<8))
        #expect(serving.joinedCode() == .closed)
    }
}
