internal import CMinato

/// What a ``Selector`` waits for on a descriptor, and what it reports.
///
/// Python: `selectors.EVENT_READ`, `selectors.EVENT_WRITE`.
public struct Interest: OptionSet, Hashable, Sendable {
    /// 1 for reading, 2 for writing, as in Python.
    public let rawValue: UInt32

    /// An interest by its bits; a selector refuses those that it does not know.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Reading will not block: data, a connection to accept, the end of the stream, an error.
    public static let read = Interest(rawValue: 1)
    /// Writing will not block, be it because an error waits there.
    public static let write = Interest(rawValue: 2)

    /// Whether it says anything, and nothing but what is known.
    var isValid: Bool { !isEmpty && isSubset(of: [.read, .write]) }

    /// The flags of ready.h.
    var flags: UInt32 {
        (contains(.read) ? UInt32(MINATO_READABLE) : 0) | (contains(.write) ? UInt32(MINATO_WRITABLE) : 0)
    }

    /// What flags of ready.h mean. A hang-up and an error end the waiting of a reader and of a writer alike, so they count
    /// as both, as in Python.
    init(flags: UInt32) {
        let both = UInt32(MINATO_HANGUP | MINATO_ERROR)
        var interest: Interest = []
        if flags & (UInt32(MINATO_READABLE) | both) != 0 { interest.insert(.read) }
        if flags & (UInt32(MINATO_WRITABLE) | both) != 0 { interest.insert(.write) }
        self = interest
    }
}
