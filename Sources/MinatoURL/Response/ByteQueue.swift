/// Bytes that are appended at one end and taken at the other.
package struct ByteQueue: Sendable {
    private var storage: [UInt8] = []
    private var start = 0
    /// As many bytes, about, were taken as a whole lately, and the next ones are likely to be as many.
    private var usualCount = 0

    private static let step = 64 * 1024

    package init() {}

    /// How many bytes there are.
    package var count: Int { storage.count - start }

    /// Makes room for `count` bytes in all, so that a body of known length is written in place.
    package mutating func reserve(_ count: Int) {
        guard storage.capacity - start < count else { return }
        compact()
        storage.reserveCapacity(count)
    }

    /// Adds bytes at the end.
    package mutating func append(contentsOf bytes: some Collection<UInt8>) {
        // Taken bytes are let go before the array grows on their account.
        if start > 0 && storage.count + bytes.count > storage.capacity { compact() }
        if storage.isEmpty && usualCount > bytes.count {
            // Of few sizes, so that malloc has the same memory for them again.
            storage.reserveCapacity(usualCount < Self.step ? usualCount : (usualCount + Self.step - 1) & -Self.step)
        }
        storage.append(contentsOf: bytes)
    }

    /// Takes at most `count` bytes from the front.
    ///
    /// Taking everything hands the storage over without a copy.
    package mutating func take(_ count: Int) -> [UInt8] {
        guard count < self.count || start > 0 else {
            defer { storage = [] }
            usualCount = max(storage.count, usualCount - usualCount / 4)
            return storage
        }
        let end = start + min(count, self.count)
        defer {
            start = end
            if start == storage.count {
                storage.removeAll(keepingCapacity: true)
                start = 0
            }
        }
        return Array(storage[start..<end])
    }

    /// The distance from the front to the first `byte` at or after `offset`, or nil.
    package func distance(to byte: UInt8, from offset: Int) -> Int? {
        storage[(start + min(offset, count))...].firstIndex(of: byte).map { $0 - start }
    }

    private mutating func compact() {
        storage.removeSubrange(..<start)
        start = 0
    }
}
