extension URLOpener.Request {
    /// Where the closure of a ``Body/stream(length:isRestartable:_:)`` writes to.
    ///
    /// Belongs to that closure: what is written after it has returned throws.
    public struct BodyWriter: Sendable {
        let feed: StreamFeed

        /// Writes bytes, and waits while about 64 KiB that the network has not taken lie before them.
        ///
        /// - Parameter bytes: What to send. None is fine and ends nothing.
        /// - Throws: ``OpenError`` with `closed` when the transfer is over, whatever ended it; `cancelled` when the task is
        ///   cancelled, after which the body cannot be whole; `badRequest` when it would be longer than the length that was
        ///   said, and then nothing of these bytes is written.
        ///
        /// To be called by one task at a time.
        public func write(_ bytes: [UInt8]) async throws(OpenError) {
            try await feed.write(bytes)
        }
    }
}
