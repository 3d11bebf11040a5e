internal import CMinato
internal import Glibc

extension Connection {
    /// Writes all bytes: returns when the kernel has taken them, and waits while it has no room.
    ///
    /// A peer that does not read makes it wait; nothing is kept in memory here.
    ///
    /// - Parameters:
    ///   - bytes: what to write; nothing is done, at once, when there are none.
    ///   - timeout: how long the whole may wait. Zero and less: not at all. Default: nil, ``writeTimeout``.
    ///   - deadline: until when to wait at most. Default: none.
    /// - Throws: `.brokenPipe` and `.connectionReset` when the peer has gone, or after ``finishWriting()``; `.timedOut`;
    ///   `.cancelled`; `.closed` when it is closed here; `.busy` while another task writes. Not thrown: an error for bytes that
    ///   the kernel took and the peer never read. SIGPIPE is never raised.
    ///
    /// After an error an unknown part of the bytes has gone out: close the connection.
    ///
    /// C: `minato_socket_send`. Python: `sendall`; `StreamWriter.write` with `drain`. See send(2).
    @inlinable
    public nonisolated(nonsending) func write(
        _ bytes: [UInt8], timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) {
        try await write(bytes.span, timeout: timeout, deadline: deadline)
    }

    /// Writes all bytes: see ``write(_:timeout:deadline:)-([UInt8],_,_)``.
    ///
    /// What the kernel takes at once costs no suspension, and no task's memory.
    @inlinable
    public nonisolated(nonsending) func write(
        _ bytes: borrowing Span<UInt8>, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) {
        let begun = try beginWriting(bytes)
        if begun < bytes.count { try await goOnWriting(bytes, begun, timeout, deadline) }
    }

    /// Writes all of a text in UTF-8: see ``write(_:timeout:deadline:)-([UInt8],_,_)``.
    public nonisolated(nonsending) func write(
        _ text: String, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) {
        try await write(Array(text.utf8).span, timeout: timeout, deadline: deadline)
    }

    /// Writes all bytes of a collection, which are copied first: see ``write(_:timeout:deadline:)-([UInt8],_,_)``.
    public nonisolated(nonsending) func write(
        _ bytes: some Collection<UInt8>, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) {
        try await write(Array(bytes).span, timeout: timeout, deadline: deadline)
    }

    /// Writes several pieces, one behind the other, as one write: a head and a body, say.
    ///
    /// They are not copied together, and go out in as few packets as if they were one.
    ///
    /// - Parameters:
    ///   - pieces: what to write, as many as one likes.
    ///   - timeout: as for ``write(_:timeout:deadline:)-([UInt8],_,_)``, for the whole.
    ///   - deadline: as for ``write(_:timeout:deadline:)-([UInt8],_,_)``.
    /// - Throws: as ``write(_:timeout:deadline:)-([UInt8],_,_)``.
    ///
    /// C: `minato_message_send`. Python: `sendmsg`, `StreamWriter.writelines`. See sendmsg(2).
    public nonisolated(nonsending) func write(
        pieces: [[UInt8]], timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) {
        var rest = pieces[...]
        var offset = 0
        while let first = rest.first, first.isEmpty { rest = rest.dropFirst() }
        guard !rest.isEmpty else { return }
        let call = MessageCall(family: channel.family, kind: channel.kind)
        var isReady = try await channel.take(.writing)
        var limit: Deadline?
        while true {
            var room = Self.piece
            _ = try await channel.proceed(
                .writing, isReady, &limit, timeout, deadline, standardWriteTimeout
            ) { descriptor in
                var asked = 0
                let batch = rest.prefix(Self.piecesAtOnce)
                let result = unsafe call.withBuffers(of: batch, skipping: offset, upTo: room) { buffers in
                    asked = unsafe buffers.reduce(0) { unsafe $0 + $1.length }
                    return unsafe minato_message_send(
                        descriptor, buffers.baseAddress, buffers.count, nil, nil, 0, Int64(MINATO_NO_WAIT))
                }
                guard result >= 0 else { return result }
                room -= Int(result)
                offset += Int(result)
                while let first = rest.first, offset >= first.count {
                    offset -= first.count
                    rest = rest.dropFirst()
                }
                return Int(result) == asked ? 0 : channel.resultOfShortWrite
            }
            if rest.isEmpty { break }
            isReady = true
            if channel.hasHadItsShare(.writing) { try await channel.giveWay(.writing) }
        }
        channel.finish(.writing, isReady: true)
    }

