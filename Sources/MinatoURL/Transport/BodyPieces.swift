/// The pieces in which libcurl gives on a body: of what it has received in one go as many as that has times 16 KiB.
///
/// When it is told to keep one of them, it makes a copy of all that are left, and gives them on later. So the piece after which there
/// may be no room is best the last of one go; and that it is taken, and told to keep only this one, which comes once more.
struct BodyPieces {
    /// Of a body that is no longer than this nothing is asked.
    static let few = 64 * 1024

    /// How many bytes were taken.
    var count = 0
    /// How many bytes come that were taken already.
    var knownCount = 0
    /// How many bytes libcurl had received when it was asked last, when that was, and the most of one go.
    private var received = 0
    private(set) var time: Int64 = 0
    private var longest = 0

    /// What of a piece is new.
    mutating func withoutKnown(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard knownCount > 0 else { return unsafe bytes }
        let known = min(knownCount, bytes.count)
        knownCount -= known
        return unsafe UnsafeRawBufferPointer(rebasing: bytes[known...])
    }

    /// How many bytes may follow in one go when a piece is the last one of another; 0 when it is not.
    ///
    /// - Parameters:
    ///   - count: The length of the piece.
    ///   - ask: How many bytes of the body libcurl has received, and the time. Asked with the first piece of a go.
    mutating func following(_ count: Int, _ ask: () -> (received: Int, time: Int64)) -> Int {
        let end = self.count + count
        if end > received {
            let last = received
            (received, time) = ask()
            if last > 0 { longest = max(longest, received - last) }
        }
        return end == received ? longest : 0
    }
}
