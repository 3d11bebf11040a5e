import TestSupport
import Testing

@testable import MinatoURL

/// The reads of a body, on both faces.
@Suite(.watchdog) struct BodyTests {
    private func body(
        _ face: Face, _ pieces: String..., failure: OpenError.Code? = nil, expected: Int? = nil
    ) -> AnyBody {
        face.body(ScriptedSource(pieces.map { Array($0.utf8) }, failure: failure), expected: expected)
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test(arguments: Face.allCases)
    func readIsExact(_ face: Face) async throws {
        let body = body(face, "abc", "d", "", "efghij", "k")
        #expect(text(try await body.read(0)) == "")
        #expect(text(try await body.read(5)) == "abcde")
        #expect(text(try await body.read(1)) == "f")
        #expect(text(try await body.read(300)) == "ghijk")
        #expect(try await body.read(300) == [])
        #expect(try await body.read(1) == [])
    }

    @Test(arguments: Face.allCases)
    func readAtMostTakesWhatIsThere(_ face: Face) async throws {
        let body = body(face, "abc", "def")
        #expect(text(try await body.read(atMost: 2)) == "ab")
        #expect(text(try await body.read(atMost: 9)) == "c")
        #expect(try await body.read(atMost: 0) == [])
        #expect(text(try await body.read(atMost: .max)) == "def")
        #expect(try await body.read(atMost: 9) == [])
    }

    @Test(arguments: Face.allCases)
    func readsLines(_ face: Face) async throws {
        let body = body(face, "on", "e\ntw", "o\n\nlast")
        #expect(text(try await body.readLine(limit: 4)) == "one\n")
        #expect(text(try await body.readLine(limit: 99)) == "two\n")
        #expect(text(try await body.readLine(limit: 1)) == "\n")
        #expect(text(try await body.readLine(limit: 4)) == "last")
        #expect(try await body.readLine(limit: 4) == [])
        #expect(try await body.readLine(limit: 0) == [])
    }

    @Test(arguments: Face.allCases, [0, 1, 3])
    func longLinesAreErrorsAndStay(_ face: Face, _ limit: Int) async throws {
        let body = body(face, "abc\nd")
        let error = await #expect(throws: OpenError.self) { try await body.readLine(limit: limit) }
        #expect(error?.code == .limitExceeded)
        #expect(text(try await body.readLine(limit: 4)) == "abc\n")
    }

    @Test(arguments: Face.allCases)
    func collectsUpToALimit(_ face: Face) async throws {
        #expect(text(try await body(face, "abc", "def").collect(upTo: 6)) == "abcdef")
        #expect(text(try await body(face, "abc").collect(upTo: .max)) == "abc")
        #expect(try await body(face).collect(upTo: 0) == [])
        let long = body(face, "abc", "def")
        let error = await #expect(throws: OpenError.self) { try await long.collect(upTo: 5) }
        #expect(error?.description == "read http://h/: the body is longer than 5 bytes (limitExceeded)")
        #expect(text(try await long.collect(upTo: 6)) == "abcdef")
    }

    @Test(arguments: Face.allCases)
    func collectBelievesTheLength(_ face: Face) async throws {
        let source = ScriptedSource([Array("abcdef".utf8)])
        let body = face.body(source, expected: 6)
        await #expect(throws: OpenError.self) { try await body.collect(upTo: 5) }
        #expect(source.receiveCount == 0)
        #expect(text(try await body.read(2)) == "ab")
        #expect(text(try await body.collect(upTo: 4)) == "cdef")
        let liar = self.body(face, "a", failure: .truncated, expected: .max)
        await #expect(throws: OpenError.self) { try await liar.collect(upTo: .max) }
    }

    @Test(arguments: Face.allCases)
    func bytesBeforeAnErrorComeFirst(_ face: Face) async throws {
        let body = body(face, "abc", "de", failure: .truncated)
        #expect(text(try await body.read(4)) == "abcd")
        for _ in 0..<2 {
            let error = await #expect(throws: OpenError.self) { try await body.read(2) }
            #expect(error?.code == .truncated)
        }
        await #expect(throws: OpenError.self) { try await body.collect(upTo: 10) }
        await #expect(throws: OpenError.self) { try await body.readLine(limit: 10) }
        #expect(text(try await body.read(atMost: 10)) == "e")
        await #expect(throws: OpenError.self) { try await body.read(atMost: 10) }
    }

    @Test(arguments: Face.allCases)
    func refusesNegativeCounts(_ face: Face) async throws {
        let body = body(face, "a")
        await #expect(throws: OpenError.self) { try await body.read(-1) }
        await #expect(throws: OpenError.self) { try await body.read(atMost: -1) }
        await #expect(throws: OpenError.self) { try await body.readLine(limit: -1) }
        let error = await #expect(throws: OpenError.self) { try await body.collect(upTo: -1) }
        #expect(error?.code == .badRequest)
    }

    @Test(arguments: Face.allCases)
    func closingEndsReads(_ face: Face) async throws {
        let source = ScriptedSource([[1, 2]])
        do {
            let body = face.body(source)
            body.close()
            body.close()
            let error = await #expect(throws: OpenError.self) { try await body.read(1) }
            #expect(error?.code == .closed)
        }
        #expect(source.closeCount >= 2)
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

    /// Of all sizes, against an array: what is in several pieces, and goes over from one to the next.
    @Test func queueOfPieces() {
        var random = SeededGenerator(seed: 7)
        var queue = ByteQueue()
        var model: [UInt8] = []
        var position = 0
        for _ in 0..<2000 {
            switch Int.random(in: 0..<7, using: &random) {
            case 0...3:
                let size = Bool.random(using: &random) ? 16_384 : Int.random(in: 0...200_000, using: &random)
                let bytes = pattern(position % 1000 + size).suffix(size)
                position += size
                queue.append(contentsOf: bytes)
                model += bytes
            case 4:
                let count = Int.random(in: 0...300_000, using: &random)
                #expect(isSame(queue.take(count), Array(model.prefix(count))))
                model.removeFirst(min(count, model.count))
            case 5:
                let offset = Int.random(in: 0...400_000, using: &random)
                let found = model.indices.dropFirst(offset).first { model[$0] == 0xAB }
                #expect(queue.distance(to: 0xAB, from: offset) == found)
            default:
                queue.reserve(Int.random(in: 0...400_000, using: &random))
            }
            #expect(queue.count == model.count)
            if model.count > 1_000_000 {
                #expect(isSame(queue.take(.max), model))
                model = []
            }
        }
    }
}
