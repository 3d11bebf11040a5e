import Minato
import TestSupport
import Testing

/// The code of the article "Cancellation and deadlines", and what it says. It is run.
@Suite("Cancellation and deadlines: the article", .watchdog)
struct CancellationSnippets {
    /// A connection and what is at its other end.
    private func pair() throws -> (Connection, Connection) {
        let ends = try Socket.pair()
        return (try Connection(adopting: ends.first), try Connection(adopting: ends.second))
    }

    /// More than the kernel takes from somebody whose peer does not read.
    private static let much = [UInt8](repeating: 0x78, count: 4 << 20)

    // MARK: - Time

    private func ask(_ question: String, at endpoint: Endpoint) async throws -> [UInt8]? {
        let deadline = Deadline.after(.seconds(10))
        return try await withConnection(to: endpoint, deadline: deadline) { connection in
            try await connection.write(question + "\n", deadline: deadline)
            return try await connection.readLine(limit: 1024, deadline: deadline)
        }
    }

    @Test("One deadline for several operations")
    func shared() async throws {
        try await withEcho { endpoint in
            let answer = try await ask("who", at: endpoint)
            #expect(answer == Array("who\n".utf8))
        }
    }

    @Test("The connection's own timeouts")
    func standard() async throws {
        let (connection, peer) = try pair()
        defer { peer.close() }
        try connection.setReadTimeout(.seconds(60))
        try connection.setWriteTimeout(.seconds(10))
        #expect(connection.readTimeout == .seconds(60))
        #expect(connection.writeTimeout == .seconds(10))
        #expect(throws: SocketError.self) { try connection.setReadTimeout(.zero) }
        connection.close()
    }

    @Test("A loop whose reads never wait looks at the deadline itself")
    func passed() async throws {
        let (connection, peer) = try pair()
        defer { connection.close() }
        let flooding = Task { while true { try await peer.write(Self.much) } }
        _ = try await connection.read(atMost: 1)
        var total = 0
        let deadline = Deadline.after(.milliseconds(20))
        do {
            while !deadline.hasPassed {
                let piece = try await connection.read(atMost: 4096, deadline: deadline)
                if piece.isEmpty { break }
                total += piece.count
            }
        } catch {
            #expect(error.code == .timedOut)
        }
        #expect(deadline.hasPassed)
        flooding.cancel()
        await #expect(throws: SocketError.self) { try await flooding.value }
        peer.close()
        // Over or not, what is there is read.
        let (other, otherPeer) = try pair()
        try await otherPeer.write("xx")
        _ = try await other.read(atMost: 1)
        #expect(try await other.read(atMost: 1, timeout: .zero, deadline: deadline) == [0x78])
        other.close()
        otherPeer.close()
    }

    @Test("Zero takes what is there, and says .timedOut when nothing is")
    func zero() async throws {
        let (connection, peer) = try pair()
        defer {
            connection.close()
            peer.close()
        }
        #expect(await code { _ = try await connection.read(atMost: 1, timeout: .zero) } == .timedOut)
    }

    @Test("A deadline from an instant of ContinuousClock")
    func instant() {
        let instant = ContinuousClock.now.advanced(by: .seconds(10))
        let deadline = Deadline(instant)
        #expect(!deadline.hasPassed)
        #expect(deadline < .after(.seconds(11)))
        #expect(Deadline(.now.advanced(by: .seconds(-1))).hasPassed)
    }

    // MARK: - What was cut short

    /// Reads lines, and asks a silent peer for a sign of life.
    private func readLines(
        of connection: Connection, patience: Duration, _ handle: ([UInt8]) -> Void
    ) async throws(SocketError) {
        while true {
            do throws(SocketError) {
                guard let line = try await connection.readLine(limit: 1024, timeout: patience) else { return }
                handle(line)
            } catch {
                guard error.code == .timedOut else { throw error }
                try await connection.write("ping\n", timeout: patience)
            }
        }
    }

    @Test("A read whose time is over has lost no byte: half a line waits for the other half")
    func halfALine() async throws {
        let (connection, peer) = try pair()
        defer { connection.close() }
        try await peer.write("hel")
        async let silent: Void = {
            // It has been asked: the time for the line was over at least once.
            _ = try await peer.readLine()
            try await peer.write("lo\n")
            try peer.finishWriting()
        }()
        var lines: [[UInt8]] = []
        try await readLines(of: connection, patience: .milliseconds(5)) { lines.append($0) }
        try await silent
        #expect(lines == [Array("hello\n".utf8)])
        peer.close()
    }

    @Test("A write that shall not be cut short is done in a task of its own")
    func wholeRecord() async throws {
        let (connection, peer) = try pair()
        defer { connection.close() }
        // A little more than the kernel takes, which means waiting once or twice, and the reading on a loop: Swift's own threads, of
        // which there are as many as processors, may be busy with other tests for seconds whenever a task wants to go on.
        let record = Self.much.prefix(300_000)
        let writing = Task {
            try await Task { try await connection.write(record, timeout: .seconds(30)) }.value
        }
        writing.cancel()
        let reading = Task(executorPreference: try EventLoopGroup.shared.next()) {
            try await peer.read(exactly: record.count, timeout: .seconds(60)).count
        }
        try await writing.value
        #expect(try await reading.value == record.count)
        peer.close()
    }

