import MinatoSocket
import TestSupport
import Testing

@Suite("Buffered writing, and the end of a buffered socket", .watchdog)
struct BufferedSocketTests {
    /// What the socket can receive without waiting.
    private func arrived(_ socket: inout Socket) throws -> String {
        try socket.setTimeout(.zero)
        var all: [UInt8] = []
        while true {
            do throws(SocketError) {
                let bytes = try socket.receive(atMost: 65_536)
                if bytes.isEmpty { break }
                all += bytes
            } catch {
                #expect(error.code == .wouldBlock)
                break
            }
        }
        return String(decoding: all, as: UTF8.self)
    }

    @Test("Small pieces wait for the flush and go together")
    func flush() throws {
        let pair = try Socket.pair()
        var peer = pair.second
        var stream = BufferedSocket(pair.first)
        try stream.write("200 ")
        try stream.write(Array("OK".utf8))
        #expect(stream.bufferedForWriting == 6)
        #expect(try arrived(&peer) == "")
        try stream.flush()
        #expect(stream.bufferedForWriting == 0)
        #expect(try arrived(&peer) == "200 OK")
        try stream.flush()
        #expect(try arrived(&peer) == "")
        try stream.write("more")
        try stream.flush()
        #expect(try arrived(&peer) == "more")
    }

    @Test(
        "A piece is sent when it does not fit, with what was written before it",
        arguments: [
            (8, ["12345678"], ["", ""]), (8, ["12345678", "9"], ["", "123456789"]),
            (8, ["1234", "56789"], ["", "123456789"]),
            (8, ["1", "234567890"], ["", "1234567890"]), (8, ["123456789"], ["123456789"]),
            (0, ["1", "", "23"], ["1", "", "23"]), (-5, ["1"], ["1"]),
        ])
    func capacity(_ capacity: Int, _ pieces: [String], _ expected: [String]) throws {
        let pair = try Socket.pair()
        var peer = pair.second
        var stream = BufferedSocket(pair.first, writeCapacity: capacity)
        for (piece, sent) in zip(pieces, expected) {
            try stream.write(piece)
            #expect(try arrived(&peer) == sent)
        }
    }

    @Test("8,192 bytes are collected by default")
    func defaultCapacity() throws {
        let pair = try Socket.pair()
        var peer = pair.second
        var stream = BufferedSocket(pair.first)
        try stream.write(String(repeating: "x", count: 8192))
        #expect(try arrived(&peer) == "")
        try stream.write("y")
        #expect(try arrived(&peer).utf8.count == 8193)
        #expect(SocketWriter().capacity == 8192)
    }

    @Test(
        "A write that times out loses nothing and sends nothing twice: the next flush goes on", arguments: [0, 1, 5000])
    func timedOut(_ before: Int) throws {
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 4) }
        let head = [UInt8](repeating: 9, count: before)
        let pair = try Socket.pair()
        var stream = BufferedSocket(pair.first)
        try stream.setTimeout(.milliseconds(20))
        try stream.write(head)
        var code: SocketError.Code?
        do throws(SocketError) { try stream.write(bytes) } catch { code = error.code }
        #expect(code == .timedOut)
        #expect(stream.bufferedForWriting > 0 && stream.bufferedForWriting < bytes.count + before)
        // Still full: again nothing, and more written behind it keeps its place.
        code = nil
        do throws(SocketError) { try stream.flush() } catch { code = error.code }
        #expect(code == .timedOut)
        code = nil
        do throws(SocketError) { try stream.write([UInt8](repeating: 8, count: 10_000)) } catch { code = error.code }
        #expect(code == .timedOut)

        let peer = SharedSocket(pair.second)
        let reading = try Background {
            var reader = SocketReader()
            return try reader.readAll(limit: .max, from: peer.socket)
        }
        try stream.setTimeout(nil)
        try stream.write([7])
        try stream.close()
        #expect(try reading.join() == head + bytes + [UInt8](repeating: 8, count: 10_000) + [7])
    }

    @Test("The peer's end is a broken pipe, without a signal, and what was not sent can be taken back")
    func brokenPipe() throws {
        var stream: BufferedSocket
        do {
            let pair = try Socket.pair()
            stream = BufferedSocket(pair.first)
        }
        try stream.write("abc")
        var code: SocketError.Code?
        do throws(SocketError) { try stream.flush() } catch { code = error.code }
        #expect(code == .brokenPipe)
        #expect(stream.bufferedForWriting == 3)
        let detached = stream.detach()
        #expect(detached.unsent == Array("abc".utf8))
    }

    @Test("close flushes; dropping does not")
    func close() throws {
        for closes in [true, false] {
            let pair = try Socket.pair()
            do {
                var stream = BufferedSocket(pair.first)
                try stream.write("bye")
                if closes { try stream.close() }
            }
            #expect(try pair.second.receive(atMost: 10) == Array((closes ? "bye" : "").utf8))
            #expect(try pair.second.receive(atMost: 10) == [])
        }
    }

    @Test("close closes and tells, when what was written cannot be sent")
    func closeFails() throws {
        let pair = try Socket.pair()
        try pair.second.shutdown(.receiving)
        var stream = BufferedSocket(pair.first)
        try stream.write("lost")
        var code: SocketError.Code?
        do throws(SocketError) { try stream.close() } catch { code = error.code }
        #expect(code == .brokenPipe)
        #expect(try pair.second.receive(atMost: 10) == [])
    }

    @Test("detach gives back the socket, what was read ahead, and what was not sent")
    func detach() throws {
        let pair = try Socket.pair()
        var peer = pair.second
        try peer.sendAll("line\nahead")
        var stream = BufferedSocket(pair.first)
        #expect(stream.socket.family == .unix)
        let line = try stream.readLine()
        #expect(line == Array("line\n".utf8))
        try stream.write("unsent")
        let detached = stream.detach()
        #expect(detached.unread == Array("ahead".utf8))
        #expect(detached.unsent == Array("unsent".utf8))
        #expect(try arrived(&peer) == "")
        try detached.socket.sendAll("alive")
        #expect(try arrived(&peer) == "alive")

        var again = BufferedSocket(detached.socket, unread: Array("front ".utf8))
        try peer.sendAll("back")
        let whole = try again.read(exactly: 10)
        #expect(whole == Array("front back".utf8))
    }

    @Test("A writer writes to a socket that it does not own")
    func writer() throws {
        let pair = try Socket.pair()
        var peer = pair.second
        var writer = SocketWriter(capacity: 4)
        try writer.write("ab", to: pair.first)
        try writer.write([UInt8(ascii: "c")], to: pair.first)
        #expect(writer.buffered == 3)
        #expect(writer.takeBuffered() == Array("abc".utf8))
        #expect(writer.buffered == 0)
        try writer.write("de", to: pair.first)
        try writer.flush(to: pair.first)
        #expect(try arrived(&peer) == "de")
    }
}
