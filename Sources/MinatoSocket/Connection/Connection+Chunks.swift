extension Connection {
    /// What the peer sends, piece by piece as it arrives, up to the end of the stream.
    ///
    ///     for try await chunk in connection.chunks {
    ///         try await connection.write(uppercased(chunk))
    ///     }
    ///
    /// Each piece has 1 to 65,536 bytes and is read when it is asked for: a slow consumer slows the peer down, and nothing
    /// piles up in memory. Several iterations, one after the other, share the one stream.
    ///
    /// Python: `while data := sock.recv(65536)`.
    public var chunks: Chunks { Chunks(connection: self, count: LoopCore.scratchSize) }

    /// What the peer sends, in pieces of at most `count` bytes: see ``chunks``.
    ///
    /// - Parameters:
    ///   - count: the most bytes of a piece: 1 or more; below that the first read throws `.invalidArgument`.
    ///   - timeout: how long each piece may take. Default: nil, ``readTimeout``.
    ///   - deadline: until when the last piece must have come. Default: none.
    public func chunks(atMost count: Int, timeout: Duration? = nil, deadline: Deadline = .none) -> Chunks {
        Chunks(connection: self, count: count, timeout: timeout, deadline: deadline)
    }

    /// The pieces of a stream: see ``Connection/chunks``.
    public struct Chunks: AsyncSequence, Sendable {
        /// A piece, never empty.
        public typealias Element = [UInt8]
        /// What reading throws.
        public typealias Failure = SocketError

        let connection: Connection
        let count: Int
        var timeout: Duration?
        var deadline = Deadline.none

        /// Begins to read.
        public func makeAsyncIterator() -> Iterator { Iterator(chunks: self) }

        /// Reads the pieces.
        public struct Iterator: AsyncIteratorProtocol {
            /// A piece, never empty.
            public typealias Element = [UInt8]
            /// What reading throws.
            public typealias Failure = SocketError

            let chunks: Chunks

            /// The next piece, nil at the end of the stream.
            ///
            /// - Throws: as ``Connection/read(atMost:timeout:deadline:)``. One may go on after an error.
            public nonisolated(nonsending) mutating func next() async throws(SocketError) -> [UInt8]? {
                guard chunks.count > 0 else {
                    throw chunks.connection.channel.failure(
                        .receive, .invalidArgument, subject: "count \(chunks.count)")
                }
                let bytes = try await chunks.connection.read(
                    atMost: chunks.count, timeout: chunks.timeout, deadline: chunks.deadline)
                return bytes.isEmpty ? nil : bytes
            }

            /// The next piece, for a caller that belongs to an actor: see ``next()``.
            public mutating func next(isolation actor: isolated (any Actor)?) async throws(SocketError) -> [UInt8]? {
                try await next()
            }
        }
    }
}
