internal import CMinato
internal import Synchronization

// Reads that go on until they have what they are to return. They read ahead: what came behind it stays in the input, from
// which every other read is served first.

extension Connection {
    /// Reads a number of bytes, and waits until all are there.
    ///
    /// - Parameters:
    ///   - count: how many, 0 or more. Memory is taken as they arrive, not beforehand.
    ///   - timeout: how long the whole may take. Zero and less: without waiting. Default: nil, ``readTimeout``.
    ///   - deadline: until when at most. Default: none.
    /// - Returns: exactly `count` bytes.
    /// - Throws: `.endOfStream` when the stream ends before; else as ``read(atMost:timeout:deadline:)``. What came stays
    ///   readable, and the same call made again goes on where it stopped.
    ///
    /// Python: `StreamReader.readexactly`.
    public nonisolated(nonsending) func read(
        exactly count: Int, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) -> [UInt8] {
        guard try isWorthwhile(count) else { return [] }
        return try await readOn(timeout, deadline) { input throws(SocketError) in
            input.take(exactly: count)
        } atEnd: { _ throws(SocketError) in
            throw SocketError(.receive, .endOfStream)
        }
    }

    /// Reads up to and with a delimiter, and waits until it has come.
    ///
    /// - Parameters:
    ///   - delimiter: one byte or more.
    ///   - limit: the most bytes to return, the delimiter included. Default: 65,536.
    ///   - timeout: as for ``read(exactly:timeout:deadline:)``.
    ///   - deadline: as for ``read(exactly:timeout:deadline:)``.
    /// - Returns: the bytes, the delimiter at their end.
    /// - Throws: `.limitExceeded` when `limit` bytes came without the delimiter; `.endOfStream` when the stream ends before
    ///   it; `.invalidArgument` for an empty delimiter or a negative limit; else as ``read(atMost:timeout:deadline:)``. What
    ///   came stays readable.
    ///
    /// Python: `StreamReader.readuntil`.
    public nonisolated(nonsending) func read(
        until delimiter: [UInt8], limit: Int = SocketReader.defaultLimit, timeout: Duration? = nil,
        deadline: Deadline = .none
    ) async throws(SocketError) -> [UInt8] {
        try await readOn(timeout, deadline) { input throws(SocketError) in
            try input.take(through: delimiter, limit: limit)
        } atEnd: { _ throws(SocketError) in
            throw SocketError(.receive, .endOfStream)
        }
    }

    /// Reads a line, and waits until it has come.
    ///
    /// - Parameters:
    ///   - limit: the most bytes of a line, its "\n" included. Default: 65,536.
    ///   - timeout: as for ``read(exactly:timeout:deadline:)``.
    ///   - deadline: as for ``read(exactly:timeout:deadline:)``.
    /// - Returns: the line **with its "\n"** (and the "\r" before it, if there is one), so that an empty line and the end
    ///   differ; the last line without "\n" when the stream ends so; nil at the end of the stream.
    /// - Throws: `.limitExceeded` for a longer line, of which nothing is taken; `.invalidArgument` for a negative limit; else as
    ///   ``read(atMost:timeout:deadline:)``. What came stays readable. Not thrown: `.endOfStream`.
    ///
    /// Python: `StreamReader.readline`, `readline`.
    public nonisolated(nonsending) func readLine(
        limit: Int = SocketReader.defaultLimit, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) -> [UInt8]? {
        try await readOn(timeout, deadline) { input throws(SocketError) in
            // Found, and there is a line.
            try input.takeLine(limit: limit).map { line -> [UInt8]? in line }
        } atEnd: { input throws(SocketError) in
            input.isEmpty ? nil : input.take(atMost: input.count)
        }
    }

    /// Reads everything up to the end of the stream.
    ///
    /// - Parameters:
    ///   - limit: the most bytes to hold in memory for a peer that does not end.
    ///   - timeout: as for ``read(exactly:timeout:deadline:)``.
    ///   - deadline: as for ``read(exactly:timeout:deadline:)``.
    /// - Returns: all bytes; none when the stream has ended.
    /// - Throws: `.limitExceeded` when more came, `.invalidArgument` for a negative limit; else as
    ///   ``read(atMost:timeout:deadline:)``. What came stays readable.
    ///
    /// Python: `StreamReader.read()`.
    public nonisolated(nonsending) func readAll(
        limit: Int, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) -> [UInt8] {
        guard limit >= 0 else { throw channel.failure(.receive, .invalidArgument, subject: "count \(limit)") }
        return try await readOn(timeout, deadline) { input throws(SocketError) in
            if input.count > limit { throw SocketError(.receive, .limitExceeded, subject: "limit \(limit)") }
            return nil
        } atEnd: { input throws(SocketError) in
            input.take(atMost: input.count)
        }
    }

    /// Receives into the input until `find` finds in it what the operation is to return, holding the reading direction.
    ///
    /// - Parameters:
    ///   - find: is asked before the first receive, and after each.
    ///   - atEnd: says what to return or throw at the end of the stream.
    private nonisolated(nonsending) func readOn<Found>(
        _ timeout: Duration?, _ deadline: Deadline, find: (inout ReadBuffer) throws(SocketError) -> Found?,
        atEnd: (inout ReadBuffer) throws(SocketError) -> Found
    ) async throws(SocketError) -> Found {
        var isReady = try await channel.take(.reading)
        var limit: Deadline?
        var hasEnded = false
        while true {
            do throws(SocketError) {
                if let found = hasEnded ? try atEnd(&input) : try find(&input) {
                    finishReading(isReady)
                    return found
                }
            } catch {
                finishReading(isReady)
                throw channel.failure(.receive, error.code, subject: error.subject)
            }
            let size = LoopCore.scratchSize
            // A server's limit for the first byte is not one for all that follows it.
            let whole = limit == nil ? channel.limitBehindFirst(timeout, deadline, standardReadTimeout) : nil
            let count = try await channel.proceed(
                .reading, isReady, &limit, timeout, deadline, standardReadTimeout
            ) { descriptor in
                unsafe channel.receive(descriptor, atMost: size) { unsafe input.append($0) }
            }
            if let whole { limit = whole }
            hasEnded = count == 0
            isReady = count == size || channel.current.hasEnded
            // Each piece counts: a peer that sends as fast as it is read would keep the loop for the whole.
            if isReady, channel.hasHadItsShare(.reading) { try await channel.giveWay(.reading) }
        }
    }
}
