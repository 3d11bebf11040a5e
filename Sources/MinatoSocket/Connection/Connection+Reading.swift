internal import CMinato
internal import Glibc

extension Connection {
    /// Reads what is there, at most `count` bytes, and waits for it when nothing is.
    ///
    /// - Parameters:
    ///   - count: the most bytes to read; more than 65,536 are never returned at once. The array is no larger than what came.
    ///   - timeout: how long to wait at most. Zero and less: not at all. Default: nil, ``readTimeout``.
    ///   - deadline: until when to wait at most. Default: none.
    /// - Returns: 1 to `count` bytes; none at the end of the stream, every time it is asked again, and at once for a count of
    ///   0.
    /// - Throws: `.timedOut`; `.cancelled`; `.closed` when it is closed here; `.busy` while another task reads;
    ///   `.connectionReset` when the peer or the network broke it off; `.invalidArgument` for a negative count. Not thrown: an
    ///   error for the end of the stream.
    ///
    /// After an error no byte is lost. C: `minato_socket_receive`. Python: `recv`, `StreamReader.read`. See recv(2).
    public nonisolated(nonsending) func read(
        atMost count: Int, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) -> [UInt8] {
        var bytes: [UInt8] = []
        guard try isWorthwhile(count) else { return bytes }
        let size = min(count, LoopCore.scratchSize)
        let isReady = try await channel.take(.reading)
        if !input.isEmpty { return takeInput(isReady) { $0.take(atMost: size) } }
        var limit: Deadline?
        let result = try await channel.proceed(
            .reading, isReady, &limit, timeout, deadline, standardReadTimeout
        ) { descriptor in
            unsafe channel.receive(descriptor, atMost: size) { bytes = unsafe [UInt8]($0) }
        }
        channel.finish(.reading, isReady: result == size || channel.current.hasEnded)
        return bytes
    }

    /// Reads what is there and appends it to an array: nothing is allocated when the array has room.
    ///
    /// - Parameters:
    ///   - count: the most bytes to read; more than 65,536 are never read at once.
    ///   - bytes: where they are appended.
    ///   - timeout: as for ``read(atMost:timeout:deadline:)``.
    ///   - deadline: as for ``read(atMost:timeout:deadline:)``.
    /// - Returns: how many bytes were appended; 0 at the end of the stream and for a count of 0.
    /// - Throws: as ``read(atMost:timeout:deadline:)``; nothing is appended then.
    ///
    /// C: `minato_socket_receive`. Python: `recv_into`. See recv(2).
    @discardableResult
    public nonisolated(nonsending) func read(
        atMost count: Int, appendingTo bytes: inout [UInt8], timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) -> Int {
        guard try isWorthwhile(count) else { return 0 }
        let size = min(count, LoopCore.scratchSize)
        let isReady = try await channel.take(.reading)
        if !input.isEmpty {
            let taken = takeInput(isReady) { $0.take(atMost: size) }
            bytes += taken
            return taken.count
        }
        var limit: Deadline?
        let result = try await channel.proceed(
            .reading, isReady, &limit, timeout, deadline, standardReadTimeout
        ) { descriptor in
            unsafe channel.receive(descriptor, atMost: size) { unsafe bytes.append(contentsOf: $0) }
        }
        channel.finish(.reading, isReady: result == size || channel.current.hasEnded)
        return Int(result)
    }

    /// Reads what is there into memory of the caller's, and waits for it when nothing is. Allocates nothing.
    ///
    ///     var buffer = [UInt8](repeating: 0, count: 4096)
    ///     var span = buffer.mutableSpan
    ///     let count = try await connection.read(into: &span)
    ///
    /// - Parameters:
    ///   - buffer: the memory; beyond what was read it stays as it was.
    ///   - timeout: as for ``read(atMost:timeout:deadline:)``.
    ///   - deadline: as for ``read(atMost:timeout:deadline:)``.
    /// - Returns: how many bytes were read, from the start of the memory on; 0 at the end of the stream, and at once when there
    ///   is no memory.
    /// - Throws: as ``read(atMost:timeout:deadline:)``.
    ///
    /// C: `minato_socket_receive`. Python: `recv_into`. See recv(2).
    public nonisolated(nonsending) func read(
        into buffer: inout MutableSpan<UInt8>, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) -> Int {
        guard !buffer.isEmpty else { return 0 }
        let isReady = try await channel.take(.reading)
        if !input.isEmpty {
            return takeInput(isReady) { input in
                unsafe buffer.withUnsafeMutableBytes { unsafe input.take(into: $0) }
            }
        }
        var limit: Deadline?
        let result = try await channel.proceed(
            .reading, isReady, &limit, timeout, deadline, standardReadTimeout
        ) { descriptor in
            unsafe buffer.withUnsafeMutableBytes { bytes in
                guard let base = bytes.baseAddress else { return 0 }
                return unsafe minato_socket_receive_once(descriptor, base, bytes.count)
            }
        }
        channel.finish(.reading, isReady: result == buffer.count || channel.current.hasEnded)
        return Int(result)
    }

    // MARK: - Inside

    /// False when there is nothing to do for a count of zero.
    @inline(__always)
    func isWorthwhile(_ count: Int) throws(SocketError) -> Bool {
        if count > 0 { return true }
        if count < 0 { throw invalidCount(count) }
        return false
    }

    @inline(never)
    func invalidCount(_ count: Int) -> SocketError {
        channel.failure(.receive, .invalidArgument, subject: "count \(count)")
    }

    /// Ends a read that finds in the input what it is to return.
    @inline(never)
    func takeInput<Result>(_ isReady: Bool, _ body: (inout ReadBuffer) -> Result) -> Result {
        let result = body(&input)
        finishReading(isReady)
        return result
    }

    /// Gives the reading direction back. An idle connection holds no memory for input.
    func finishReading(_ isReady: Bool) {
        if input.isEmpty { input = ReadBuffer() }
        channel.finish(.reading, isReady: isReady)
    }
}

extension Channel {
    /// One receive; `body` gets the bytes when there are any, so that it can keep them in memory of just their size.
    ///
    /// - Parameter isOnLoop: whether this is the loop's thread, if the caller knows that it is.
    @inline(__always)
    func receive(
        _ descriptor: Int32, atMost size: Int, isOnLoop: Bool = false, _ body: (UnsafeRawBufferPointer) -> Void
    ) -> Int64 {
        unsafe withMemory(size, isOnLoop: isOnLoop) { memory in
            guard let base = memory.baseAddress else { return 0 }
            let result = unsafe minato_socket_receive_once(descriptor, base, memory.count)
            if result > 0 { unsafe body(UnsafeRawBufferPointer(start: base, count: Int(result))) }
            return result
        }
    }

    /// Lends memory for the moment: the loop's, when it is this thread's and large enough.
    @inline(__always)
    func withMemory(
        _ size: Int, isOnLoop: Bool = false, _ body: (UnsafeMutableRawBufferPointer) -> Int64
    ) -> Int64 {
        if isOnLoop || self.isOnLoop, size <= LoopCore.scratchSize {
            return unsafe core._withUnsafeGuaranteedRef { core in
                unsafe body(UnsafeMutableRawBufferPointer(start: core.scratchMemory, count: size))
            }
        }
        return unsafe withOwnMemory(size, body)
    }

    /// Kept out of the functions that wait: the memory would be part of every task's.
    @inline(never)
    private func withOwnMemory(_ size: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int64) -> Int64 {
        unsafe withUnsafeTemporaryAllocation(byteCount: size, alignment: 16) { unsafe body($0) }
    }
}
