internal import CMinato
internal import Synchronization

/// A stream connection for tasks: TCP or Unix.
///
///     try await withConnection(to: .tcp("localhost", 9999)) { connection in
///         try await connection.write("hello\n")
///         let reply = try await connection.read(atMost: 1024)     // [] is the end of the stream
///     }
///
/// **What waits.** Only the task that calls; no thread is blocked. An operation is over when it is done, when its time is
/// over (`.timedOut`), when its task is cancelled (`.cancelled`), or when the connection is closed (`.closed`).
///
/// **Time.** Every operation takes a `timeout`, which counts from its first wait and is for the operation as a whole, and a
/// `deadline`, which several operations can share; the earlier one counts. With neither, the connection's own
/// ``readTimeout`` or ``writeTimeout`` does. An operation that need not wait succeeds even when its time is over.
///
/// **Cancellation.** A read that was cancelled, or whose time was over, has lost no byte: what had come is given out by the
/// next one. Of a write that was cancelled, or whose time was over, an unknown part has gone out: close the connection. A
/// task that was cancelled before it calls gets `.cancelled` too. When a connection belongs to a task, as in
/// `withConnection` and in servers, that holds for this task; an operation of *another* cancelled task may still be carried
/// out when it need not wait.
///
/// **Threads.** Every task and thread may use it, on the loop or not; on it is quicker. One task may read while another
/// writes. A second one that reads, or writes, at the same time gets `.busy`. ``close()`` may be called at any time.
///
/// It closes itself when nobody holds it any more.
///
/// C: a descriptor with `minato/poller.h`. Python: the streams of `asyncio`, without their loops and transports.
@safe
public final class Connection: @unchecked Sendable {
    package let channel: Channel

    /// What was received and not asked for yet. Belongs to whoever has the reading direction.
    @inline(__always)
    var input: ReadBuffer {
        _read { yield unsafe uncheckedInput }
        _modify { yield unsafe &uncheckedInput }
    }

    /// The reading direction makes sure of exclusive access: the check at run time would cost as much as the rest of a read.
    @exclusivity(unchecked) private var uncheckedInput = ReadBuffer()

    /// Belongs to whoever has the writing direction.
    var hasFinishedWriting = false

    /// In nanoseconds, negative for none.
    let standardReadTimeout: Atomic<Int64>
    let standardWriteTimeout: Atomic<Int64>

    /// - Parameter firstReadTimeout: for the first wait for something to read, when that is another one.
    package init(
        _ channel: Channel, readTimeout: Int64 = -1, writeTimeout: Int64 = -1, firstReadTimeout: Int64 = -1
    ) {
        self.channel = channel
        unsafe channel.firstReadTimeout = firstReadTimeout
        standardReadTimeout = Atomic(readTimeout)
        standardWriteTimeout = Atomic(writeTimeout)
    }

    deinit { channel.close() }

    /// Takes over a connected socket: one that was accepted, inherited, or one end of a pair.
    ///
    /// Its options stay as they are. Its ``Socket/timeout`` becomes ``readTimeout`` and ``writeTimeout``, unless it is zero.
    /// When this fails, the socket is closed.
    ///
    /// - Parameters:
    ///   - socket: a stream socket with a peer.
    ///   - loop: which loop it shall belong to. Default: one of ``EventLoopGroup/shared``, the caller's if it is one of them.
    /// - Throws: `.notConnected`, also when the peer has reset the connection; `.notSupported` for a socket that is no stream;
    ///   what ``EventLoopGroup/next()`` throws. Not thrown: an error for a loop that was shut down; operations then throw
    ///   `.closed`.
    ///
    /// Python: `asyncio.open_connection(sock=)`.
    public convenience init(adopting socket: consuming Socket, on loop: EventLoop? = nil) throws(SocketError) {
        guard socket.kind == .stream else { throw SocketError(.adopt, .notSupported, network: socket.networkName) }
        do throws(SocketError) {
            _ = try socket.peerAddress
        } catch {
            throw SocketError(.adopt, error.code, network: socket.networkName)
        }
        let loop = if let loop { loop } else { try EventLoopGroup.shared.next() }
        let timeout = socket.timeout.map(\.nanosecondsRoundedUp) ?? 0
        let standard = timeout > 0 ? timeout : -1
        self.init(Channel(socket, on: loop), readTimeout: standard, writeTimeout: standard)
        channel.register()
    }

    /// Closes the connection: operations that wait, and all that come, throw `.closed`.
    ///
    /// Returns at once, from any thread and any number of times. What was written is still delivered. What was received and not
    /// read is lost, and makes the kernel reset a TCP connection: see tcp(7). An operation under way on another thread may
    /// still succeed; the descriptor is closed behind it, so that its number never means another file meanwhile.
    ///
    /// C: `minato_socket_close`. Python: `StreamWriter.close`. See close(2).
    public func close() { channel.close() }

    /// The loop that it belongs to.
    public var eventLoop: EventLoop { channel.loop }

    /// How long a read may take for which neither timeout nor deadline is given; nil, the default, for ever.
    public var readTimeout: Duration? { Self.duration(standardReadTimeout.load(ordering: .relaxed)) }

    /// How long a write may take for which neither timeout nor deadline is given; nil, the default, for ever.
    public var writeTimeout: Duration? { Self.duration(standardWriteTimeout.load(ordering: .relaxed)) }

    /// Sets ``readTimeout`` for the reads that begin to wait from now on.
    ///
    /// - Throws: `.invalidArgument` for zero and less; the old one stays.
    ///
    /// Python: `settimeout`.
    public func setReadTimeout(_ timeout: Duration?) throws(SocketError) {
        try set(standardReadTimeout, timeout)
    }

    /// Sets ``writeTimeout`` for the writes that begin to wait from now on.
    ///
    /// - Throws: `.invalidArgument` for zero and less; the old one stays.
    ///
    /// Python: `settimeout`.
    public func setWriteTimeout(_ timeout: Duration?) throws(SocketError) {
        try set(standardWriteTimeout, timeout)
    }

    private func set(_ standard: borrowing Atomic<Int64>, _ timeout: Duration?) throws(SocketError) {
        if let timeout, timeout <= .zero {
            throw channel.failure(.option, .invalidArgument, subject: "timeout \(timeout)")
        }
        standard.store(timeout?.nanosecondsRoundedUp ?? -1, ordering: .relaxed)
    }

    private static func duration(_ nanoseconds: Int64) -> Duration? {
        nanoseconds < 0 ? nil : .nanoseconds(nanoseconds)
    }
}
