/// Texts that cross the border between C and Swift.
enum Texts {
    /// A text of C's.
    ///
    /// - Parameter what: What it is, for the failure.
    static func read(_ text: UnsafePointer<CChar>?, _ count: Int, _ what: String) throws(Failure) -> String {
        let bytes = unsafe try bytes(text, count, what)
        guard !bytes.contains(0) else { throw Failure(.badArgument, "\(what) has a NUL") }
        guard let string = String(validating: bytes, as: UTF8.self) else {
            throw Failure(.badArgument, "\(what) is not UTF-8")
        }
        return string
    }

    /// Bytes of C's. NULL has none.
    static func bytes(_ start: UnsafeRawPointer?, _ count: Int, _ what: String) throws(Failure) -> [UInt8] {
        guard count >= 0 else { throw Failure(.badArgument, "the size of \(what) is negative or too large") }
        guard let start = unsafe start else {
            guard count == 0 else { throw Failure(.badArgument, "\(what) is NULL") }
            return []
        }
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// Writes a text into a buffer of C's, cut to its capacity with the NUL.
    ///
    /// - Returns: The length of the whole text.
    static func write(
        _ text: some Collection<UInt8>, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int
    ) throws(Failure) -> Int64 {
        let memory = unsafe try memory(buffer, capacity)
        if capacity > 0 {
            let part = text.prefix(capacity - 1)
            unsafe memory.copyBytes(from: part)
            unsafe memory[part.count] = 0
        }
        return Int64(text.count)
    }

    /// A buffer of C's.
    static func memory(
        _ start: UnsafeMutableRawPointer?, _ count: Int
    ) throws(Failure) -> UnsafeMutableRawBufferPointer {
        guard count >= 0 else { throw Failure(.badArgument, "the size of the buffer is negative or too large") }
        guard unsafe start != nil || count == 0 else { throw Failure(.badArgument, "the buffer is NULL") }
        return unsafe UnsafeMutableRawBufferPointer(start: start, count: count)
    }
}
