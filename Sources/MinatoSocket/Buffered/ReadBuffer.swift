internal import Glibc

/// Bytes that have arrived and have not been taken yet: reading without a socket.
///
///     var buffer = ReadBuffer()
///     buffer.append(Array("HELO a\r\nMAIL".utf8))
///     try buffer.take(through: [13, 10], limit: 512)     // "HELO a\r\n"
///     try buffer.take(through: [13, 10], limit: 512)     // nil: not all of it is there
///
/// What ``SocketReader`` and ``BufferedSocket`` read with, and what protocols can be tested with. It never waits. Taking a
/// byte and looking for a delimiter cost the same on average whatever has come before: what was taken is not moved each
/// time, and what was searched is not searched again.
///
/// A value like an array; one thread at a time changes it. Python: `io.BufferedReader`.
public struct ReadBuffer: Sendable {
    /// Everything before `start` has been taken.
    private var storage: [UInt8] = []
    private var start = 0

    /// No `soughtDelimiter` begins in so many bytes from `start`.
    private var searched = 0
    private var soughtDelimiter: [UInt8] = []

    /// An empty buffer.
    public init() {}

    /// A buffer with bytes in it.
    public init(_ bytes: [UInt8]) { storage = bytes }

    /// How many bytes can be taken.
    public var count: Int { storage.count - start }

    /// How many bytes fit without growing. For tests.
    var capacity: Int { storage.capacity }

    /// Whether no byte can be taken.
    public var isEmpty: Bool { start == storage.count }

    /// The bytes that can be taken, which stay.
    public var bytes: [UInt8] { Array(storage[start...]) }
}

// MARK: - Putting in

extension ReadBuffer {
    /// Appends bytes.
    public mutating func append(_ bytes: [UInt8]) {
        makeRoom(for: bytes.count)
        storage.append(contentsOf: bytes)
    }

    /// Appends what `fill` writes into free memory for `count` bytes.
    mutating func append(atMost count: Int, _ fill: (inout OutputSpan<UInt8>) -> Void) {
        makeRoom(for: count)
        storage.append(addingCapacity: count) { output in fill(&output) }
    }

    /// Appends bytes from memory of the caller's.
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        makeRoom(for: bytes.count)
        unsafe storage.append(contentsOf: bytes)
    }

    /// Moves the rest to the front when there is no room behind it, but only when at least as much has been taken: so each
    /// byte that is moved has one that was taken to pay for it.
    private mutating func makeRoom(for added: Int) {
        guard start > 0, storage.capacity - storage.count < added, start >= count else { return }
        storage.removeSubrange(..<start)
        start = 0
    }
}

// MARK: - Taking out

extension ReadBuffer {
    /// Takes what is there, at most `count` bytes; none for a count below one.
    public mutating func take(atMost count: Int) -> [UInt8] {
        let end = start + min(max(count, 0), self.count)
        // All of it, and most of the memory is in use: hand it over instead of copying it.
        if start == 0, end == storage.count, end > storage.capacity / 2 {
            let all = storage
            self = ReadBuffer()
            return all
        }
        let taken = Array(storage[start..<end])
        drop(taken.count)
        return taken
    }

    /// Takes what is there and fits into memory of the caller's, and returns how many bytes that were.
    mutating func take(into memory: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(memory.count, self.count)
        unsafe storage.withUnsafeBytes { bytes in
            unsafe memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]))
        }
        drop(count)
        return count
    }

    /// The first `count` bytes, of which there are so many, have been taken.
    private mutating func drop(_ count: Int) {
        searched = max(searched - count, 0)
        start += count
        if isEmpty {
            storage.removeAll(keepingCapacity: true)
            start = 0
        }
    }

    /// Takes `count` bytes, or nil (and nothing is taken) when there are fewer. No bytes for a count below one.
    public mutating func take(exactly count: Int) -> [UInt8]? {
        count > self.count ? nil : take(atMost: count)
    }

    /// Takes all bytes up to and with the first `delimiter`, or nil (and nothing is taken) when it is not there yet.
    ///
    /// - Parameters:
    ///   - delimiter: one byte or more.
    ///   - limit: the most bytes to take, the delimiter included.
    /// - Throws: `.limitExceeded` as soon as the delimiter cannot come within the limit, and nothing is taken;
    ///   `.invalidArgument` for an empty delimiter or a negative limit. Not thrown: an error for a delimiter that is not
    ///   there yet.
    public mutating func take(through delimiter: [UInt8], limit: Int) throws(SocketError) -> [UInt8]? {
        guard !delimiter.isEmpty, limit >= 0 else {
            throw SocketError(.receive, .invalidArgument, subject: "delimiter \(delimiter) limit \(limit)")
        }
        guard let count = countThrough(delimiter, limit: limit) else {
            if self.count >= limit { throw SocketError(.receive, .limitExceeded, subject: "limit \(limit)") }
            return nil
        }
        return take(atMost: count)
    }

    /// Takes a line with its "\n", or nil (and nothing is taken) when its end is not there yet.
    ///
    /// - Parameter limit: the most bytes of a line. A last line without "\n" may be as long.
    /// - Throws: `.limitExceeded` when more than `limit` bytes are there and no "\n" among the first of them;
    ///   `.invalidArgument` for a negative limit.
    mutating func takeLine(limit: Int) throws(SocketError) -> [UInt8]? {
        guard limit >= 0 else { throw SocketError(.receive, .invalidArgument, subject: "count \(limit)") }
        if let count = countThrough(Self.lineEnd, limit: limit) { return take(atMost: count) }
        if count > limit { throw SocketError(.receive, .limitExceeded, subject: "limit \(limit)") }
        return nil
    }

    private static let lineEnd = [UInt8(ascii: "\n")]

    /// How many bytes there are up to and with the first delimiter that ends within the limit.
    mutating func countThrough(_ delimiter: [UInt8], limit: Int) -> Int? {
        if soughtDelimiter != delimiter {
            soughtDelimiter = delimiter
            searched = 0
        }
        // A delimiter that ends beyond the limit is not looked for, so that a huge buffer costs no more than the limit.
        let end = start + min(limit, count)
        guard let place = Self.place(of: delimiter, in: storage, from: start + searched, to: end) else {
            // The delimiter may have begun in the last bytes.
            searched = max(searched, end - start - delimiter.count + 1, 0)
            return nil
        }
        searched = place - start
        return place + delimiter.count - start
    }

    /// Where the first delimiter begins that lies wholly in the range.
    private static func place(of delimiter: [UInt8], in bytes: [UInt8], from start: Int, to end: Int) -> Int? {
        guard end - start >= delimiter.count else { return nil }
        return unsafe bytes.withUnsafeBytes { bytes in
            unsafe delimiter.withUnsafeBytes { delimiter in
                guard let base = bytes.baseAddress, let sought = delimiter.baseAddress else { return nil }
                let first = unsafe Int32(delimiter[0])
                let lastPlace = end - delimiter.count
                var place = start
                while place <= lastPlace, let found = unsafe memchr(base + place, first, lastPlace - place + 1) {
                    place = unsafe UnsafeRawPointer(found) - base
                    if unsafe memcmp(base + place, sought, delimiter.count) == 0 { return place }
                    place += 1
                }
                return nil
            }
        }
    }
}
