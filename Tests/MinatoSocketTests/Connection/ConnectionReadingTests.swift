import Glibc
import TestSupport
import Testing

@testable import MinatoSocket

@Suite("Reading from a connection", .watchdog, .serialized)
struct ConnectionReadingTests {
    @Test("What is there is read, and waited for when nothing is", arguments: Setup.all)
    func readsAtMost(_ setup: Setup) async throws {
        try await setup.run { stage in
            let peer = stage.peer
            let reading = stage.start { connection in
                var parts: [[UInt8]] = []
                parts.append(try await connection.read(atMost: 100))
                try peer.socket.sendAll("hello")
                parts.append(try await connection.read(atMost: 2))
                parts.append(try await connection.read(atMost: 100))
                try peer.socket.sendAll("end")
                try peer.socket.shutdown(.sending)
                parts.append(try await connection.read(atMost: 100))
                // The end of the stream, as often as it is asked for.
                parts.append(try await connection.read(atMost: 100))
                parts.append(try await connection.read(atMost: 100))
                return parts.map { text($0) ?? "" }
            }
            await stage.untilWaiting(.reading)
            try peer.socket.sendAll("first")
            #expect(try await reading.value == ["first", "he", "llo", "end", "", ""])
        }
    }

    @Test("Into memory, and behind what an array has", arguments: Setup.all)
    func readsInto(_ setup: Setup) async throws {
        try await setup.run { stage in
            let peer = stage.peer
            let reading = stage.start { connection in
                var memory: [UInt8] = Array("........".utf8)
                var span = memory.mutableSpan
                let first = try await connection.read(into: &span)
                try peer.socket.sendAll("b")
                var bytes = Array("a".utf8)
                let second = try await connection.read(atMost: 10, appendingTo: &bytes)
                try peer.socket.sendAll("c\nd\nefghijklmnop")
                _ = try await connection.readLine()
                // From the input, which was read ahead.
                let third = try await connection.read(atMost: 2, appendingTo: &bytes)
                var rest = [UInt8](repeating: 46, count: 8)
                var restSpan = rest.mutableSpan
                let fourth = try await connection.read(into: &restSpan)
                let fifth = try await connection.read(atMost: 100)
                try peer.socket.shutdown(.sending)
                var endSpan = memory.mutableSpan
                let sixth = try await connection.read(into: &endSpan)
                let seventh = try await connection.read(atMost: 1, appendingTo: &bytes)
                #expect([first, second, third, fourth, sixth, seventh] == [3, 1, 2, 8, 0, 0])
                #expect(text(memory) == "xyz.....")
                #expect(text(bytes) == "abd\n")
                #expect(text(rest) == "efghijkl")
                #expect(text(fifth) == "mnop")
            }
            await stage.untilWaiting(.reading)
            try peer.socket.sendAll("xyz")
            try await reading.value
        }
    }

    @Test("No bytes asked for: nothing is read, and nobody waits; fewer are refused")
    func nothing() async throws {
        try await Setup().run { stage in
            let connection = stage.connection
            #expect(try await connection.read(atMost: 0) == [])
            #expect(try await connection.read(exactly: 0) == [])
            var none: [UInt8] = []
            #expect(try await connection.read(atMost: 0, appendingTo: &none) == 0)
            var span = none.mutableSpan
            let count = try await connection.read(into: &span)
            #expect(count == 0)
            #expect(await code { _ = try await connection.read(atMost: -1) } == .invalidArgument)
            #expect(await code { _ = try await connection.read(exactly: -1) } == .invalidArgument)
            #expect(await code { _ = try await connection.read(until: []) } == .invalidArgument)
            #expect(await code { _ = try await connection.read(until: [10], limit: -1) } == .invalidArgument)
            #expect(await code { _ = try await connection.readLine(limit: -1) } == .invalidArgument)
            #expect(await code { _ = try await connection.readAll(limit: -1) } == .invalidArgument)
            #expect(await code { for try await _ in connection.chunks(atMost: 0) {} } == .invalidArgument)
            try stage.peer.socket.sendAll("x")
            #expect(text(try await connection.read(atMost: 9)) == "x")
        }
    }

