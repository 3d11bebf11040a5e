import TestSupport
import Testing

@testable import MinatoSocket

@Suite("Cancelling what a connection does", .watchdog, .serialized)
struct ConnectionCancellationTests {
    /// Who performs the operation that is cancelled.
    enum Performer: CaseIterable {
        case own, child, letBinding, groupChild, detached, main
    }

    /// Performs `read` the given way, in a task that is cancelled from outside.
    private func start(_ performer: Performer, _ stage: Stage) -> Task<[UInt8], any Error> {
        let place: Setup.Place =
            switch performer {
            case .main: .main
            case .detached: .pool
            default: .own
            }
        return Stage(stage.loop, stage.connection, stage.peer, place).start { connection in
            switch performer {
            case .own, .main, .detached: return try await connection.read(atMost: 10)
            case .child, .groupChild:
                return try await withThrowingTaskGroup(of: [UInt8].self) { group in
                    group.addTask { try await connection.read(atMost: 10) }
                    if performer == .child { group.cancelAll() }
                    return try await group.next() ?? []
                }
            case .letBinding:
                async let bytes = connection.read(atMost: 10)
                return try await bytes
            }
        }
    }

    @Test(
        "A read that waits ends with .cancelled, whoever performs it, and no byte is lost",
        arguments: Performer.allCases, Setup.backends)
    func everyTask(_ performer: Performer, _ backend: EventLoop.Backend) async throws {
        try await Setup(backend: backend).run { stage in
            for _ in 0..<5 {
                let reading = start(performer, stage)
                // A child is cancelled by its group, at once.
                if performer != .child {
                    await stage.untilWaiting(.reading)
                    reading.cancel()
                }
                #expect(await code { _ = try await reading.value } == .cancelled)
            }
            try stage.peer.socket.sendAll("all there")
            #expect(text(try await stage.connection.read(atMost: 10)) == "all there")
        }
    }

    @Test("A task that was cancelled before it calls gets .cancelled, and takes nothing", arguments: Setup.all)
    func before(_ setup: Setup) async throws {
        try await setup.run { stage in
            try stage.peer.socket.sendAll("kept\n")
            // The data is known to be there, when it can be.
            let first = try await stage.start { try await $0.read(exactly: 1) }.value
            #expect(text(first) == "k")
            let place = stage.place
            let trying = stage.start { connection in
                // A task that is cancelled sees it a moment before the handlers are called, which tell the connection.
                while !Task.isCancelled { await Task.yield() }
                while place == .own, !connection.channel.current.isCancelled { await Task.yield() }
                var codes: [SocketError.Code?] = []
                codes.append(await code { _ = try await connection.read(atMost: 10) })
                codes.append(await code { _ = try await connection.readLine() })
                codes.append(await code { for try await _ in connection.chunks {} })
                codes.append(await code { try await connection.write("never") })
                codes.append(await code { try await connection.write(pieces: [[1]]) })
                codes.append(await code { _ = try await connection.receiveMessage(ancillaryCapacity: 0) })
                return codes
            }
            trying.cancel()
            let codes = try await trying.value
            #expect(codes == Array(repeating: .cancelled, count: 6))
            #expect(text(try await stage.start { try await $0.readLine() }.value) == "ept\n")
            try stage.connection.finishWriting()
            #expect(try stage.peer.socket.receive(atMost: 1) == [])
        }
    }

    @Test("A child of the own task is cancelled by itself: the own task goes on", arguments: Setup.backends)
    func child(_ backend: EventLoop.Backend) async throws {
        try await Setup(backend: backend).run { stage in
            let peer = stage.peer
            let reading = stage.start { connection in
                await withThrowingTaskGroup(of: [UInt8].self) { group in
                    group.addTask { try await connection.read(atMost: 10) }
                    while !connection.channel.current.isWaiting(.reading) { await Task.yield() }
                    group.cancelAll()
                    #expect(await code { _ = try await group.next() } == .cancelled)
                }
                try peer.socket.sendAll("x")
                return try await connection.read(atMost: 10)
            }
            let bytes = try await reading.value
            #expect(text(bytes) == "x")
        }
    }

    @Test("A cancelled write leaves the connection for reading, and says .cancelled", arguments: Setup.all)
    func writing(_ setup: Setup) async throws {
        try await setup.run { stage in
            let writing = stage.start { connection in
                while true { try await connection.write(muchContent) }
            }
            await stage.untilWaiting(.writing)
            writing.cancel()
            #expect(await code { _ = try await writing.value } == .cancelled)
            try stage.peer.socket.sendAll("x")
            #expect(text(try await stage.start { try await $0.read(atMost: 10) }.value) == "x")
        }
    }

    @Test("Composite reads that are cancelled in the middle go on where they stopped", arguments: Setup.all)
    func composite(_ setup: Setup) async throws {
        try await setup.run { stage in
            var sent = ""
            for round in 0..<20 {
                let reading = stage.start { connection in try await connection.readLine() }
                await stage.untilWaiting(.reading)
                let piece = "piece \(round) "
                sent += piece
                try stage.peer.socket.sendAll(piece)
                if Bool.random() { await Task.yield() }
                reading.cancel()
                #expect(await code { _ = try await reading.value } == .cancelled)
            }
            try stage.peer.socket.sendAll("\n")
            #expect(text(try await stage.start { try await $0.readLine() }.value) == sent + "\n")
        }
    }

    // How soon is measured by `scripts/bench --cases cancellations`, on a machine with nothing else to do.
    @Test("10,000 random cancellations: each returns, and no byte is lost", arguments: Setup.backends)
    func storm(_ backend: EventLoop.Backend) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for place in Setup.Place.allCases + [.pool, .own] {
                group.addTask {
                    try await Setup(backend: backend, place: place).run { stage in
                        try await self.cancelOften(stage, times: 850)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Sends numbered bytes, and cancels reads and now and then lets one succeed.
    private func cancelOften(_ stage: Stage, times: Int) async throws {
        var sent: UInt8 = 0
        var received: [UInt8] = []
        for _ in 0..<times {
            let collected = Guarded<[UInt8]>([])
            let reading = stage.start { connection in
                while true {
                    let bytes = try await connection.read(atMost: 3, timeout: .seconds(30))
                    collected.withLock { $0 += bytes }
                }
            }
            for _ in 0..<Int.random(in: 0..<3) {
                try stage.peer.socket.sendAll([sent])
                sent &+= 1
                if Bool.random() { await Task.yield() }
            }
            switch Int.random(in: 0..<3) {
            case 0: break
            case 1: await Task.yield()
            default: await stage.untilWaiting(.reading)
            }
            reading.cancel()
            #expect(await code { _ = try await reading.value } == .cancelled)
            received += collected.withLock { $0 }
        }
        try stage.peer.socket.shutdown(.sending)
        received += try await stage.connection.readAll(limit: 10_000)
        let expected = (0..<received.count).map { UInt8(truncatingIfNeeded: $0) }
        #expect(received == expected)
        #expect(UInt8(truncatingIfNeeded: received.count) == sent)
    }
}
