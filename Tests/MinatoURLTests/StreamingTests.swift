import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct StreamingTests {
    /// A slow reader stops the server: what is sent ahead is what kernel and buffer hold.
    @Test(arguments: Face.allCases)
    func slowReadersStopTheServer(_ face: Face) async throws {
        let size = 32 << 20
        let sent = Outcome.Counter()
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
            let piece = [UInt8](repeating: 7, count: 1 << 16)
            for _ in 0..<(size >> 16) {
                guard connection.send(piece) else { return }
                sent.add(piece.count)
            }
        }
        let response = try await face.open(URLOpener(), server.url())
        #expect(try await response.body.read(300).count == 300)
        // The server's count stands still once all buffers are full, far below the whole.
        var last = -1
        while sent.value != last {
            last = sent.value
            await Gate().pauseTask(.milliseconds(100))
        }
        #expect(last < size / 2)
        var count = 300
        while true {
            let piece = try await response.body.read(1 << 20)
            if piece.isEmpty { break }
            #expect(piece == [UInt8](repeating: 7, count: piece.count))
            count += piece.count
        }
        #expect(count == size)
    }

    /// One that answers every request of a connection with the same bytes.
    private func server(sending whole: ArraySlice<UInt8>) throws -> RawServer {
        try RawServer { connection in
            while connection.readRequest() != nil {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(whole.count)\r\n\r\n")
                connection.send(whole)
            }
        }
    }

    @Test(arguments: Face.allCases)
    func largeBodiesComeWhole(_ face: Face) async throws {
        let size = 5 << 20
        // 251 is prime: no piece of a buffer's size can stand for another.
        let whole = [[UInt8]](repeating: Array(0..<251), count: size / 251 + 1).flatMap { $0 }.prefix(size)
        let server = try server(sending: whole)
        let opener = URLOpener()
        for _ in 0..<2 {
            let bytes = try await face.open(opener, server.url()).body.collect(upTo: size)
            #expect(bytes[...] == whole)
        }
        #expect(server.peers.count == 1)
    }

    /// The transfer pauses again and again, for a reader who takes pieces of all sizes, and mostly waits until there is no more room.
    @Test(arguments: Face.allCases, ["Content-Length: 6291456", "Transfer-Encoding: chunked", "Connection: close"])
    func pausesLoseNothing(_ face: Face, _ field: String) async throws {
        let whole = pattern(6 << 20)
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\n\(field)\r\n\r\n")
            connection.send(whole, inChunks: field.hasSuffix("chunked"))
        }
        let response = try await face.open(URLOpener(), server.url())
        let pipe = try #require(response.body.pipe)
        var random = SeededGenerator(seed: 11)
        var bytes: [UInt8] = []
        while true {
            if face == .tasks, Int.random(in: 0..<4, using: &random) > 0 {
                while !pipe.isFull, !pipe.rest.isAtEnd { await Task.yield() }
            }
            let count = [1, 1000, 100_000, 300_000, 700_000].randomElement(using: &random) ?? 0
            let isExact = Bool.random(using: &random)
            let piece = try await isExact ? response.body.read(count) : response.body.read(atMost: count)
            if piece.isEmpty { break }
            bytes += piece
        }
        #expect(isSame(bytes, whole))
    }

    /// However long a body is, what lies here of it is little: of a reader who is slow, of one who takes what comes, and of a
    /// closure. In a process of its own, where nobody else allocates.
    @Test func longBodiesTakeLittleMemory() async {
        await #expect(processExitsWith: .success) {
            let site = try NginxSite(page: [UInt8](repeating: 7, count: 32 << 20))
            let opener = URLOpener()
            for face in Face.allCases {
                // What is kept for ever is there after the first.
                _ = try await face.open(opener, site.url).body.read(1)
                for way in ["slow", "at once", "closure"] {
                    guard let before = AllocatedMemory.count else { continue }
                    let most = Outcome.Kept<Int>()
                    let body = try await face.open(opener, site.url).body
                    @Sendable func look() { most.append((AllocatedMemory.count ?? .max) - before) }
                    switch way {
                    case "slow":
                        // What the reader asks for is the reader's: little. libcurl has 256 KiB, and the body up to twice that.
                        while try await body.read(50_000).count == 50_000 {
                            if face == .tasks, let pipe = body.pipe {
                                while !pipe.isFull, !pipe.rest.isAtEnd { await Task.yield() }
                            }
                            look()
                        }
                    case "closure": try await body.forEachPiece { _ in look() }
                    default: while try await !body.read(atMost: 1 << 16).isEmpty { look() }
                    }
                    #expect(most.values.max() ?? 0 <= 1 << 20, "\(face), \(way): \(most.values)")
                }
            }
        }
    }

    /// Whoever has read as much as the head says leaves a connection that serves the next request.
    @Test(arguments: Face.allCases)
    func theLastByteEndsTheTransfer(_ face: Face) async throws {
        let whole = pattern(400_000)
        let server = try server(sending: whole[...])
        let opener = URLOpener()
        for _ in 0..<20 {
            let response = try await face.open(opener, server.url())
            let pipe = try #require(response.body.pipe)
            if face == .tasks { while !pipe.isFull { await Task.yield() } }
            #expect(isSame(try await response.body.read(whole.count), whole))
            if face == .tasks { while !pipe.rest.isAtEnd { await Task.yield() } }
        }
        #expect(server.peers.count == 1)
    }

    /// What libcurl is told to keep is the last piece of what it has received in one go, and no more than may follow fits.
    @Test func piecesAreCounted() {
        var pieces = BodyPieces()
        pieces.count = 100_000
        var asked = 0
        func following(_ count: Int, of received: Int) -> Int {
            defer { pieces.count += count }
            return pieces.following(count) {
                asked += 1
                return (received, Int64(received))
            }
        }
        // Of the first go nobody knows where it began.
        #expect(following(16_384, of: 120_000) == 0 && following(3616, of: 0) == 0)
        // The second has three pieces, the third one, the fourth is longer.
        #expect(following(16_384, of: 160_000) == 0 && following(16_384, of: 0) == 0)
        #expect(following(7232, of: 0) == 40_000 && pieces.time == 160_000)
        #expect(following(5000, of: 165_000) == 40_000)
        #expect(following(16_384, of: 215_000) == 0 && following(33_616, of: 0) == 50_000)
        #expect(asked == 4)
        // Nothing is known of a piece that goes beyond what was received: chunks, say.
        #expect(following(9, of: 215_003) == 0)

        // The same bytes come once more, with new ones behind them.
        pieces.knownCount = 5
        let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7]
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe #expect(pieces.withoutKnown(UnsafeRawBufferPointer(rebasing: bytes[..<3])).isEmpty)
            unsafe #expect(Array(pieces.withoutKnown(UnsafeRawBufferPointer(rebasing: bytes[3...]))) == [6, 7])
            unsafe #expect(pieces.knownCount == 0 && pieces.withoutKnown(bytes).count == 7)
        }
    }

    /// One that is longer than 1 MiB, from where on libcurl would ask for leave first.
    @Test(arguments: Face.allCases)
    func largeBodiesAreSentWhole(_ face: Face) async throws {
        let body = [[UInt8]](repeating: Array(0..<251), count: 5000).flatMap { $0 }
        let head = Gate()
        let server = try RawServer { connection in
            var received: [UInt8] = []
            while !received.suffix(4).elementsEqual("\r\n\r\n".utf8), let byte = connection.readByte() {
                received.append(byte)
            }
            if !String(decoding: received, as: UTF8.self).contains("Expect") { head.open() }
            if connection.read(body.count) == body { connection.send(okay("all")) }
        }
        let response = try await face.open(URLOpener(), URLOpener.Request(server.url(), body: body))
        #expect(try await response.body.read(3) == Array("all".utf8))
        #expect(await head.opened())
    }

    /// However much the server sends, no more waits here than was asked for and one piece of libcurl's.
    @Test(arguments: Face.allCases)
    func readsNoFurtherThanAsked(_ face: Face) async throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            while connection.send([UInt8](repeating: 7, count: 1 << 16)) {}
        }
        let request = try URLOpener.Request(server.url())
        let transport = CurlTransport()
        let limits = HopLimits(idle: .seconds(10))
        let hop =
            switch face {
            case .tasks: try await transport.perform(request, limits)
            case .threads: try transport.performBlocking(request, limits)
            }
        for count in [300_000, 1_000_000, 2_000_000, 4_000_000] {
            switch face {
            case .tasks: try await hop.pipe.wait(for: count, driver: hop.driver)
            case .threads: try hop.driver?.drive(until: count, limit: nil)
            }
            #expect(hop.pipe.rest.count >= count && hop.pipe.rest.count <= count + 16_384)
        }
        hop.driver?.giveUp(.closed)
        var read = BodyRead(.exactly(1))
        let error = #expect(throws: OpenError.self) { try hop.pipe.step(&read) }
        #expect(error?.code == .closed)
    }

    @Test func manyThreadsShareAnOpener() throws {
        let server = try RawServer { connection in
            connection.answerAll { request in okay(String(request.dropFirst(5).prefix { $0 != " " })) }
        }
        let opener = URLOpener()
        let outcome = Outcome()
        let right = Outcome.Counter()
        for thread in 0..<4 {
            try outcome.run {
                for round in 0..<20 {
                    do throws(OpenError) {
                        let response = try opener.openBlocking(server.url("/\(thread)-\(round)"), timeout: .seconds(40))
                        let body = try response.body.collect(upTo: 99)
                        if body == Array("\(thread)-\(round)".utf8) { right.add(1) }
                    } catch {
                        outcome.set(error)
                    }
                }
            }
        }
        #expect(outcome.wait(4))
        #expect(outcome.errors.isEmpty && right.value == 80)
        #expect(server.peers.count <= 4)
    }

    @Test func manyThreadsShareAResponse() throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n")
            for piece in 0..<100 { connection.send([UInt8](repeating: UInt8(piece), count: 400)) }
        }
        let response = try urlopenBlocking(server.url(), timeout: .seconds(40))
        let outcome = Outcome()
        let count = Outcome.Counter()
        for _ in 0..<4 {
            try outcome.run {
                do throws(OpenError) {
                    while case let bytes = try response.body.read(100), !bytes.isEmpty {
                        // Pieces of 100 of bytes that change every 400: each read is whole, and of one value.
                        if Set(bytes).count == 1 { count.add(bytes.count) }
                    }
                } catch {
                    outcome.set(error)
                }
            }
        }
        #expect(outcome.wait(4))
        #expect(outcome.errors.isEmpty && count.value == 40_000)
    }
}