    @Test("Exact numbers, delimiters, lines and the rest, sent byte by byte", arguments: Setup.all)
    func frames(_ setup: Setup) async throws {
        try await setup.run { stage in
            let reading = stage.start { connection in
                var parts: [String?] = []
                parts.append(text(try await connection.read(exactly: 4)))
                parts.append(text(try await connection.read(until: Array("--".utf8))))
                parts.append(text(try await connection.readLine()))
                parts.append(text(try await connection.readLine()))
                parts.append(text(try await connection.read(atMost: 1)))
                parts.append(text(try await connection.readAll(limit: 100)))
                parts.append(text(try await connection.readLine()))
                parts.append(text(try await connection.readAll(limit: 0)))
                return parts
            }
            for byte in "abcdone-two--line\r\n\nxthe rest".utf8 {
                try stage.peer.socket.sendAll([byte])
                if Bool.random() { await Task.yield() }
            }
            try stage.peer.socket.shutdown(.sending)
            let parts = try await reading.value
            #expect(parts == ["abcd", "one-two--", "line\r\n", "\n", "x", "the rest", nil, ""])
        }
    }

    @Test("What ends too early or becomes too long is an error, and nothing of it is lost", arguments: Setup.tcp)
    func limits(_ setup: Setup) async throws {
        try await setup.run { stage in
            try stage.peer.socket.sendAll("12345\nabc")
            try stage.peer.socket.shutdown(.sending)
            try await stage.start { (connection) async throws in
                #expect(await code { _ = try await connection.readLine(limit: 5) } == .limitExceeded)
                #expect(await code { _ = try await connection.read(until: [10], limit: 5) } == .limitExceeded)
                #expect(await code { _ = try await connection.readAll(limit: 8) } == .limitExceeded)
                #expect(text(try await connection.readLine(limit: 6)) == "12345\n")
                #expect(await code { _ = try await connection.read(exactly: 4) } == .endOfStream)
                #expect(await code { _ = try await connection.read(until: [10]) } == .endOfStream)
                #expect(await code { _ = try await connection.readLine(limit: 2) } == .limitExceeded)
                #expect(text(try await connection.readLine(limit: 3)) == "abc")
                #expect(try await connection.readLine(limit: 0) == nil)
                #expect(try await connection.read(atMost: 1) == [])
            }.value
        }
    }

    @Test("Errors name the operation, the addresses and the limit")
    func texts() async throws {
        try await Setup().run { stage in
            let connection = stage.connection
            let ends = "\(try connection.localAddress)->\(try connection.remoteAddress)"
            try stage.peer.socket.sendAll("123456")
            do throws(SocketError) {
                _ = try await connection.readLine(limit: 5)
                Issue.record("no error")
            } catch {
                #expect(error.description == "receive tcp limit 5 \(ends): More arrived than the limit allows")
            }
            do throws(SocketError) {
                _ = try await connection.read(exactly: 7, timeout: .zero)
                Issue.record("no error")
            } catch {
                #expect(error.description == "receive tcp \(ends): Connection timed out (ETIMEDOUT)")
            }
        }
    }

    @Test("The end of the stream directly behind the data, in one event, is seen", arguments: Setup.all)
    func endBehindData(_ setup: Setup) async throws {
        for _ in 0..<20 {
            try await setup.run { stage in
                let reading = stage.start { connection in
                    let bytes = try await connection.read(atMost: 100)
                    return (bytes, try await connection.read(atMost: 100))
                }
                if Bool.random() { await stage.untilWaiting(.reading) }
                // Both before the loop looks: it is kept busy meanwhile.
                let gate = Guarded(false)
                _ = stage.loop.core.post { _ = gate.wait { $0 ? true : nil } }
                try stage.peer.socket.sendAll("last words")
                try stage.peer.socket.shutdown(.sending)
                gate.withLock { $0 = true }
                gate.wakeAll()
                let (bytes, end) = try await reading.value
                #expect(text(bytes) == "last words")
                #expect(end == [])
            }
        }
    }

    @Test(
        "A short read is not the last word on a stream with urgent data: what is behind comes without a further event")
    func urgent() async throws {
        for backend in Setup.backends {
            try await Setup(backend: backend).run { stage in
                try stage.peer.socket.sendAll("before")
                _ = try stage.peer.socket.send(Array("!".utf8), flags: .outOfBand)
                try stage.peer.socket.sendAll("behind")
                // All of it is there when the first read begins.
                _ = try stage.connection.option(.receiveBufferSize)
                try await stage.start { (connection) async throws in
                    var all: [UInt8] = []
                    while all.count < 12 {
                        all += try await connection.read(atMost: 100, timeout: .seconds(20))
                    }
                    #expect(text(all) == "beforebehind")
                }.value
            }
        }
    }

