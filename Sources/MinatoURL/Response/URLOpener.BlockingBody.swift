internal import MinatoSocket

extension URLOpener {
    /// The body of a response, read in the thread that asks for it.
    ///
    /// A read blocks until it has what it promises or the body has ended, and longer than the timeout only while bytes keep
    /// coming: the timeout is the longest time without any progress. Between reads nothing is received beyond a bounded buffer
    /// (about 256 KiB and what the kernel holds), so that a slow reader slows the server down.
    ///
    /// A body that ends before its Content-Length or its last chunk is never passed off as whole: the bytes before the
    /// break can be read, and the read that needs more throws `truncated`. A read that throws takes nothing: what had come is
    /// there for the next read, also after a timeout.
    ///
    /// Several threads may read; each read is whole. `close()` in another thread ends a read with `closed`.
    public final class BlockingBody: Sendable {
        private struct State {
            var queue = ByteQueue()
            /// How many bytes the reads have returned.
            var taken = 0
            var isAtEnd = false
            var isClosed = false
        }

        private let state = Guarded(State())
        private let source: any BlockingSource
        private let timeout: Duration?
        private let url: String
        private let expectedCount: Int?

        package init(_ source: any BlockingSource, timeout: Duration?, url: String, expectedCount: Int?) {
            self.source = source
            self.timeout = timeout
            self.url = url
            self.expectedCount = expectedCount
        }

        deinit {
            source.close()
        }

        /// Reads exactly `count` bytes unless the body ends first.
        ///
        /// - Parameter count: How many bytes; 0 reads nothing.
        /// - Returns: `count` bytes, fewer only when they are the last ones, and none at the end of the body.
        /// - Throws: ``OpenError`` with `truncated`, `badChunk`, `connectionReset`, `timedOut`, `closed`; `badRequest` when
        ///   `count` is negative. The end of the body is not an error.
        ///
        /// Python: `read(n)`, which returns short data without a word when the connection breaks.
        public func read(_ count: Int) throws(OpenError) -> [UInt8] {
            try withState(count) { (state) throws(OpenError) in
                try self.fill(&state, until: count)
                return state.queue.take(count)
            }
        }

        /// Reads what is there, at most `count` bytes, and waits only when nothing is.
        ///
        /// - Parameter count: The most to return; 0 reads nothing.
        /// - Returns: At least one byte, and none at the end of the body.
        /// - Throws: As ``read(_:)``.
        ///
        /// Python: `read1(n)`.
        public func read(atMost count: Int) throws(OpenError) -> [UInt8] {
            try withState(count) { (state) throws(OpenError) in
                try self.fill(&state, until: min(count, 1))
                return state.queue.take(count)
            }
        }

        /// Reads a line with the newline that ends it.
        ///
        /// - Parameter limit: The longest line to accept, in bytes, newline included.
        /// - Returns: The line; the last one may lack its newline; no bytes at the end of the body.
        /// - Throws: As ``read(_:)``, and `limitExceeded` when the line is longer, which can then be read in other ways.
        ///
        /// Python: `readline()`.
        public func readLine(limit: Int) throws(OpenError) -> [UInt8] {
            try withState(limit) { (state) throws(OpenError) in
                var searched = 0
                while true {
                    if let distance = state.queue.distance(to: UInt8(ascii: "\n"), from: searched) {
                        guard distance < limit else { break }
                        return state.queue.take(distance + 1)
                    }
                    searched = state.queue.count
                    guard searched <= limit else { break }
                    if state.isAtEnd { return state.queue.take(searched) }
                    try self.fill(&state, until: searched + 1)
                }
                throw self.error(.limitExceeded, "a line is longer than \(limit) bytes")
            }
        }

        /// Reads the rest of the body.
        ///
        /// - Parameter limit: The most to accept, in bytes. There is no default: a server decides how much it sends.
        /// - Returns: All bytes up to the end.
        /// - Throws: As ``read(_:)``, and `limitExceeded` when there is more, at once when the Content-Length says so.
        ///
        /// Python: `read()`.
        public func collect(upTo limit: Int) throws(OpenError) -> [UInt8] {
            try withState(limit) { (state) throws(OpenError) in
                if let expectedCount = self.expectedCount {
                    let left = expectedCount - state.taken
                    guard left <= limit else {
                        throw self.error(.limitExceeded, "the body is longer than \(limit) bytes")
                    }
                    // A length is a promise of the server, not a reason to allocate gigabytes.
                    state.queue.reserve(min(left, 16 << 20))
                }
                try self.fill(&state, until: limit)
                // One byte more would be too many; at the end of the body none comes.
                if state.queue.count == limit, limit < Int.max { try self.fill(&state, until: limit + 1) }
                guard state.queue.count <= limit else {
                    throw self.error(.limitExceeded, "the body is longer than \(limit) bytes")
                }
                return state.queue.take(limit)
            }
        }

        /// Gives up the rest of the body.
        ///
        /// See ``URLOpener/BlockingResponse/close()``.
        public func close() {
            source.interrupt()
            state.withLock { state in
                state.isClosed = true
                state.queue = ByteQueue()
                source.close()
            }
        }

        /// Reads on to the end, so that the connection can be used again, unless that takes too long.
        func discard() {
            let deadline = SuspendingClock.now.advanced(by: .milliseconds(250))
            var left = 64 * 1024
            state.withLock { state in
                while !state.isAtEnd, left > 0 {
                    let time = SuspendingClock.now.duration(to: deadline)
                    guard time > .zero,
                        let isAtEnd = try? source.receive(into: &state.queue, until: 1, timeout: time)
                    else { break }
                    state.isAtEnd = isAtEnd
                    left -= state.queue.take(.max).count
                }
            }
            close()
        }

        private func fill(_ state: inout State, until count: Int) throws(OpenError) {
            while state.queue.count < count && !state.isAtEnd {
                state.isAtEnd = try source.receive(into: &state.queue, until: count, timeout: timeout)
            }
        }

        private func withState(
            _ count: Int, _ body: (inout State) throws(OpenError) -> [UInt8]
        ) throws(OpenError) -> [UInt8] {
            guard count >= 0 else { throw error(.badRequest, "a negative count") }
            return try state.withLock { (state) throws(OpenError) in
                guard !state.isClosed else { throw self.error(.closed, "the response was closed") }
                let bytes = try body(&state)
                state.taken += bytes.count
                return bytes
            }
        }

        private func error(_ code: OpenError.Code, _ detail: String) -> OpenError {
            OpenError(code, .read, url: url, detail: detail)
        }
    }
}
