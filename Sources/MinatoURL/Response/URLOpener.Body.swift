internal import MinatoLoop

extension URLOpener {
    /// The body of a response, received while a task reads it.
    ///
    /// ```swift
    /// let response = try await urlopen("http://www.example.com/login.html")
    /// let start = try await response.body.read(300)       // exactly 300 bytes unless the body ends first
    /// for try await line in response.body.lines(limit: 8192) { ... }
    /// ```
    ///
    /// A read suspends until it has what it promises or the body has ended, and longer than the timeout of the open only while
    /// bytes keep coming: that timeout is the longest time without any progress. The deadline of the open ends the body,
    /// whatever comes. Beyond what is asked for, a bounded buffer is received (about 256 KiB and what the kernel holds), so
    /// that a slow reader slows the server down. With HTTP/2, where several bodies share a connection, what has come for a
    /// reader who does not read may take up to 32 MiB, lest the others stand still.
    ///
    /// A body that ends before its Content-Length or its last chunk is never passed off as whole: the bytes before the
    /// break can be read, and the read that needs more throws `truncated`. A read that throws takes nothing: what had come is
    /// there for the next read, also after a timeout.
    ///
    /// **Cancellation.** Cancelling a task that waits in a read gives up the rest of the body: that read throws `cancelled`,
    /// and so does each later one that needs more than has come.
    ///
    /// **Threads.** May be used from any task, by one at a time: a read beside one that waits throws `busy`.
    ///
    /// Python: what `urllib.request.urlopen` returns, as a file.
    public final class Body: Sendable {
        let pipe: BodyPipe
        private let driver: (any BodyDriver)?
        let expectedCount: Int?

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
        ///   `connectionReset`, `http2Failed`), with `timedOut`, `deadlineExceeded`, `tooSlow`, `cancelled`, `closed`, `busy`;
        ///   `badRequest` when `count` is negative. The end of the body is not an error.
        ///
        /// Python: `read(n)`, which returns short data without a word when the connection breaks.
        public func read(_ count: Int) async throws(OpenError) -> [UInt8] {
            try await perform(.exactly(count), count)
        }

        /// Reads what is there, at most `count` bytes, and waits only when nothing is.
        ///
        /// - Parameter count: The most to return; 0 reads nothing.
        /// - Returns: At least one byte, and none at the end of the body.
        /// - Throws: As ``read(_:)``.
        ///
        /// Python: `read1(n)`.
        public func read(atMost count: Int) async throws(OpenError) -> [UInt8] {
            try await perform(.atMost(count), count)
        }

        /// Reads a line with the newline that ends it.
        ///
        /// - Parameter limit: The longest line to accept, in bytes, newline included.
        /// - Returns: The line; the last one may lack its newline; no bytes at the end of the body.
        /// - Throws: As ``read(_:)``, and `limitExceeded` when the line is longer, which can then be read in other ways.
        ///
        /// Python: `readline()`.
        public func readLine(limit: Int) async throws(OpenError) -> [UInt8] {
            try await perform(.line(limit), limit)
        }

        /// Reads the rest of the body.
        ///
        /// - Parameter limit: The most to accept, in bytes. There is no default: a server decides how much it sends.
        /// - Returns: All bytes up to the end.
        /// - Throws: As ``read(_:)``, and `limitExceeded` when there is more, at once when the Content-Length says so.
        ///
        /// Python: `read()`.
        public func collect(upTo limit: Int) async throws(OpenError) -> [UInt8] {
            try await perform(.rest(limit, expected: expectedCount), limit)
        }

        /// Gives the rest of the body to a closure, piece by piece, in the memory that it was received into: of a long body this is
        /// what costs least, as no byte is copied.
        ///
        /// ```swift
        /// let count = Mutex(0)
        /// try await response.body.forEachPiece { piece in count.withLock { $0 += piece.count } }
        /// ```
        ///
        /// Whatever receives calls the closure, most often the event loop of the opener: as long as it runs, nothing else of that
        /// loop does. One that has to wait for something (a disk, a lock that is held for long) is for ``chunks``. Only when it
        /// returns is the next piece received, so that the server is slowed down, too; a timeout does not count that time, a deadline does.
        ///
        /// A closure that throws ends the wait, having had its piece; the rest of the body can be read in any way. It may close the
        /// response. The call returns, and throws, after the closure has returned for the last time, also when its task is
        /// cancelled meanwhile.
        ///
        /// - Parameter take: Takes a piece, of 1 byte or more, which is there until it returns. Called once at a time, and in order.
        /// - Throws: As ``read(_:)``, `busy` when another task reads; and what the closure throws. The end of the body is no error.
        ///
        /// Suspends the task; may be called from any. Python: `while n := response.readinto(buffer)`, which copies. C: `minato_url_read`, which does, too.
        public func forEachPiece(_ take: @escaping @Sendable (Span<UInt8>) throws -> Void) async throws {
            let sink = BodySink(take)
            while sink.failure == nil {
                // What came before somebody waited.
                var read = BodyRead(.atMost(.max))
                switch try pipe.step(&read) {
                case .done(let bytes, let mustDemand):
                    if mustDemand { driver?.demand() }
                    if bytes.isEmpty { return }
                    _ = sink.take(bytes.span)
                case .wait: try await pipe.wait(feeding: sink, driver: driver)
                }
            }
            if let failure = sink.failure { throw failure }
        }

        /// Gives up the rest of the body.
        ///
        /// See ``URLOpener/Response/close()``.
        public func close() {
            if let driver { driver.giveUp(.closed) } else { pipe.close() }
        }

        /// Reads on to the end, so that the connection can be used again, unless that takes too long.
        func discard(within limit: Duration) async {
            let limit = Deadline.after(limit)
            var left = 64 * 1024
            while left > 0, !Task.isCancelled {
                var read = BodyRead(.atMost(.max))
                guard let step = try? pipe.step(&read) else { break }
                switch step {
                case .done(let bytes, let mustDemand):
                    if bytes.isEmpty { return }
                    left -= bytes.count
                    if mustDemand { driver?.demand() }
                case .wait(let count):
                    let isThere = (try? await pipe.wait(for: count, driver: driver, until: limit)) != nil
                    if !isThere { return close() }
                }
            }
            close()
        }

        private func perform(_ demand: BodyRead.Demand, _ count: Int) async throws(OpenError) -> [UInt8] {
            guard count >= 0 else { throw error(.badRequest, "a negative count") }
            var read = BodyRead(demand)
            while true {
                switch try pipe.step(&read) {
                case .done(let bytes, let mustDemand):
                    if mustDemand { driver?.demand() }
                    return bytes
                case .wait(let count): try await pipe.wait(for: count, driver: driver)
                }
            }
        }

        private func error(_ code: OpenError.Code, _ detail: String) -> OpenError {
            OpenError(code, .read, url: pipe.url, detail: detail)
        }
    }
}
