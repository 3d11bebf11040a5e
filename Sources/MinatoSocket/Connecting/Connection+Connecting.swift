extension Connection {
    /// Connects to an endpoint: looks its name up and tries every address.
    ///
    ///     let connection = try await Connection.connect(to: .tcp("localhost", 9999), timeout: .seconds(10))
    ///
    /// The addresses are tried as RFC 8305 (Happy Eyeballs) says: IPv6 and IPv4 are looked up apart and tried in turn, each
    /// as soon as it is known, the next one as soon as one has failed or 250 ms have passed, and the first that answers
    /// wins. TCP_NODELAY is set. ``withConnection(to:timeout:deadline:from:family:loop:_:)`` does the same and closes at
    /// the end; a connection that is let go of is closed too.
    ///
    /// No thread is blocked: names are looked up on threads of their own, at most eight, with a queue of 256. A look-up that
    /// is given up keeps its thread until the C library returns. A Unix socket whose backlog is full reports no
    /// readiness: it is tried again after 1 ms, then after pauses that grow up to 50 ms.
    ///
    /// Cancelling the task ends it at once; every attempt is closed then.
    ///
    /// - Parameters:
    ///   - endpoint: where to: `.tcp`, `.unix`, `.abstract`, or a stream `.address`.
    ///   - timeout: the limit for the look-up, the time in its queue, and all attempts together. Default: nil, none. Zero
    ///     succeeds only where nothing has to be waited for: a Unix socket.
    ///   - deadline: until when it may take; the earlier of both counts. Default: none.
    ///   - source: the local address to connect from, which also chooses the family. Default: the kernel chooses.
    ///   - family: `.ipv4` or `.ipv6` for one family only. Default: both.
    ///   - loop: what the connection belongs to. Default: one of ``EventLoopGroup/shared``, the caller's if it runs on one.
    /// - Returns: the connection.
    /// - Throws: `.connectionRefused`, `.timedOut`, `.unknownHost`, `.networkUnreachable` and so on, `.notFound` for a Unix
    ///   path that does not exist. With several addresses, the error of the first, and all of them in
    ///   ``SocketError/attempts``. `.cancelled`; `.closed` when the loop ends; `.resolverBusy`; `.noAddressOfFamily` for an
    ///   address in numbers of another family; `.notSupported` for a datagram endpoint; `.familyNotSupported` when source
    ///   and family differ. A failure leaks nothing. Not thrown: an error of one address while another one answers.
    ///
    /// Python: `asyncio.open_connection`, `socket.create_connection`. See connect(2), RFC 8305.
    public nonisolated(nonsending) static func connect(
        to endpoint: Endpoint, timeout: Duration? = nil, deadline: Deadline = .none, from source: SocketAddress? = nil,
        family: Socket.Family = .unspecified, loop: EventLoop? = nil
    ) async throws(SocketError) -> Connection {
        guard endpoint.kind != .datagram else {
            throw SocketError(.connect, .notSupported, subject: endpoint.description)
        }
        let channel = try await Channel.connect(
            to: endpoint, until: Deadline(timeout, deadline, standard: Listener.noTimeout), from: source,
            family: family, loop: loop)
        return Connection(channel)
    }
}

/// Connects to an endpoint, runs `body` with the connection, and closes it.
///
///     try await withConnection(to: .tcp("localhost", 9999)) { connection in
///         try await connection.write("hello\n")
///         let reply = try await connection.read(atMost: 1024)
///     }
///
/// The body runs where the caller runs. When the task is cancelled, the operation under way in it ends with `.cancelled`,
/// and so does each later one; other tasks that use the connection are not concerned until it is closed. Because the
/// connection knows the task that it was made for, its operations are cheaper in here than in other tasks.
///
/// - Parameters:
///   - endpoint: where to, as for ``Connection/connect(to:timeout:deadline:from:family:loop:)``.
///   - timeout: the limit for connecting, not for the body. Default: nil, none.
///   - deadline: until when connecting may take; the earlier of both counts. Default: none.
///   - source: the local address to connect from. Default: the kernel chooses.
///   - family: `.ipv4` or `.ipv6` for one family only. Default: both.
///   - loop: what the connection belongs to. Default: one of ``EventLoopGroup/shared``, the caller's if it runs on one.
///   - body: what to do with the connection. It is closed when the body returns or throws, and tasks that still use it
///     get `.closed`. What has been written is sent by the kernel all the same, unless received bytes were left unread:
///     then TCP resets the connection.
/// - Returns: what the body returns.
/// - Throws: a ``SocketError`` as ``Connection/connect(to:timeout:deadline:from:family:loop:)``, and what the body throws.
///
/// Python: `socket.create_connection` in a `with` statement. See connect(2), RFC 8305.
public nonisolated(nonsending) func withConnection<Result: ~Copyable>(
    to endpoint: Endpoint, timeout: Duration? = nil, deadline: Deadline = .none, from source: SocketAddress? = nil,
    family: Socket.Family = .unspecified, loop: EventLoop? = nil,
    _ body: nonisolated(nonsending) (Connection) async throws -> Result
) async throws -> Result {
    let connection = try await Connection.connect(
        to: endpoint, timeout: timeout, deadline: deadline, from: source, family: family, loop: loop)
    defer { connection.close() }
    let channel = connection.channel
    channel.adoptCurrentTask()
    defer { channel.disownTask() }
    // The standard library's function returns only what can be copied.
    var result: Result?
    try await withTaskCancellationHandler {
        result = try await body(connection)
    } onCancel: {
        channel.cancelOwn()
    }
    guard let result = result.take() else { throw channel.failure(.reading, .closed) }
    return result
}

extension Channel {
    /// A channel that is connected to an endpoint.
    nonisolated(nonsending) static func connect(
        to endpoint: Endpoint, until deadline: Deadline, from source: SocketAddress?, family: Socket.Family,
        loop: EventLoop?
    ) async throws(SocketError) -> Channel {
        if let source, family != .unspecified, source.family != family {
            throw SocketError(.connect, .familyNotSupported, local: source, subject: endpoint.description)
        }
        let chosen = if let loop { loop } else { try EventLoopGroup.shared.next() }
        return try await Dialer(to: endpoint, from: source, family: family, on: chosen).run(until: deadline)
    }
}
