import Glibc
import MinatoSocket
import TestSupport
import Testing

@Suite("Buffered reading", .watchdog)
struct BufferedReadingTests {
    private func text(_ bytes: [UInt8]?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

    /// A peer that has sent the text and ended, and the stream that reads it.
    private func stream(_ sent: String, ends: Bool = true, timeout: Duration? = .seconds(20)) throws -> Conversation {
        let pair = try Socket.pair()
        try pair.second.sendAll(sent)
        if ends { try pair.second.shutdown(.sending) }
        return try Conversation(BufferedSocket(pair.first), pair.second, timeout: timeout)
    }

    @Test("read(atMost:) returns what is there, and nothing at the end")
    func atMost() throws {
        let conversation = try stream("abcdef")
        #expect(text(try conversation.stream.read(atMost: 4)) == "abcd")
        #expect(conversation.stream.bufferedForReading == 2)
        #expect(try conversation.stream.read(atMost: 0) == [])
        #expect(text(try conversation.stream.read(atMost: 4)) == "ef")
        #expect(try conversation.stream.read(atMost: 4) == [])
        #expect(try conversation.stream.read(atMost: 4) == [])
        #expect(conversation.code { stream throws(SocketError) in _ = try stream.read(atMost: -1) } == .invalidArgument)
    }

    @Test("read(exactly:) is exact; when the stream ends before, what came stays readable")
    func exactly() throws {
        let conversation = try stream("abcdef")
        #expect(text(try conversation.stream.read(exactly: 4)) == "abcd")
        #expect(try conversation.stream.read(exactly: 0) == [])
        do throws(SocketError) {
            _ = try conversation.stream.read(exactly: 3)
            Issue.record("no error")
        } catch {
            #expect(error.description == "receive unix: The stream ended too early")
            #expect(error.code == .endOfStream)
        }
        #expect(text(try conversation.stream.read(exactly: 2)) == "ef")
        #expect(conversation.code { stream throws(SocketError) in _ = try stream.read(exactly: 1) } == .endOfStream)
        #expect(
            conversation.code { stream throws(SocketError) in _ = try stream.read(exactly: -1) } == .invalidArgument)
    }

