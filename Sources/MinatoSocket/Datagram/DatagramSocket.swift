internal import CMinato

/// A socket for datagrams, for tasks: UDP or Unix.
///
///     let socket = try await DatagramSocket(boundTo: .udp("", 5353))
///     for try await datagram in socket.datagrams {
///         try await socket.send(answer(to: datagram.bytes), to: datagram.sender)
///     }
///
/// It belongs to an event loop. Letting go of it closes it; the file of a Unix path stays.
///
/// An error that concerns one datagram, such as `.connectionRefused` or `.messageTooLong`, ends nothing: the next operation
/// goes on.
///
/// **Threads.** May be used from every thread and task. At most one task receives and one sends at a time; a further one
/// gets `.busy`. Operations are cheapest in tasks that run on the socket's loop.
///
/// C: `minato/socket.h`, `minato/message.h`. Python: `asyncio.DatagramTransport`. See udp(7), unix(7).
public final class DatagramSocket: @unchecked Sendable {
    package let channel: Channel

    init(_ channel: Channel) { self.channel = channel }

    /// Takes over a datagram socket, bound or connected or neither.
    ///
    /// - Parameters:
    ///   - socket: closed on failure.
    ///   - loop: what it belongs to. Default: one of ``EventLoopGroup/shared``.
    /// - Throws: `.notSupported` for a stream, which has no datagrams; what ``EventLoopGroup/next()`` throws.
    ///
    /// Python: `socket(fileno=)`.
    public convenience init(adopting socket: consuming Socket, on loop: EventLoop? = nil) throws(SocketError) {
        guard socket.kind != .stream else {
            throw SocketError(
                .adopt, .notSupported, network: socket.networkName, local: try? socket.localAddress,
                subject: "stream as a datagram socket")
        }
        let chosen = if let loop { loop } else { try EventLoopGroup.shared.next() }
        self.init(Channel.open(socket, on: chosen))
    }

    /// Opens a socket that is bound to an endpoint.
    ///
    /// A host name is looked up without blocking the caller's thread. SO_REUSEADDR is not set: on UDP it would let another
    /// program take the datagrams.
    ///
    /// - Parameters:
    ///   - endpoint: `.udp("", 0)`: all IPv4 interfaces, a port of the kernel's choice; ``localAddress`` tells it.
    ///     `.unixDatagram`, `.abstractDatagram`.
    ///   - dualStack: take IPv4 datagrams on an IPv6 address too; their senders show as mapped addresses
    ///     (``SocketAddress/mappedIPv4``). Default: false.
    ///   - reusePort: SO_REUSEPORT: several sockets are bound to one address. Default: false.
    ///   - timeout: how long the look-up may take. Default: nil, as long as it takes. Nothing else here waits.
    ///   - deadline: until when it may take; the earlier of both counts. Default: none.
    ///   - loop: what it belongs to. Default: one of ``EventLoopGroup/shared``.
    /// - Throws: `.addressInUse`, `.addressNotAvailable`, `.accessDenied`, `.unknownHost`, `.timedOut`, `.cancelled` ...;
    ///   `.notSupported` for a stream endpoint. A failure leaks nothing.
    ///
    /// Python: `asyncio`'s `create_datagram_endpoint(local_addr=)`. See bind(2).
    public convenience init(
        boundTo endpoint: Endpoint, dualStack: Bool = false, reusePort: Bool = false, timeout: Duration? = nil,
        deadline: Deadline = .none, loop: EventLoop? = nil
    ) async throws(SocketError) {
        try Self.check(endpoint, .bind)
        let chosen = if let loop { loop } else { try EventLoopGroup.shared.next() }
        let limit = Deadline(timeout, deadline, standard: Listener.noTimeout)
        let socket = try await endpoint.boundSocket(
            dualStack: dualStack, reusePort: reusePort, on: chosen, until: limit)
        try self.init(adopting: socket, on: chosen)
    }