    /// How many pieces one system call takes: each costs a level of recursion.
    private static var piecesAtOnce: Int { 64 }

    /// Tells the peer that nothing more will be written (half-close): its reads end, ours go on.
    ///
    /// What was written before is delivered first. Does not wait. A second call does nothing.
    ///
    /// - Throws: `.busy` while a task writes; `.closed`; `.notConnected` when the peer has reset the connection.
    ///
    /// C: `minato_socket_shutdown`. Python: `shutdown(SHUT_WR)`, `write_eof`. See shutdown(2).
    public func finishWriting() throws(SocketError) {
        let wasReady = try channel.seize(.writing)
        // A second one fails when the peer has finished as well: see tcp(7).
        let result =
            hasFinishedWriting ? 0 : minato_socket_shutdown(channel.descriptor, Socket.Direction.sending.rawValue)
        let error = result < 0 ? channel.failure(.shutdown, .init(result: result)) : nil
        hasFinishedWriting = result >= 0
        channel.finish(.writing, isReady: wasReady)
        if let error { throw error }
    }
}

extension Connection {
    /// Begins a write with one try.
    ///
    /// - Returns: how many bytes were sent, and the direction is kept until `goOnWriting` has sent the others; all, or 0 when
    ///   there are none, and it is given back. Negative: others come first, and nothing was tried.
    @usableFromInline
    func beginWriting(_ bytes: borrowing Span<UInt8>) throws(SocketError) -> Int {
        let size = bytes.count
        guard size > 0 else { return 0 }
        guard try channel.begin(.writing) else { return 0 }
        if channel.hasHadItsShare(.writing) { return -1 }
        let piece = min(size, Self.piece)
        let result = unsafe bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return Int64(0) }
            return uninterrupted { unsafe minato_socket_send_once(channel.descriptor, base, piece) }
        }
        if result == size {
            channel.finish(.writing, isReady: true)
            return size
        }
        if result >= 0 { return Int(result) }
        if result == -Int64(EAGAIN) { return 0 }
        throw channel.end(.writing, result)
    }

    /// Goes on with a write that has begun.
    @usableFromInline
    nonisolated(nonsending) func goOnWriting(
        _ bytes: borrowing Span<UInt8>, _ begun: Int, _ timeout: Duration?, _ deadline: Deadline
    ) async throws(SocketError) {
        let size = bytes.count
        var sent = max(begun, 0)
        if begun < 0 { try await channel.giveWay(.writing) }
        var limit: Deadline?
        // After a short write there is an edge to come, unless the peer has gone.
        var isReady = begun < 0 || begun == Self.piece || begun > 0 && channel.current.hasEnded
        while true {
            let end = min(size, sent + Self.piece)
            _ = try await channel.proceed(
                .writing, isReady, &limit, timeout, deadline, standardWriteTimeout
            ) { descriptor in
                unsafe bytes.withUnsafeBytes { bytes in
                    guard let base = bytes.baseAddress else { return 0 }
                    let result = unsafe minato_socket_send_once(descriptor, base + sent, end - sent)
                    guard result >= 0 else { return result }
                    sent += Int(result)
                    return sent == end ? 0 : channel.resultOfShortWrite
                }
            }
            if sent == size { break }
            isReady = true
            if channel.hasHadItsShare(.writing) { try await channel.giveWay(.writing) }
        }
        channel.finish(.writing, isReady: true)
    }

    /// As much as one call sends, 1 MiB: a peer that reads as fast as it is sent to would keep the loop for the whole.
    static var piece: Int { 1 << 20 }
}

extension Channel {
    /// What an attempt returns whose system call took less than it was given: the kernel's memory is full, and it says when
    /// there is room again. It has said already that the peer has gone, if it has.
    @inline(__always)
    var resultOfShortWrite: Int64 { -Int64(current.hasEnded ? EINTR : EAGAIN) }
}
