internal import Glibc
internal import MinatoSocket
internal import Synchronization

/// Clients who come and go, and do not all behave: so many at a time.
final class Visitors: Sendable {
    private struct Target: Sendable {
        let endpoint: Endpoint

        /// `NAME=ENDPOINT`.
        init(_ text: String) throws {
            endpoint = try Endpoint(
                parsing: String(text[text.index(after: text.firstIndex(of: "=") ?? text.startIndex)...]))
        }
    }

    private let targets: [Target]
    private let count: Int
    private let loops: EventLoopGroup
    private let isPaused = Atomic(true)
    private let active = Atomic(0)
    let tally = VisitTally()

    static func visit(_ arguments: ArraySlice<String>) throws {
        let visitors = Visitors(
            try arguments.dropFirst().map { try Target($0) }, Int(arguments.first ?? "") ?? 1,
            try EventLoopGroup(loops: 1))
        Console.obey { line in
            switch line {
            case "go": visitors.go()
            case "pause": visitors.pause()
            default: break
            }
            return Console.status([("tasks", visitors.active.load(ordering: .acquiring))] + visitors.tally.numbers)
        }
    }

    private init(_ targets: [Target], _ count: Int, _ loops: EventLoopGroup) {
        self.targets = targets
        self.count = count
        self.loops = loops
    }

    private func go() {
        isPaused.store(false, ordering: .releasing)
        guard let loop = try? loops.next() else { return }
        for _ in 0..<count {
            active.add(1, ordering: .relaxed)
            Task(executorPreference: loop) { [self] in
                while !isPaused.load(ordering: .acquiring) { await visit(loop) }
                active.subtract(1, ordering: .releasing)
            }
        }
    }

    /// Waits until the visitors have gone: 30 s, then they hang. It looks again and again, so that they, who are the load, have
    /// nobody to wake up.
    private func pause() {
        isPaused.store(true, ordering: .releasing)
        for _ in 0..<30_000 where active.load(ordering: .acquiring) > 0 { usleep(1000) }
    }

    private func visit(_ loop: EventLoop) async {
        guard let target = targets.randomElement() else { return }
        do throws(SocketError) {
            if target.endpoint.kind == .datagram {
                try await exchange(target.endpoint, loop)
            } else {
                try await call(target.endpoint, loop)
            }
        } catch {
            tally.add(error.code == .timedOut ? .late : .broken)
            // A server that refuses for a moment is not run down.
            try? await loop.sleep(for: .milliseconds(1))
        }
    }

    // MARK: - Streams

    private func call(_ endpoint: Endpoint, _ loop: EventLoop) async throws(SocketError) {
        let connection = try await Connection.connect(to: endpoint, timeout: .seconds(20), loop: loop)
        defer { connection.close() }
        tally.add(.visit)
        switch Int.random(in: 0..<100) {
        case 0..<5:
            // What has been sent, and what comes back, is lost.
            try await connection.write([UInt8](repeating: 1, count: 10_000))
            try connection.setOption(.linger, .upTo(seconds: 0))
            tally.add(.reset)
        case 5:
            // Says nothing, until the server has had enough.
            do throws(SocketError) {
                if try await connection.read(atMost: 1, timeout: .seconds(20)) != [] { tally.add(.wrong) }
            } catch {
                if error.code == .timedOut { throw error }
            }
            tally.add(.silent)
        case 6:
            // Asks for much and reads nothing, until the server has had enough.
            let bytes = [UInt8](repeating: 2, count: 1 << 20)
            do throws(SocketError) {
                while true { try await connection.write(bytes, timeout: .seconds(20)) }
            } catch {
                if error.code == .timedOut { throw error }
            }
            tally.add(.deaf)
        case 7..<17:
            await Cancelled.run(loop, after: .microseconds(Int.random(in: 0..<3000))) {
                try await self.talk(connection)
            }
            tally.add(.cancelled)
        default: try await talk(connection)
        }
    }

    private func talk(_ connection: Connection) async throws(SocketError) {
        for _ in 0..<Int.random(in: 1...200) where !isPaused.load(ordering: .relaxed) {
            let size = Int.random(in: 0..<100) == 0 ? 50_000 : Int.random(in: 1...1000)
            let bytes = [UInt8](repeating: UInt8.random(in: 0...255), count: size)
            try await connection.write(bytes, timeout: .seconds(20))
            if try await connection.read(exactly: size, timeout: .seconds(20)) != bytes { tally.add(.wrong) }
            tally.add(.message)
        }
        try connection.finishWriting()
        if try await connection.read(atMost: 1, timeout: .seconds(20)) != [] { tally.add(.wrong) }
    }

    // MARK: - Datagrams

    /// Each is answered, or lost.
    private func exchange(_ endpoint: Endpoint, _ loop: EventLoop) async throws(SocketError) {
        let socket = try await DatagramSocket(connectedTo: endpoint, loop: loop)
        defer { socket.close() }
        tally.add(.visit)
        var sent: Set<[UInt8]> = []
        for number in 0..<Int.random(in: 1...200) where !isPaused.load(ordering: .relaxed) {
            let bytes = [UInt8](repeating: UInt8(number), count: Int.random(in: 0...1200))
            sent.insert(bytes)
            try await socket.send(bytes, timeout: .seconds(20))
            do throws(SocketError) {
                // A late one is one of those that were sent before.
                if !sent.contains(try await socket.receive(timeout: .milliseconds(200)).bytes) { tally.add(.wrong) }
                tally.add(.message)
            } catch {
                guard error.code == .timedOut else { throw error }
                tally.add(.lost)
            }
        }
    }
}
