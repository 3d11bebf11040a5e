internal import Glibc
internal import MinatoLoop
internal import Synchronization

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
        /// The thread that is in a closure of `forEachPiece`, which must wait neither for itself nor for what it has: 0 when none is.
        private let feeder = Atomic<UInt>(0)

        private static var thread: UInt { UInt(pthread_self()) }
        private var isFeeding: Bool { feeder.load(ordering: .relaxed) == Self.thread }

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

        /// Gives the rest of the body to a closure, piece by piece, in the memory that it was received into: of a long body this is
        /// what costs least, as no byte is copied.
        ///
        /// ```swift
        /// var count = 0
        /// try response.body.forEachPiece { piece in count += piece.count }
        /// ```
        ///
        /// Only when the closure returns is the next piece received, so that the server is slowed down, too; a timeout does not count
        /// that time, a deadline does. A closure that throws ends the wait, having had its piece; the rest of the body can be read in any way. It may
        /// close the response, and cannot read from it.
        ///
        /// - Parameter take: Takes a piece, of 1 byte or more, which is there until it returns. Called in this thread, and in order.
        /// - Throws: As ``read(_:)``; `busy` when called by such a closure, as the other reads; and what the closure throws. The end
        ///   of the body is no error.
        ///
        /// Blocks the thread on the network, and while another thread reads. Python: `while n := response.readinto(buffer)`, which copies. C: `minato_url_read`, which does, too.
        public func forEachPiece(_ take: (Span<UInt8>) throws -> Void) throws {
            if let failure = try feed(take) { throw failure }
        }

        /// As `forEachPiece`.
        ///
        /// - Returns: What the closure has thrown, nil at the end of the body.
        func feed(_ take: (Span<UInt8>) throws -> Void) throws(OpenError) -> (any Error)? {
            // Not before the closure has returned, whose thread has what that would wait for.
            defer { if pipe.isClosed { close() } }
            return try whileReading { () throws(OpenError) in
                try withoutActuallyEscaping(take) { (take) throws(OpenError) in
                    let sink = BodySink { piece in
                        self.feeder.store(Self.thread, ordering: .relaxed)
                        defer { self.feeder.store(0, ordering: .relaxed) }
                        try take(piece)
                    }
                    var goesOn = true
                    while goesOn {
                        // What came before somebody waited.
                        var read = BodyRead(.atMost(.max))
                        switch try self.pipe.step(&read) {
                        case .done(let bytes, _): goesOn = !bytes.isEmpty && sink.take(bytes.span)
                        case .wait: goesOn = try self.receive(into: sink)
                        }
                    }
                    return sink.failure
                }
            }
        }

        /// Receives pieces for a sink. False: it has had enough.
        private func receive(into sink: BodySink) throws(OpenError) -> Bool {
            pipe.setSink(sink)
            do throws(OpenError) {
                try driver?.drive(until: nil, limit: nil)
            } catch {
                _ = pipe.removeSink()
                throw error
            }
            return pipe.removeSink()
        }

        /// Gives up the rest of the body.
        ///
        /// See ``URLOpener/BlockingResponse/close()``.
        public func close() {
            guard let driver else {
                pipe.close()
                return
            }
            guard isFeeding else { return driver.giveUp(.closed) }
            // This thread has what the driver would wait for: `feed` does the rest.
            pipe.close()
        }

        /// Reads on to the end, so that the connection can be used again, unless that takes too long.
        func discard(within limit: Duration) {
            let limit = SuspendingClock.now.advanced(by: limit)
            var left = 64 * 1024
            while left > 0 {
                var read = BodyRead(.atMost(.max))
                guard let step = try? pipe.step(&read) else { break }
                switch step {
                case .done(let bytes, _):
                    if bytes.isEmpty { return }
                    left -= bytes.count
                case .wait(let count):
                    let time = SuspendingClock.now.duration(to: limit)
                    guard time > .zero, (try? driver?.drive(until: count, limit: time)) != nil else { return close() }
                }
            }
            close()
        }

        private func perform(_ demand: BodyRead.Demand, _ count: Int) throws(OpenError) -> [UInt8] {
            guard count >= 0 else { throw error(.badRequest, "a negative count") }
            return try whileReading { () throws(OpenError) in
                var read = BodyRead(demand)
                while true {
                    switch try self.pipe.step(&read) {
                    // Nothing is received between reads, so that a full pipe is noticed by the next one.
                    case .done(let bytes, _): return bytes
                    case .wait(let count): try self.driver?.drive(until: count, limit: nil)
                    }
                }
            }
        }

        private func whileReading<Result>(_ body: () throws(OpenError) -> Result) throws(OpenError) -> Result {
            guard !isFeeding else { throw error(.busy, "what takes a piece of the body reads from it") }
            return try reading.withLock(body)
        }

        private func error(_ code: OpenError.Code, _ detail: String) -> OpenError {
            OpenError(code, .read, url: pipe.url, detail: detail)
        }
    }
}