    @Test("Much arrives whole, in many pieces")
    func large() throws {
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) }
        let pair = try Socket.pair()
        let writer = SharedSocket(pair.second)
        let sending = try Background { try writer.socket.sendAll(bytes) }
        var stream = BufferedSocket(pair.first)
        let head = try stream.read(exactly: 100_001)
        let tail = try stream.read(exactly: bytes.count - head.count)
        #expect(head + tail == bytes)
        try sending.join()
    }

    @Test("After a timeout what came stays, and a later call goes on: no read of a stream is lost to its timeout")
    func timeouts() throws {
        let conversation = try stream("ab", ends: false, timeout: .milliseconds(10))
        #expect(conversation.code { stream throws(SocketError) in _ = try stream.read(exactly: 4) } == .timedOut)
        #expect(conversation.code { stream throws(SocketError) in _ = try stream.readLine() } == .timedOut)
        #expect(conversation.code { stream throws(SocketError) in _ = try stream.read(until: [33]) } == .timedOut)
        #expect(conversation.code { stream throws(SocketError) in _ = try stream.readAll(limit: 100) } == .timedOut)
        #expect(conversation.stream.bufferedForReading == 2)
        try conversation.peer.sendAll("cd\nx!")
        #expect(text(try conversation.stream.readLine()) == "abcd\n")
        #expect(text(try conversation.stream.read(until: [33])) == "x!")
        #expect(conversation.code { stream throws(SocketError) in _ = try stream.read(atMost: 1) } == .timedOut)
        try conversation.stream.setTimeout(.zero)
        #expect(conversation.code { stream throws(SocketError) in _ = try stream.read(atMost: 1) } == .wouldBlock)
        #expect(conversation.stream.timeout == .zero)
        #expect(
            conversation.code { stream throws(SocketError) in try stream.setTimeout(.seconds(-1)) } == .invalidArgument)
    }

    @Test(
        "The timeout is for the call as a whole, however often a byte arrives",
        arguments: ["exactly", "until", "line", "all"])
    func deadline(_ call: String) throws {
        let pair = try Socket.pair()
        let peer = SharedSocket(pair.second)
        // The thread may begin when the time is over.
        try peer.socket.sendAll([65])
        let dripping = try Background {
            var sent = 0
            // Ends when nobody listens any more.
            while errorCode({ () throws(SocketError) in try peer.socket.send([65]) }) == nil {
                sent += 1
                usleep(2000)  // the rate of the drip, not a synchronisation
            }
            return sent
        }
        do {
            var stream = BufferedSocket(pair.first)
            try stream.setTimeout(.milliseconds(60))
            let start = ContinuousClock.now
            var code: SocketError.Code?
            do throws(SocketError) {
                switch call {
                case "exactly": _ = try stream.read(exactly: 1_000_000)
                case "until": _ = try stream.read(until: [66], limit: 1_000_000)
                case "line": _ = try stream.readLine(limit: 1_000_000)
                default: _ = try stream.readAll(limit: 1_000_000)
                }
            } catch { code = error.code }
            let time = start.duration(to: .now)
            #expect(code == .timedOut)
            #expect(time >= .milliseconds(60))
            #expect(time < .seconds(10))
            #expect(stream.bufferedForReading > 0)
        }
        _ = try dripping.join()
    }

    @Test("read(until:) returns the delimiter too, and keeps to its limit without losing anything")
    func until() throws {
        let conversation = try stream("one--two--three")
        let dashes = Array("--".utf8)
        #expect(text(try conversation.stream.read(until: dashes)) == "one--")
        #expect(
            conversation.code { stream throws(SocketError) in _ = try stream.read(until: dashes, limit: 4) }
                == .limitExceeded)
        #expect(text(try conversation.stream.read(until: dashes, limit: 5)) == "two--")
        #expect(conversation.code { stream throws(SocketError) in _ = try stream.read(until: dashes) } == .endOfStream)
        #expect(conversation.code { stream throws(SocketError) in _ = try stream.read(until: []) } == .invalidArgument)
        #expect(text(try conversation.stream.read(atMost: 100)) == "three")
    }

    @Test(
        "Lines keep their ends; the last one may have none; nil is the end of the stream",
        arguments: [
            ("", []), ("\n", ["\n"]), ("a\n\nb\r\n", ["a\n", "\n", "b\r\n"]), ("a\nlast", ["a\n", "last"]),
            ("\r\n", ["\r\n"]), ("a\0b\n", ["a\0b\n"]),
        ])
    func lines(_ sent: String, _ expected: [String]) throws {
        let conversation = try stream(sent)
        for line in expected { #expect(text(try conversation.stream.readLine()) == line) }
        #expect(try conversation.stream.readLine() == nil)
        #expect(try conversation.stream.readLine() == nil)

        var lines: [String] = []
        let again = try stream(sent)
        try again.stream.forEachLine { lines.append(String(decoding: $0, as: UTF8.self)) }
        #expect(lines == expected)
    }

    @Test("A line that is too long is refused, and nothing of it is lost; one of just the limit is not")
    func lineLimit() throws {
        let conversation = try stream("12345\n1234\nabcd")
        do throws(SocketError) {
            _ = try conversation.stream.readLine(limit: 5)
            Issue.record("no error")
        } catch {
            #expect(error.description == "receive unix limit 5: More arrived than the limit allows")
        }
        #expect(text(try conversation.stream.readLine(limit: 6)) == "12345\n")
        #expect(text(try conversation.stream.readLine(limit: 5)) == "1234\n")
        #expect(conversation.code { stream throws(SocketError) in _ = try stream.readLine(limit: 3) } == .limitExceeded)
        #expect(
            conversation.code { stream throws(SocketError) in _ = try stream.readLine(limit: -1) } == .invalidArgument)
        #expect(text(try conversation.stream.readLine(limit: 4)) == "abcd")
        #expect(try conversation.stream.readLine(limit: 0) == nil)

        // Refused as soon as it is sure, without waiting for the end.
        let open = try stream("123456", ends: false)
        #expect(open.code { stream throws(SocketError) in _ = try stream.readLine(limit: 5) } == .limitExceeded)
    }

    @Test("The default limit of a line is 65,536 bytes")
    func defaultLimit() throws {
        let line = String(repeating: "x", count: SocketReader.defaultLimit - 1) + "\n"
        let conversation = try stream("")
        let sent = [line, "y" + line].joined()
        let pair = try Socket.pair()
        let writer = SharedSocket(pair.second)
        let sending = try Background {
            try writer.socket.sendAll(sent)
            try writer.socket.shutdown(.sending)
        }
        conversation.stream = BufferedSocket(pair.first)
        #expect(try conversation.stream.readLine()?.count == 65_536)
        #expect(conversation.code { stream throws(SocketError) in _ = try stream.readLine() } == .limitExceeded)
        #expect(try conversation.stream.readLine(limit: .max)?.count == 65_537)
        try sending.join()
    }

    @Test("What the body of forEachLine throws ends it; the lines behind stay")
    func forEachLineThrows() throws {
        struct Enough: Error {}
        let conversation = try stream("a\nb\nc\n")
        var seen = 0
        #expect(throws: Enough.self) {
            try conversation.stream.forEachLine { line in
                seen += 1
                if line == Array("b\n".utf8) { throw Enough() }
            }
        }
        #expect(seen == 2)
        #expect(text(try conversation.stream.readLine()) == "c\n")
        #expect(throws: SocketError.self) {
            try self.stream("12345").stream.forEachLine(limit: 3) { _ in }
        }
    }

    @Test("readAll reads to the end, up to its limit, and loses nothing beyond it")
    func all() throws {
        var conversation = try stream("hello")
        #expect(text(try conversation.stream.readAll(limit: 5)) == "hello")
        #expect(try conversation.stream.readAll(limit: 0) == [])
        conversation = try stream("hello")
        #expect(conversation.code { stream throws(SocketError) in _ = try stream.readAll(limit: 4) } == .limitExceeded)
        #expect(
            conversation.code { stream throws(SocketError) in _ = try stream.readAll(limit: -1) } == .invalidArgument)
        #expect(text(try conversation.stream.readAll(limit: .max)) == "hello")
    }

    @Test("A reader reads from a socket that it does not own, with bytes in front of it")
    func reader() throws {
        let pair = try Socket.pair()
        try pair.second.sendAll("d\nrest")
        var reader = SocketReader(unread: Array("abc".utf8))
        #expect(reader.buffered == 3)
        #expect(text(try reader.readLine(from: pair.first)) == "abcd\n")
        #expect(reader.buffered == 4)
        #expect(text(reader.takeBuffered()) == "rest")
        #expect(reader.buffered == 0)
        try pair.second.sendAll("x;yz")
        #expect(text(try reader.read(until: [UInt8(ascii: ";")], from: pair.first)) == "x;")
        #expect(text(try reader.read(exactly: 1, from: pair.first)) == "y")
        #expect(text(try reader.read(atMost: 9, from: pair.first)) == "z")
        try pair.second.sendAll("1\n2")
        try pair.second.shutdown(.sending)
        var lines: [String] = []
        try reader.forEachLine(from: pair.first) { lines.append(String(decoding: $0, as: UTF8.self)) }
        #expect(lines == ["1\n", "2"])
        #expect(try reader.readAll(limit: 10, from: pair.first) == [])
    }

    @Test("A connection that was reset is an error, and what came before stays readable")
    func reset() throws {
        let listener = try Socket.listen(on: .tcp("127.0.0.1", 0))
        let client = try Socket.connect(to: .address(listener.localAddress))
        var accepted = try listener.accept()
        try client.sendAll("abc")
        try accepted.socket.setTimeout(.seconds(20))
        var stream = BufferedSocket(accepted.socket)
        #expect(text(try stream.read(exactly: 2)) == "ab")
        try client.setOption(.linger, .upTo(seconds: 0))
        try client.close()
        var code: SocketError.Code?
        do throws(SocketError) { _ = try stream.readLine() } catch { code = error.code }
        #expect(code == .connectionReset)
        #expect(text(try stream.read(atMost: 9)) == "c")
    }
}
