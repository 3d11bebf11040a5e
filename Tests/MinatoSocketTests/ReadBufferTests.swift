import Glibc
import TestSupport
import Testing

@testable import MinatoSocket

@Suite("ReadBuffer", .watchdog)
struct ReadBufferTests {
    private func text(_ bytes: [UInt8]?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

    @Test("Takes what is there, exactly, or nothing")
    func taking() {
        var buffer = ReadBuffer(Array("abc".utf8))
        #expect(buffer.count == 3 && !buffer.isEmpty)
        #expect(buffer.take(exactly: 4) == nil)
        #expect(text(buffer.take(exactly: 2)) == "ab")
        buffer.append(Array("def".utf8))
        #expect(text(buffer.bytes) == "cdef")
        #expect(buffer.take(exactly: 0) == [])
        #expect(buffer.take(exactly: -1) == [])
        #expect(buffer.take(atMost: -1) == [])
        #expect(text(buffer.take(atMost: 3)) == "cde")
        #expect(text(buffer.take(atMost: .max)) == "f")
        #expect(buffer.isEmpty && buffer.count == 0 && buffer.bytes == [])
        #expect(buffer.take(atMost: 5) == [])
        #expect(buffer.take(exactly: 1) == nil)
        #expect(ReadBuffer().isEmpty)
    }

    @Test(
        "Takes through a delimiter, wherever the bytes are cut",
        arguments: [
            ("a\nbc\n\nd", "\n", ["a\n", "bc\n", "\n"], "d"),
            ("a\r\nb\rc\n\r\r\nd\r", "\r\n", ["a\r\n", "b\rc\n\r\r\n"], "d\r"),
            ("aaab", "aab", ["aaab"], ""),
            ("xabababac", "ababac", ["xabababac"], ""),
            ("--b--b-", "--b-", ["--b-"], "-b-"),
            ("", "x", [], ""),
        ])
    func delimiters(_ input: String, _ delimiter: String, _ expected: [String], _ rest: String) throws {
        for size in 1...max(input.utf8.count, 1) {
            var buffer = ReadBuffer()
            var taken: [String] = []
            var left = Array(input.utf8)[...]
            while !left.isEmpty {
                buffer.append(Array(left.prefix(size)))
                left = left.dropFirst(size)
                while let bytes = try buffer.take(through: Array(delimiter.utf8), limit: 100) {
                    taken.append(String(decoding: bytes, as: UTF8.self))
                }
            }
            #expect(taken == expected, "in pieces of \(size)")
            #expect(text(buffer.bytes) == rest, "in pieces of \(size)")
        }
    }

    @Test("Another delimiter searches again from the start")
    func otherDelimiter() throws {
        var buffer = ReadBuffer(Array("a;b,c".utf8))
        #expect(try buffer.take(through: [UInt8(ascii: "\n")], limit: 100) == nil)
        #expect(text(try buffer.take(through: [UInt8(ascii: ",")], limit: 100)) == "a;b,")
        buffer = ReadBuffer(Array("a;b,c".utf8))
        #expect(try buffer.take(through: [UInt8(ascii: "\n")], limit: 100) == nil)
        #expect(text(try buffer.take(through: [UInt8(ascii: ";")], limit: 100)) == "a;")
        #expect(text(buffer.take(atMost: 1)) == "b")
        #expect(text(try buffer.take(through: [UInt8(ascii: ",")], limit: 100)) == ",")
    }

    @Test("A limit counts the delimiter, and what is beyond it is never taken nor lost")
    func limits() throws {
        let line = [UInt8(ascii: "\n")]
        var buffer = ReadBuffer(Array("abc\nd".utf8))
        for limit in 0...3 {
            #expect(
                errorCode { () throws(SocketError) in _ = try buffer.take(through: line, limit: limit) }
                    == .limitExceeded)
        }
        #expect(text(try buffer.take(through: line, limit: 4)) == "abc\n")
        #expect(try buffer.take(through: line, limit: 2) == nil)
        #expect(errorCode { () throws(SocketError) in _ = try buffer.take(through: line, limit: 1) } == .limitExceeded)
        buffer.append(Array("\n".utf8))
        #expect(errorCode { () throws(SocketError) in _ = try buffer.take(through: line, limit: 1) } == .limitExceeded)
        #expect(text(try buffer.take(through: line, limit: 2)) == "d\n")

        // A delimiter that begins within the limit and ends beyond it.
        buffer = ReadBuffer(Array("ab\r\n".utf8))
        #expect(
            errorCode { () throws(SocketError) in _ = try buffer.take(through: [13, 10], limit: 3) } == .limitExceeded)
        #expect(text(try buffer.take(through: [13, 10], limit: 4)) == "ab\r\n")

        buffer = ReadBuffer([1])
        for (delimiter, limit) in [([], 10), ([1], -1)] as [([UInt8], Int)] {
            #expect(
                errorCode { () throws(SocketError) in _ = try buffer.take(through: delimiter, limit: limit) }
                    == .invalidArgument)
        }
        #expect(buffer.count == 1)
    }

    /// The time that this thread has computed: what else the machine does is not measured.
    private func processorTime() -> Duration {
        var usage = rusage()
        unsafe getrusage(__rusage_who_t(1), &usage)  // RUSAGE_THREAD
        // By place: whether the fields of a timeval are visible depends on which file the compiler sees first.
        return unsafe withUnsafeBytes(of: usage.ru_utime) { bytes in
            unsafe .seconds(bytes.load(as: Int.self)) + .microseconds(bytes.load(fromByteOffset: 8, as: Int.self))
        }
    }

    /// Each of these takes minutes when the bytes that are left are moved, or searched, again each time.
    @Test("Taking many lines of a large buffer costs the same for each")
    func takingIsLinear() throws {
        let count = 400_000
        var buffer = ReadBuffer(Array(repeating: Array("0123456789\n".utf8), count: count).flatMap { $0 })
        let start = processorTime()
        var lines = 0
        while let line = try buffer.take(through: [10], limit: 100) { lines += line.count == 11 ? 1 : 0 }
        #expect(lines == count)
        #expect(processorTime() - start < .seconds(8))
    }

    @Test("Searching what arrives byte by byte costs the same for each")
    func searchingIsLinear() throws {
        var buffer = ReadBuffer()
        let start = processorTime()
        var found = 0
        for _ in 0..<200_000 {
            buffer.append([13])
            if try buffer.take(through: [13, 10], limit: 1_000_000) != nil { found += 1 }
        }
        #expect(found == 0)
        buffer.append([10])
        #expect(try buffer.take(through: [13, 10], limit: 1_000_000)?.count == 200_001)
        #expect(processorTime() - start < .seconds(8))
    }

    @Test("What stays behind in a buffer that is refilled for ever does not make it grow")
    func refilling() throws {
        var buffer = ReadBuffer([0])
        for round in 0..<20_000 {
            buffer.append(atMost: 1000) { output in
                for place in 0..<100 { output.append(UInt8(truncatingIfNeeded: round + place)) }
            }
            // One byte stays: nothing is ever reset by being empty.
            #expect(buffer.take(atMost: 100).count == 100)
            #expect(buffer.count == 1)
        }
        #expect(buffer.capacity < 8000)
    }
}
