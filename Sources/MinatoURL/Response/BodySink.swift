/// Takes the pieces of a body where they were received, before anything is copied.
///
/// **Threads.** One at a time, each after the one before: whichever receives. Its reader looks at it when it is not fed any more.
final class BodySink: @unchecked Sendable {
    private let body: (Span<UInt8>) throws -> Void
    /// What the closure has thrown: then it has had enough.
    private(set) var failure: (any Error)?

    init(_ body: @escaping (Span<UInt8>) throws -> Void) { self.body = body }

    /// Takes a piece, never an empty one. False: it was the last one that is wanted.
    func take(_ piece: Span<UInt8>) -> Bool {
        do {
            try body(piece)
            return true
        } catch {
            failure = error
            return false
        }
    }
}
