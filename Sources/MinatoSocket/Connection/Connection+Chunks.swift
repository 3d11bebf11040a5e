internal import Glibc

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
    public var chunks: Chunks { Chunks(connection: self, count: LoopCore.scratchSize, nanoseconds: -1) }

    /// What the peer sends, in pieces of at most `count` bytes: see ``chunks``.
    ///
    /// - Parameters:
    ///   - count: the most bytes of a piece: 1 or more; below that the first read throws `.invalidArgument`.
    ///   - timeout: how long each piece may take. Default: nil, ``readTimeout``.
    ///   - deadline: until when the last piece must have come. Default: none.
    public func chunks(atMost count: Int, timeout: Duration? = nil, deadline: Deadline = .none) -> Chunks {
        Chunks(
            connection: self, count: count, nanoseconds: timeout.map { max($0.nanosecondsRoundedUp, 1) } ?? -1,
            deadline: deadline)
    }

    /// The pieces of a stream: see ``Connection/chunks``.
    public struct Chunks: AsyncSequence, Sendable {
        /// A piece, never empty.
        public typealias Element = [UInt8]
        /// What reading throws.
        public typealias Failure = SocketError

        // Small, as it lies in the memory of the task for as long as its connection is idle.
        @usableFromInline let connection: Connection
        @usableFromInline let count: Int
        /// The timeout of a piece; negative when none was given.
        @usableFromInline let nanoseconds: Int64
        @usableFromInline let deadline: Deadline

        init(connection: Connection, count: Int, nanoseconds: Int64, deadline: Deadline = .none) {
            self.connection = connection
            self.count = count
            self.nanoseconds = nanoseconds
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
                try await readPiece()
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

extension Connection.Chunks.Iterator {
    /// The way that pieces usually go: the connection's own task waits on its loop, once. All that differs goes through
    /// `goOn`, whose variables an idle connection holds no memory for.
    @usableFromInline
    nonisolated(nonsending) mutating func readPiece() async throws(SocketError) -> [UInt8]? {
        let isReady = try beginReading()
        var wake = Channel.Wake.foreign
        var limit: Deadline?
        var result: Int64 = 0
        if let room = enterRoom(isReady, &limit) {
            await room.pass()
            wake = unsafe unretained._withUnsafeGuaranteedRef { $0.channel.wake(.reading) }
            if wake == .ready {
                result = receive(isOnLoop: true)
                if result >= 0 { return finish(result) }
            }
        }
        return try await goOn(isReady, limit, wake, result)
    }

    /// The connection, without counting a reference for each of the steps: the iterator keeps it.
    @inline(__always)
    private var unretained: Unmanaged<Connection> { unsafe .passUnretained(chunks.connection) }

    @inline(__always)
    private func beginReading() throws(SocketError) -> Bool {
        guard chunks.count > 0 else { throw chunks.connection.invalidCount(chunks.count) }
        return try chunks.connection.channel.begin(.reading)
    }

    /// Where the own task is to wait: nil when it need not, or is not the own one.
    @inline(__always)
    private mutating func enterRoom(_ isReady: Bool, _ limit: inout Deadline?) -> WaitingRoom? {
        let chunks = chunks
        return unsafe unretained._withUnsafeGuaranteedRef { connection in
            let channel = connection.channel
            if isReady || !connection.input.isEmpty || !channel.canWaitInRoom { return nil }
            pieces.beginWait(channel)
            let until = channel.firstLimit(.reading, chunks.limit(connection))
            limit = until
            return channel.enterRoom(.reading, until)
        }
    }

    @inline(__always)
    private mutating func receive(isOnLoop: Bool = false) -> Int64 {
        let most = chunks.most
        return unsafe unretained._withUnsafeGuaranteedRef { connection in
            pieces.receive(connection.channel, connection.channel.descriptor, atMost: most, isOnLoop: isOnLoop)
        }
    }

    /// Goes on with a read that has begun.
    ///
    /// - Parameters:
    ///   - limit: the deadline of the operation, when it has waited or tried to.
    ///   - wake: how the wait in the room ended; `.foreign` also when there was none.
    ///   - result: what a try behind that wait returned, 0 for none.
    @inline(never)
    private nonisolated(nonsending) mutating func goOn(
        _ isReady: Bool, _ limit: Deadline?, _ wake: Channel.Wake, _ result: Int64
    ) async throws(SocketError) -> [UInt8]? {
        let connection = chunks.connection
        if wake == .ready {
            let isInterrupted = result == -Int64(EINTR)
            guard isInterrupted || result == -Int64(EAGAIN) else { throw connection.channel.end(.reading, result) }
            return try await proceed(isInterrupted, limit)
        }
        if wake == .timedOut {
            // As in `Channel.proceed`: nothing was tried before the wait.
            let last = receive()
            if last >= 0 { return finish(last) }
            let isEmpty = last == -Int64(EAGAIN) || last == -Int64(EINTR)
            throw isEmpty ? connection.channel.end(.reading, wake) : connection.channel.end(.reading, last)
        }
        guard wake == .foreign else { throw connection.channel.end(.reading, wake) }
        if connection.channel.hasHadItsShare(.reading) { try await connection.channel.giveWay(.reading) }
        if !connection.input.isEmpty {
            let most = chunks.most
            return connection.takeInput(isReady) { $0.take(atMost: most) }
        }
        if !isReady { pieces.beginWait(connection.channel) }
        return try await proceed(isReady, limit)
    }

    private nonisolated(nonsending) mutating func proceed(
        _ isReady: Bool, _ limit: Deadline?
    ) async throws(SocketError) -> [UInt8]? {
        let channel = chunks.connection.channel
        let most = chunks.most
        var limit = limit
        let timeout: Duration? = chunks.nanoseconds < 0 ? nil : .nanoseconds(chunks.nanoseconds)
        let result = try await channel.proceed(
            .reading, isReady, &limit, timeout, chunks.deadline, chunks.connection.standardReadTimeout
        ) { descriptor in
            pieces.receive(channel, descriptor, atMost: most)
        }
        return finish(result)
    }

    /// Gives the direction back. The piece that was received; nil at the end of the stream.
    @inline(__always)
    private func finish(_ result: Int64) -> [UInt8]? {
        unsafe unretained._withUnsafeGuaranteedRef {
            $0.channel.finish(.reading, isReady: pieces.isFull || $0.channel.current.hasEnded)
        }
        return result == 0 ? nil : pieces.last
    }
}

extension Connection.Chunks {
    @inline(__always)
    fileprivate var most: Int { Swift.min(count, LoopCore.scratchSize) }

    /// Until when a wait that begins now, on the loop's thread, may last.
    @inline(__always)
    fileprivate func limit(_ connection: Connection) -> Deadline {
        connection.channel.deadline(
            nanoseconds < 0 ? nil : .nanoseconds(nanoseconds), deadline, connection.standardReadTimeout, isOnLoop: true)
    }
}
