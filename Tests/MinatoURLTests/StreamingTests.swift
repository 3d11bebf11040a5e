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

    @Test(arguments: Face.allCases)
    func largeBodiesComeWhole(_ face: Face) async throws {
        let size = 5 << 20
        // 251 is prime: no piece of a buffer's size can stand for another.
        let whole = [[UInt8]](repeating: Array(0..<251), count: size / 251 + 1).flatMap { $0 }.prefix(size)
        let server = try RawServer { connection in
            while connection.readRequest() != nil {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
                connection.send(whole)
            }
        }
        let opener = URLOpener()
        for _ in 0..<2 {
            let bytes = try await face.open(opener, server.url()).body.collect(upTo: size)
            #expect(bytes[...] == whole)
        }
        #expect(server.peers.count == 1)
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
        guard case .closed = hop.pipe.step(&read) else { throw OpenError(.busy, url: "", detail: "not closed") }
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