    @Test("Pieces come as they arrive, up to the end of the stream", arguments: Setup.all)
    func chunks(_ setup: Setup) async throws {
        try await setup.run { stage in
            let content = pattern(300_000)
            let reading = stage.start { connection in
                var all: [UInt8] = []
                for try await chunk in connection.chunks {
                    #expect((1...65_536).contains(chunk.count))
                    all += chunk
                    if all.count > 100_000 { break }
                }
                for try await chunk in connection.chunks(atMost: 1000, timeout: .seconds(20)) {
                    #expect((1...1000).contains(chunk.count))
                    all += chunk
                }
                return all
            }
            let peer = stage.peer
            let sending = try Background {
                try peer.socket.sendAll(content)
                try peer.socket.shutdown(.sending)
            }
            #expect(try await reading.value == content)
            try await sending.value
        }
    }

    @Test("An idle connection holds no memory for what it has read ahead")
    func idleMemory() async throws {
        for place in Setup.Place.allCases {
            try await Setup(place: place).run { stage in
                try stage.peer.socket.sendAll("a\nb\n")
                try await stage.start { (connection) async throws in
                    _ = try await connection.readLine()
                    #expect(connection.input.count == 2)
                    _ = try await connection.readLine()
                }.value
                #expect(stage.connection.input.capacity == 0)
                // While it waits, too; looked at when the direction has been given back, as it was then.
                let reading = stage.start { connection in _ = try await connection.readLine() }
                await stage.untilWaiting(.reading)
                reading.cancel()
                #expect(await code { try await reading.value } == .cancelled)
                #expect(stage.connection.input.capacity == 0)
                try stage.peer.socket.sendAll("c\n")
                try await stage.start { connection in _ = try await connection.readLine() }.value
                #expect(stage.connection.input.capacity == 0)
            }
        }
    }

    @Test("A task whose connection always has data gives way to the others of its loop, and hears of its cancellation")
    func fairness() async throws {
        try await Setup().run { stage in
            let peer = stage.peer
            let sending = try Background {
                while errorCode({ () throws(SocketError) in try peer.socket.sendAll(muchContent) }) == nil {}
            }
            let count = Guarded(0)
            let reading = stage.start { connection in
                while true {
                    let read = try await connection.read(atMost: 1).count
                    count.withLock { $0 += read }
                }
            }
            await until { count.withLock { $0 } > 1000 }
            // On the same loop, and its turn comes all the same.
            for _ in 0..<100 { await Task(executorPreference: stage.loop) { await Task.yield() }.value }
            reading.cancel()
            #expect(await code { _ = try await reading.value } == .cancelled)
            stage.connection.close()
            try await sending.value
        }
    }

    /// What a task does with much at once.
    enum Much: CaseIterable { case read, write, writePieces, writeOnePiece }

    @Test(
        "So does one that reads or writes much at once, when its peer has it all ready",
        .enabled(if: geteuid() == 0, "only root may make a socket's queue as large as that"),
        arguments: Setup.all.filter { $0.transport == .unix && $0.place == .own }, Much.allCases)
    func fairnessOfOne(_ setup: Setup, _ much: Much) async throws {
        let loop = try EventLoop(backend: setup.backend)
        defer { loop.shutdown() }
        let ends = try Socket.pair()
        // Calls without waiting: 64 KiB are read with each, 1 MiB is written.
        let bytes = [UInt8](repeating: 1, count: much == .read ? 4 << 20 : 36 << 20)
        for end in [ends.first.descriptor, ends.second.descriptor] {
            var size: Int32 = 128 << 20
            let result = unsafe setsockopt(
                end, SOL_SOCKET, SO_SNDBUFFORCE, &size, socklen_t(MemoryLayout<Int32>.size))
            #expect(result == 0)
        }
        if much == .read { try ends.second.sendAll(bytes) }
        let connection = try Connection(adopting: ends.first, on: loop)
        defer { connection.close() }
        let givesWay = try await givesWay(on: loop) {
            switch much {
            case .read: #expect(try await connection.read(exactly: bytes.count) == bytes)
            case .write: try await connection.write(bytes)
            case .writePieces:
                try await connection.write(pieces: Array(repeating: Array(bytes.prefix(1 << 20)), count: 36))
            case .writeOnePiece: try await connection.write(pieces: [bytes])
            }
        }
        #expect(givesWay)
        withExtendedLifetime(ends.second) {}
    }
}