    /// Opens a socket that sends to one peer, and receives from it only.
    ///
    /// Nothing is exchanged with the peer by that: the first address that there is a route to is taken, IPv6 first, whether
    /// anybody is there or not. A later receive or send says `.connectionRefused` when the peer's host says that nobody is.
    ///
    /// - Parameters:
    ///   - endpoint: `.udp("localhost", 53)`, `.unixDatagram`, `.abstractDatagram`.
    ///   - timeout: how long the look-up may take. Default: nil, as long as it takes.
    ///   - deadline: until when it may take; the earlier of both counts. Default: none.
    ///   - source: the local address to send from, which also chooses the family. A Unix socket needs one in order to
    ///     get answers: `SocketAddress.unixUnnamed` for a name of the kernel's choice. Default: the kernel chooses.
    ///   - family: `.ipv4` or `.ipv6` for one family only. Default: both.
    ///   - loop: what it belongs to. Default: one of ``EventLoopGroup/shared``.
    /// - Throws: `.unknownHost`, `.networkUnreachable`, `.timedOut`, `.cancelled` ...; `.notFound` and `.connectionRefused`
    ///   for a Unix path where nobody is; `.notSupported` for a stream endpoint. A failure leaks nothing.
    ///
    /// Python: `asyncio`'s `create_datagram_endpoint(remote_addr=)`. See connect(2).
    public convenience init(
        connectedTo endpoint: Endpoint, timeout: Duration? = nil, deadline: Deadline = .none,
        from source: SocketAddress? = nil, family: Socket.Family = .unspecified, loop: EventLoop? = nil
    ) async throws(SocketError) {
        try Self.check(endpoint, .connect)
        let limit = Deadline(timeout, deadline, standard: Listener.noTimeout)
        self.init(try await Channel.connect(to: endpoint, until: limit, from: source, family: family, loop: loop))
    }

    private static func check(_ endpoint: Endpoint, _ operation: SocketError.Operation) throws(SocketError) {
        guard endpoint.kind != .stream else {
            throw SocketError(operation, .notSupported, subject: endpoint.description)
        }
    }

    deinit { channel.close() }

    /// Closes: nothing is sent or received any more, and tasks that wait for it get `.closed`.
    ///
    /// Returns at once. May be called any number of times, from every thread.
    ///
    /// C: `minato_socket_close`. Python: `close`. See close(2).
    public func close() { channel.close() }
}

// MARK: - What it is

extension DatagramSocket {
    /// The local address.
    ///
    /// - Throws: `.closed`.
    ///
    /// C: `minato_socket_local_address`. Python: `getsockname`. See getsockname(2).
    public var localAddress: SocketAddress {
        get throws(SocketError) { try channel.withSocket { (socket) throws(SocketError) in try socket.localAddress } }
    }

    /// The address of the peer that it is connected to.
    ///
    /// - Throws: `.notConnected`, `.closed`.
    ///
    /// C: `minato_socket_peer_address`. Python: `getpeername`. See getpeername(2).
    public var remoteAddress: SocketAddress {
        get throws(SocketError) { try channel.withSocket { (socket) throws(SocketError) in try socket.peerAddress } }
    }

    /// Sets an option, as ``Socket/setOption(_:_:)`` does.
    ///
    /// - Throws: `.noSuchOption`, `.invalidArgument`, `.accessDenied`, `.closed`.
    public func setOption<Value>(_ option: SocketOption<Value>, _ value: Value) throws(SocketError) {
        try channel.withSocket { (socket) throws(SocketError) in try socket.setOption(option, value) }
    }

    /// Reads an option, as ``Socket/option(_:)`` does.
    ///
    /// - Throws: `.noSuchOption`, `.closed`.
    public func option<Value>(_ option: SocketOption<Value>) throws(SocketError) -> Value {
        try channel.withSocket { (socket) throws(SocketError) in try socket.option(option) }
    }

    /// Joins a multicast group, as ``Socket/joinGroup(_:source:interface:)`` does.
    ///
    /// - Throws: as that, and `.closed`.
    public func joinGroup(
        _ group: SocketAddress, source: SocketAddress? = nil, interface: UInt32 = 0
    ) throws(SocketError) {
        try channel.withSocket { (socket) throws(SocketError) in
            try socket.joinGroup(group, source: source, interface: interface)
        }
    }

    /// Leaves a multicast group, as ``Socket/leaveGroup(_:source:interface:)`` does.
    ///
    /// - Throws: as that, and `.closed`.
    public func leaveGroup(
        _ group: SocketAddress, source: SocketAddress? = nil, interface: UInt32 = 0
    ) throws(SocketError) {
        try channel.withSocket { (socket) throws(SocketError) in
            try socket.leaveGroup(group, source: source, interface: interface)
        }
    }
}
