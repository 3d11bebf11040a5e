internal import MinatoLoop

extension URLOpener {
    /// The body of a response, read in the thread that asks for it.
    ///
    /// A read blocks until it has what it promises or the body has ended, and longer than the timeout of the open only while
    /// bytes keep coming: that timeout is the longest time without any progress. The deadline of the open ends the body,
    /// whatever comes. Between reads nothing is received beyond a bounded buffer (about 256 KiB and what the kernel holds), so
    /// that a slow reader slows the server down.
    ///
    /// A body that ends before its Content-Length or its last chunk is never passed off as whole: the bytes before the
    /// break can be read, and the read that needs more throws `truncated`. A read that throws takes nothing: what had come is
    /// there for the next read, also after a timeout.
    ///
    /// Several threads may read; each read is whole. `close()` in another thread ends a read with `closed`.
    ///
    /// Python: what `urllib.request.urlopen` returns, as a file.
    public final class BlockingBody: Sendable {
        let pipe: BodyPipe
        private let driver: (any BodyDriver)?
        let expectedCount: Int?
        /// Held during a read, so that the bytes of one are never split by another.
        private let reading = Lock()

        init(_ pipe: BodyPipe, driver: (any BodyDriver)?, expectedCount: Int?) {
            self.pipe = pipe
            self.driver = driver
            self.expectedCount = expectedCount
        }

        deinit {
            close()
        }

        /// Reads exactly `count` bytes unless the body ends first.
        ///
        /// - Parameter count: How many bytes; 0 reads nothing.
        /// - Returns: `count` bytes, fewer only when they are the last ones, and none at the end of the body.
        /// - Throws: ``OpenError`` with what broke the body (`truncated`, `badChunk`, `badEncoding`, `decodedTooLarge`,
        ///   `connectionReset`, `http2Failed`), with `timedOut`, `deadlineExceeded`, `tooSlow`, `closed`; `badRequest` when
        ///   `count` is negative. The end of the body is not an error.
        ///
        /// Python: `read(n)`, which returns short data without a word when the connection breaks.
        public func read(_ count: Int) throws(OpenError) -> [UInt8] {
            try perform(.exactly(count), count)
        }

        /// Reads what is there, at most `count` bytes, and waits only when nothing is.
        ///
        /// - Parameter count: The most to return; 0 reads nothing.
        /// - Returns: At least one byte, and none at the end of the body.
        /// - Throws: As ``read(_:)``.
        ///
        /// Python: `read1(n)`.
        public func read(atMost count: Int) throws(OpenError) -> [UInt8] {
            try perform(.atMost(count), count)
        }

        /// Reads a line with the newline that ends it.
        ///
        /// - Parameter limit: The longest line to accept, in bytes, newline included.
        /// - Returns: The line; the last one may lack its newline; no bytes at the end of the body.
        /// - Throws: As ``read(_:)``, and `limitExceeded` when the line is longer, which can then be read in other ways.
        ///
        /// Python: `readline()`.
        public func readLine(limit: Int) throws(OpenError) -> [UInt8] {
            try perform(.line(limit), limit)
        }

        /// Reads the rest of the body.
        ///
        /// - Parameter limit: The most to accept, in bytes. There is no default: a server decides how much it sends.
        /// - Returns: All bytes up to the end.
        /// - Throws: As ``read(_:)``, and `limitExceeded` when there is more, at once when the Content-Length says so.
        ///
        /// Python: `read()`.
        public func collect(upTo limit: Int) throws(OpenError) -> [UInt8] {
            try perform(.rest(limit, expected: expectedCount), limit)
        }

        /// Gives up the rest of the body.
        ///
        /// See ``URLOpener/BlockingResponse/close()``.
        public func close() {
            if let driver { driver.giveUp(.closed) } else { pipe.close() }
        }

        /// Reads on to the end, so that the connection can be used again, unless that takes too long.
        func discard() {
            let limit = SuspendingClock.now.advanced(by: .milliseconds(250))
            var left = 64 * 1024
            while left > 0 {
                var read = BodyRead(.atMost(.max))
                switch pipe.step(&read) {
                case .done(let bytes, _):
                    if bytes.isEmpty { return }
                    left -= bytes.count
                case .wait(let count):
                    let time = SuspendingClock.now.duration(to: limit)
                    guard time > .zero, (try? driver?.drive(until: count, limit: time)) != nil else { return close() }
                case .failed, .tooLong, .closed:
                    return close()
                }
            }
            close()
        }

        private func perform(_ demand: BodyRead.Demand, _ count: Int) throws(OpenError) -> [UInt8] {
            guard count >= 0 else { throw error(.badRequest, "a negative count") }
            return try reading.withLock { () throws(OpenError) in
                var read = BodyRead(demand)
                while true {
                    switch self.pipe.step(&read) {
                    // Nothing is received between reads, so that a full pipe is noticed by the next one.
                    case .done(let bytes, _): return bytes
                    case .wait(let count): try self.driver?.drive(until: count, limit: nil)
                    case .failed(let error): throw error
                    case .tooLong(let detail): throw self.error(.limitExceeded, detail)
                    case .closed: throw self.error(.closed, "the response was closed")
                    }
                }
            }
        }

        private func error(_ code: OpenError.Code, _ detail: String) -> OpenError {
            OpenError(code, .read, url: pipe.url, detail: detail)
        }
    }
}
