/// Takes the pieces of a body where they were received, before anything is copied.
///
/// **Threads.** One at a time, each after the one before: whichever receives.
final class BodySink: @unchecked Sendable {
    /// Takes a piece, never an empty one. False: it was the last one that is wanted.
    let take: (Span<UInt8>) -> Bool

    init(_ take: @escaping (Span<UInt8>) -> Bool) { self.take = take }
}
