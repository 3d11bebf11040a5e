import MinatoServer
import Testing

/// Responders without a server, as their documentation promises.
@Suite("Responders without sockets")
struct ResponderTests {
    @Test("A responder can be called by a test, request by request")
    func byHand() {
        var output = ResponderOutput()
        var responder = UpperResponder()
        let input = Array("one\ntwo\nthr".utf8)
        let verdict0 = responder.respond(to: input.span, output: &output)
        #expect(verdict0 == .goOn(consumed: 4))
        let verdict1 = responder.respond(to: input.span.extracting(4...), output: &output)
        #expect(verdict1 == .goOn(consumed: 4))
        let verdict2 = responder.respond(to: input.span.extracting(8...), output: &output)
        #expect(verdict2 == .goOn(consumed: 0))
        let two = output.bytes
        #expect(String(decoding: two, as: UTF8.self) == "ONE\nTWO\n")
        responder.end(rest: input.span.extracting(8...), output: &output)
        let three = output.bytes
        #expect(String(decoding: three, as: UTF8.self) == "ONE\nTWO\nTHR\n")
    }

    @Test("The end of the stream does nothing by default")
    func defaultEnd() {
        var output = ResponderOutput()
        var echo = EchoResponder()
        echo.end(rest: [1, 2].span, output: &output)
        let isEmpty = output.isEmpty
        #expect(isEmpty)
    }

    @Test("Whatever is appended comes out in its order")
    func output() {
        var output = ResponderOutput()
        let isEmpty = output.isEmpty
        let nothing = output.bytes
        #expect(isEmpty)
        #expect(nothing == [])
        output.append([1, 2])
        output.append(3)
        output.append([4, 5].span)
        output.append("ä")
        output.append(contentsOf: [6, 7, 8].dropFirst())
        output.append(contentsOf: (9...10).lazy.map { UInt8($0) })
        output.append([])
        output.append("")
        output.append([UInt8]().span)
        output.append(contentsOf: [])
        let (bytes, count, isStillEmpty) = (output.bytes, output.count, output.isEmpty)
        #expect(bytes == [1, 2, 3, 4, 5, 0xc3, 0xa4, 7, 8, 9, 10])
        #expect(count == 11)
        #expect(!isStillEmpty)
    }

    @Test("It grows as needed and loses nothing", arguments: [1, 1023, 1024, 1025, 1_000_000])
    func growth(size: Int) {
        var output = ResponderOutput()
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
        output.reserve(0)
        output.reserve(-1)
        output.append(bytes)
        for byte in bytes { output.append(byte) }
        output.reserve(size)
        output.append(bytes.span)
        let all = output.bytes
        #expect(all == bytes + bytes + bytes)
    }
}