    @Test("A cancelled task cannot say goodbye; one that it starts can")
    func goodbye() async throws {
        let heard = Guarded<[UInt8]?>(nil)
        let isConnected = Guarded(false)
        try await withServer { connection in
            try await connection.write("x")
            let line = try await connection.readLine(limit: 1024)
            heard.withLock { $0 = line }
        } _: { endpoint in
            let talking = Task {
                try await withConnection(to: endpoint) { connection in
                    do throws(SocketError) {
                        _ = try await connection.read(exactly: 1)
                        isConnected.withLock { $0 = true }
                        _ = try await connection.read(atMost: 1)
                    } catch {
                        #expect(error.code == .cancelled)
                        #expect(await code { try await connection.write("no\n") } == .cancelled)
                        try await Task { try await connection.write("goodbye\n", timeout: .seconds(30)) }.value
                    }
                }
            }
            while !isConnected.withLock({ $0 }) { await Task.yield() }
            talking.cancel()
            try await talking.value
            while heard.withLock({ $0 == nil }) { await Task.yield() }
        }
        #expect(heard.withLock { $0 } == Array("goodbye\n".utf8))
    }

    // MARK: - Errors

    private func answer(_ connection: Connection) async throws(SocketError) -> String {
        do {
            let line = try await connection.readLine(limit: 1024, timeout: .milliseconds(5))
            return String(decoding: line ?? [], as: UTF8.self)
        } catch {
            switch error.code {
            case .timedOut: return "too late"
            case .cancelled, .closed: return "given up, by this program"
            default: throw error
            }
        }
    }

    @Test("One error type, told apart by its code")
    func codes() async throws {
        let (connection, peer) = try pair()
        #expect(try await answer(connection) == "too late")
        let cancelled = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await answer(connection)
        }
        cancelled.cancel()
        #expect(try await cancelled.value == "given up, by this program")
        connection.close()
        #expect(try await answer(connection) == "given up, by this program")
        peer.close()
    }

    // MARK: - Several tasks

    private func relay(_ left: Connection, _ right: Connection) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { for try await chunk in left.chunks { try await right.write(chunk) } }
            group.addTask { for try await chunk in right.chunks { try await left.write(chunk) } }
            try await group.next()  // whichever ends first
            group.cancelAll()  // ends the other, which waits for its peer
        }
    }

    @Test("Two tasks for one connection, of which one ends the other")
    func bothWays() async throws {
        let (near, left) = try pair()
        let (right, far) = try pair()
        let relaying = Task { try await relay(left, right) }
        try await near.write("there\n")
        #expect(try await far.readLine() == Array("there\n".utf8))
        try await far.write("back\n")
        #expect(try await near.readLine() == Array("back\n".utf8))
        near.close()
        try await relaying.value
        for connection in [left, right, far] { connection.close() }
    }

    @Test("Closing from another task")
    func closing() async throws {
        let (connection, peer) = try pair()
        let reading = Task { await code { _ = try await connection.read(atMost: 1) } }
        connection.close()
        #expect(await reading.value == .closed)
        peer.close()
    }

    // MARK: - Servers

    @Test("The time for the first byte holds whatever time the operation gives")
    func firstByte() async throws {
        var limits = ServerLimits()
        limits.firstByteTimeout = .milliseconds(5)
        let result = Guarded<SocketError.Code?>(nil)
        try await withServer(limits: limits) { connection in
            let ended = await code { _ = try await connection.read(atMost: 1, timeout: .seconds(30)) }
            result.withLock { $0 = ended }
        } _: { endpoint in
            let bytes = try await withConnection(to: endpoint) { connection in try await connection.read(atMost: 1) }
            #expect(bytes == [])
        }
        #expect(result.withLock { $0 } == .timedOut)
    }

    @Test("Whoever cancels serve gets .cancelled; a shutdown is no error")
    func ends() async throws {
        let server = try TCPServer(on: .tcp("127.0.0.1", 0))
        let serving = Task { try await server.serve { _ in } }
        serving.cancel()
        #expect(await code { try await serving.value } == .cancelled)
        let other = try TCPServer(on: .tcp("127.0.0.1", 0))
        async let served: Void = other.serve { connection in
            try await connection.write("x")
            _ = try await connection.read(atMost: 1)
        }
        try await withConnection(to: .address(other.address)) { connection in
            _ = try await connection.read(exactly: 1)
            other.shutdown()
            #expect(await code { _ = try await connection.read(exactly: 1, timeout: .seconds(30)) } != .timedOut)
        }
        try await served
    }
}
