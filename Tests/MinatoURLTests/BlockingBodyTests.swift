import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct BlockingBodyTests {
    private func body(
        _ pieces: String..., failure: OpenError.Code? = nil, expected: Int? = nil
    ) -> URLOpener.BlockingBody {
        let source = ScriptedSource(pieces.map { Array($0.utf8) }, failure: failure)
        return URLOpener.BlockingBody(source, timeout: nil, url: "http://h/", expectedCount: expected)
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func readIsExact() throws {
        let body = body("abc", "d", "", "efghij", "k")
        #expect(text(try body.read(0)) == "")
        #expect(text(try body.read(5)) == "abcde")
        #expect(text(try body.read(1)) == "f")
        #expect(text(try body.read(300)) == "ghijk")
        #expect(try body.read(300) == [])
        #expect(try body.read(1) == [])
    }

    @Test func readAtMostTakesWhatIsThere() throws {
        let body = body("abc", "def")
        #expect(text(try body.read(atMost: 2)) == "ab")
        #expect(text(try body.read(atMost: 9)) == "c")
        #expect(try body.read(atMost: 0) == [])
        #expect(text(try body.read(atMost: .max)) == "def")
        #expect(try body.read(atMost: 9) == [])
    }

    @Test func readsLines() throws {
        let body = body("on", "e\ntw", "o\n\nlast")
        #expect(text(try body.readLine(limit: 4)) == "one\n")
        #expect(text(try body.readLine(limit: 99)) == "two\n")
        #expect(text(try body.readLine(limit: 1)) == "\n")
        #expect(text(try body.readLine(limit: 4)) == "last")
        #expect(try body.readLine(limit: 4) == [])
        #expect(try body.readLine(limit: 0) == [])
    }

    @Test(arguments: [0, 1, 3])
    func longLinesAreErrorsAndStay(_ limit: Int) throws {
        let body = body("abc\nd")
        let error = #expect(throws: OpenError.self) { try body.readLine(limit: limit) }
        #expect(error?.code == .limitExceeded)
        #expect(text(try body.readLine(limit: 4)) == "abc\n")
    }

    @Test func collectsUpToALimit() throws {
        #expect(text(try body("abc", "def").collect(upTo: 6)) == "abcdef")
        #expect(text(try body("abc").collect(upTo: .max)) == "abc")
        #expect(try body().collect(upTo: 0) == [])
        let long = body("abc", "def")
        let error = #expect(throws: OpenError.self) { try long.collect(upTo: 5) }
        #expect(error?.description == "read http://h/: the body is longer than 5 bytes (limitExceeded)")
        #expect(text(try long.collect(upTo: 6)) == "abcdef")
    }

    @Test func collectBelievesTheLength() throws {
        let source = ScriptedSource([Array("abcdef".utf8)])
        let body = URLOpener.BlockingBody(source, timeout: nil, url: "http://h/", expectedCount: 6)
        #expect(throws: OpenError.self) { try body.collect(upTo: 5) }
        #expect(source.receiveCount == 0)
        #expect(text(try body.read(2)) == "ab")
        #expect(text(try body.collect(upTo: 4)) == "cdef")
        let liar = self.body("a", failure: .truncated, expected: .max)
        #expect(throws: OpenError.self) { try liar.collect(upTo: .max) }
    }

    @Test func bytesBeforeAnErrorComeFirst() throws {
        let body = body("abc", "de", failure: .truncated)
        #expect(text(try body.read(4)) == "abcd")
        for _ in 0..<2 {
            let error = #expect(throws: OpenError.self) { try body.read(2) }
            #expect(error?.code == .truncated)
        }
        #expect(throws: OpenError.self) { try body.collect(upTo: 10) }
        #expect(throws: OpenError.self) { try body.readLine(limit: 10) }
        #expect(text(try body.read(atMost: 10)) == "e")
        #expect(throws: OpenError.self) { try body.read(atMost: 10) }
    }

    @Test func refusesNegativeCounts() {
        let body = body("a")
        #expect(throws: OpenError.self) { try body.read(-1) }
        #expect(throws: OpenError.self) { try body.read(atMost: -1) }
        #expect(throws: OpenError.self) { try body.readLine(limit: -1) }
        let error = #expect(throws: OpenError.self) { try body.collect(upTo: -1) }
        #expect(error?.code == .badRequest)
    }

    @Test func closingEndsReads() {
        let source = ScriptedSource([[1, 2]])
        do {
            let body = URLOpener.BlockingBody(source, timeout: nil, url: "http://h/", expectedCount: nil)
            body.close()
            body.close()
            let error = #expect(throws: OpenError.self) { try body.read(1) }
            #expect(error?.code == .closed)
        }
        #expect(source.closeCount == 3)
    }

    @Test func queueKeepsOrder() {
        var queue = ByteQueue()
        var expected: [UInt8] = []
        var next: UInt8 = 0
        var taken: [UInt8] = []
        for round in 0..<500 {
            let added = (0..<(round * 7 % 13)).map { _ in
                next &+= 1
                return next
            }
            expected += added
            queue.append(contentsOf: added)
            if round % 50 == 0 { queue.reserve(round) }
            taken += queue.take(round * 5 % 11)
            #expect(queue.count == expected.count - taken.count)
        }
        taken += queue.take(.max)
        #expect(taken == expected && queue.count == 0)
        queue.append(contentsOf: [1, 2, 3])
        #expect(queue.distance(to: 3, from: 0) == 2 && queue.distance(to: 1, from: 1) == nil)
        #expect(queue.distance(to: 1, from: 99) == nil)
    }
}
