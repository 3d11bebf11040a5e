package import MinatoLoop

/// The pauses between tries where the kernel reports no readiness: a Unix socket's full backlog, or full receive queue.
///
/// 1 ms at first, then twice as long each time, 50 ms at most: at worst that late, and at most 20 system calls a second.
package struct GrowingPause {
    private static let shortest: Int64 = 1_000_000
    private static let longest: Int64 = 50_000_000

    private var length = shortest

    package init() {}

    /// The end of the pause that begins now.
    package mutating func next() -> Deadline {
        defer { length = min(length * 2, Self.longest) }
        return .after(nanoseconds: length)
    }
}
