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

        @usableFromInline let connection: Connection
        @usableFromInline let count: Int
        @usableFromInline let timeout: Duration?
        @usableFromInline let deadline: Deadline

        init(connection: Connection, count: Int, timeout: Duration? = nil, deadline: Deadline = .none) {
            self.connection = connection
            self.count = count
            self.timeout = timeout
            self.deadline = deadline
        }

        /// Begins to read.
        public func makeAsyncIterator() -> Iterator { Iterator(chunks: self) }

        /// Reads the pieces.
        public struct Iterator: AsyncIteratorProtocol {
            /// A piece, never empty.
            public typealias Element = [UInt8]
            /// What reading throws.
            public typealias Failure = SocketError

            @usableFromInline let chunks: Chunks
            @usableFromInline var pieces = PieceReader()

            init(chunks: Chunks) { self.chunks = chunks }

            /// The next piece, nil at the end of the stream.
            ///
            /// - Throws: as ``Connection/read(atMost:timeout:deadline:)``. One may go on after an error.
            @inlinable
            public nonisolated(nonsending) mutating func next() async throws(SocketError) -> [UInt8]? {
                try await chunks.connection.readPiece(&pieces, chunks.count, chunks.timeout, chunks.deadline)
            }

            /// The next piece, as the protocol asks for it: see ``next()``. Always runs where its caller runs.
            ///
            /// Not `isolated`, as the protocol has it, but `nonsending`, which means the same without a switch of executors before
            /// and behind each piece.
            @inlinable
            public nonisolated(nonsending) mutating func next(
                isolation actor: (any Actor)?
            ) async throws(SocketError) -> [UInt8]? {
                try await next()
            }
        }
    }
}

extension Connection {
    /// Reads the next piece of at most `count` bytes, nil at the end of the stream.
    @usableFromInline
    nonisolated(nonsending) func readPiece(
        _ pieces: inout PieceReader, _ count: Int, _ timeout: Duration?, _ deadline: Deadline
    ) async throws(SocketError) -> [UInt8]? {
        guard count > 0 else { throw invalidCount(count) }
        let most = min(count, LoopCore.scratchSize)
        let isReady = try await channel.take(.reading)
        if !input.isEmpty { return takeInput(isReady) { $0.take(atMost: most) } }
        if !isReady { pieces.beginWait() }
        var limit: Deadline?
        let result = try await channel.proceed(
            .reading, isReady, &limit, timeout, deadline, standardReadTimeout
        ) { descriptor in
            pieces.receive(channel, descriptor, atMost: most)
        }
        channel.finish(.reading, isReady: pieces.isFull || channel.current.hasEnded)
        return result == 0 ? nil : pieces.last
    }
}
