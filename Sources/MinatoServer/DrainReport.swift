/// What became of the work that was in flight when a server was drained.
public struct DrainReport: Hashable, Sendable, CustomStringConvertible {
    /// Connections or datagrams whose handler came to its end by itself.
    public let finished: Int
    /// Those whose handler was still at work when the time was over: the connections were shut down.
    public let ended: Int

    /// `3 finished, 1 ended`.
    public var description: String { "\(finished) finished, \(ended) ended" }
}
