extension URLOpener.Body {
    /// The body, piece by piece as it comes, up to its end.
    ///
    /// ```swift
    /// for try await chunk in response.body.chunks { hash.update(chunk) }
    /// ```
    ///
    /// Each piece has 1 to 65,536 bytes and is taken when it is asked for: a slow consumer slows the server down. Several
    /// iterations, one after the other, share the one body, and other reads may come between.
    ///
    /// Python: `while chunk := response.read1(65536)`.
    public var chunks: Chunks { Chunks(body: self, demand: .chunk(65_536)) }

    /// The lines of the body, each with the newline that ends it.
    ///
    /// ```swift
    /// for try await line in response.body.lines(limit: 8192) {
    ///     print(String(decoding: line, as: UTF8.self), terminator: "")
    /// }
    /// ```
    ///
    /// - Parameter limit: The longest line to accept, in bytes, newline included; a longer one throws `limitExceeded`.
    /// - Returns: A sequence of lines, of which the last one may lack its newline.
    ///
    /// Python: iterating over the response.
    public func lines(limit: Int) -> Chunks { Chunks(body: self, demand: .line(limit)) }

    /// The pieces or lines of a body: see ``URLOpener/Body/chunks`` and ``URLOpener/Body/lines(limit:)``.
    public struct Chunks: AsyncSequence, Sendable {
        /// A piece or line, never empty.
        public typealias Element = [UInt8]
        /// What reading throws.
        public typealias Failure = OpenError

        enum Demand: Sendable {
            case chunk(Int)
            case line(Int)
        }

        let body: URLOpener.Body
        let demand: Demand

        /// Begins to read.
        public func makeAsyncIterator() -> Iterator { Iterator(chunks: self) }

        /// Reads the pieces or lines.
        public struct Iterator: AsyncIteratorProtocol {
            /// A piece or line, never empty.
            public typealias Element = [UInt8]
            /// What reading throws.
            public typealias Failure = OpenError

            let chunks: Chunks

            /// The next piece or line, nil at the end of the body.
            ///
            /// - Throws: As ``URLOpener/Body/read(_:)``. One may go on after a timeout.
            public nonisolated(nonsending) mutating func next() async throws(OpenError) -> [UInt8]? {
                let bytes =
                    switch chunks.demand {
                    case .chunk(let count): try await chunks.body.read(atMost: count)
                    case .line(let limit): try await chunks.body.readLine(limit: limit)
                    }
                return bytes.isEmpty ? nil : bytes
            }

            /// The next piece or line, for a caller that belongs to an actor: see ``next()``.
            public mutating func next(isolation actor: isolated (any Actor)?) async throws(OpenError) -> [UInt8]? {
                try await next()
            }
        }
    }
}
