internal import CMinato
public import Glibc  // SOMAXCONN in a default argument
internal import Synchronization

/// A listening socket for tasks: TCP or Unix.
///
///     let listener = try await Listener(on: .tcp("localhost", 9999))
///     for try await connection in listener.connections {
///         Task { ... }
///     }
///
/// It belongs to an event loop, and so do the connections that it takes. Letting go of it closes it; the file of a Unix
/// path stays.
///
/// **Threads.** May be used from every thread and task. One task at a time accepts; a second one gets `.busy`.
///
/// Python: what `socket.create_server` and `asyncio.start_server` make. See listen(2).
public final class Listener: @unchecked Sendable {
    package let channel: Channel

    /// Where it listens, with the port that the kernel chose for port 0. Known after ``close()`` too.
    public let localAddress: SocketAddress

    let protocolNumber: Int32

    /// Accepting knows no time limit but the one that is given with each call.
    static let noTimeout = Atomic<Int64>(-1)

    /// Takes over a socket that listens: one of systemd's, say, or one that another process has handed over.
    ///
    /// TCP_NODELAY is set on it, which the connections that it takes inherit. It becomes non-blocking, with all copies of it, and
    /// has to stay so: accept4(2) cannot be told not to wait, and would hold up the whole loop.
    ///
    /// - Parameters:
    ///   - socket: of a kind that has connections. Closed on failure.
    ///   - loop: what it and its connections belong to. Default: one of ``EventLoopGroup/shared``.
    /// - Throws: `.invalidArgument` for a socket that does not listen; what ``EventLoopGroup/next()`` throws.
    ///
    /// Python: `socket(fileno=)`. See sd_listen_fds(3).
    public init(adopting socket: consuming Socket, on loop: EventLoop? = nil) throws(SocketError) {
        var info = minato_socket_info()
        let result = unsafe minato_socket_inspect(socket.descriptor, &info)
        let address = try? socket.localAddress
        guard result >= 0, info.listening == 1, let address else {
            throw SocketError(
                .adopt, result < 0 ? .init(result: result) : .invalidArgument, network: socket.networkName,
                local: address, subject: "socket that does not listen")
        }
        try socket.stopBlocking()
        if address.port != nil { try? socket.setOption(.noDelay, true) }
        let chosen = if let loop { loop } else { try EventLoopGroup.shared.next() }
        localAddress = address
        protocolNumber = socket.protocolNumber
        channel = .open(socket, on: chosen, isReadable: true, isWritable: false)
    }

    /// Listens at an endpoint.
    ///
    /// An empty host means all interfaces. A host name is looked up without blocking the caller's thread, and bound to one
    /// of its addresses, IPv4 first, so that a client who tries IPv4 only reaches `localhost`. SO_REUSEADDR is set before
    /// binding. A Unix path that exists is refused, not replaced.
    ///
    /// - Parameters:
    ///   - endpoint: `.tcp("", 0)`: all IPv4 interfaces, a port of the kernel's choice; ``localAddress`` tells it.
    ///   - backlog: connections that may wait to be accepted. Default: SOMAXCONN, 4096; the kernel caps it at
    ///     net.core.somaxconn.
    ///   - dualStack: take IPv4 clients on an IPv6 address too; they show as mapped addresses
    ///     (``SocketAddress/mappedIPv4``). With an empty host: both families on all interfaces. Default: false, and IPv4
    ///     is refused on an IPv6 address.
    ///   - reusePort: SO_REUSEPORT: several sockets listen at one address. Default: false.
    ///   - timeout: how long the look-up may take. Default: nil, as long as it takes. Nothing else here waits.
    ///   - deadline: until when it may take; the earlier of both counts. Default: none.
    ///   - loop: what it and its connections belong to. Default: one of ``EventLoopGroup/shared``.
    /// - Throws: `.addressInUse`, `.addressNotAvailable`, `.accessDenied`, `.unknownHost`, `.resolverBusy`, `.timedOut`,
    ///   `.cancelled` ...; `.invalidArgument` for `dualStack` with an IPv4 address or with a kind of socket that has none;
    ///   `.notSupported` for a datagram endpoint. A failure leaks nothing.
    ///
    /// Python: `socket.create_server`, `asyncio.start_server`. See bind(2), listen(2).
    public convenience init(
        on endpoint: Endpoint, backlog: Int = Int(SOMAXCONN), dualStack: Bool = false, reusePort: Bool = false,
        timeout: Duration? = nil, deadline: Deadline = .none, loop: EventLoop? = nil
    ) async throws(SocketError) {
        let chosen = if let loop { loop } else { try EventLoopGroup.shared.next() }
        let limit = Deadline(timeout, deadline, standard: Self.noTimeout)
        let socket = try await endpoint.boundSocket(
            dualStack: dualStack, reusePort: reusePort, on: chosen, until: limit)
        try socket.listen(backlog: backlog)
        try self.init(adopting: socket, on: chosen)
    }

    deinit { channel.close() }

    /// Closes: nothing is accepted any more, and a task that waits for a connection gets `.closed`. Connections that were
    /// taken live on; those that still wait in the kernel's queue are reset.
    ///
    /// Returns at once. May be called any number of times, from every thread.
    public func close() { channel.close() }
}
