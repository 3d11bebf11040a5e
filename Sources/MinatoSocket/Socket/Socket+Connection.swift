internal import CMinato
public import Glibc  // SOMAXCONN in a default argument

// Binding, listening, accepting, connecting, ending.

/// A connection that was taken: the socket, and the address of its peer.
///
/// `Socket.accept()` returns it; take it apart with `let (socket, peer)` written as two steps, since a tuple cannot hold
/// what cannot be copied: `var accepted = try listener.accept()`, then `accepted.socket`.
@frozen
public struct Accepted: ~Copyable, Sendable {
    /// The new socket: blocking in behaviour, without a timeout.
    public var socket: Socket
    /// The peer's address.
    public let address: SocketAddress

    @usableFromInline
    init(socket: consuming Socket, address: SocketAddress) {
        self.socket = socket
        self.address = address
    }
}

/// Two sockets that are connected to each other.
@frozen
public struct SocketPair: ~Copyable, Sendable {
    /// One end.
    public var first: Socket
    /// The other end.
    public var second: Socket

    @usableFromInline
    init(first: consuming Socket, second: consuming Socket) {
        self.first = first
        self.second = second
    }
}

extension Socket {
    /// Opens two sockets that are connected to each other.
    ///
    /// - Parameter kind: `.stream`, the default, `.datagram` or `.sequencedPacket`. The family is `.unix`.
    /// - Throws: `.tooManyDescriptors` and what else socketpair(2) says.
    ///
    /// C: `minato_socket_pair`. Python: `socket.socketpair`. See socketpair(2).
    public static func pair(_ kind: Kind = .stream) throws(SocketError) -> SocketPair {
        var descriptors: (Int32, Int32) = (-1, -1)
        let result = unsafe withUnsafeMutableBytes(of: &descriptors) { bytes in
            unsafe bytes.withMemoryRebound(to: Int32.self) { pair -> Int32 in
                guard let base = pair.baseAddress else { return -EINVAL }
                return unsafe minato_socket_pair(AF_UNIX, kind.rawValue | Int32(SOCK_NONBLOCK.rawValue), 0, base)
            }
        }
        guard result >= 0 else { throw SocketError(.open, .init(result: result), subject: "pair of \(kind)") }
        return SocketPair(
            first: Socket(owning: descriptors.0, family: .unix, kind: kind, protocolNumber: 0),
            second: Socket(owning: descriptors.1, family: .unix, kind: kind, protocolNumber: 0))
    }

    /// Binds the socket to a local address.
    ///
    /// Port 0 lets the kernel choose one: ``localAddress`` tells. `SocketAddress.unixUnnamed` lets it choose an abstract
    /// name. A path that exists is refused, not replaced, and the file stays when the socket is closed.
    ///
    /// - Throws: `.addressInUse`, `.addressNotAvailable`, `.accessDenied`, `.familyNotSupported` ...
    ///
    /// C: `minato_socket_bind`. Python: `bind`. See bind(2).
    public func bind(to address: SocketAddress) throws(SocketError) {
        let result = unsafe address.withPointer { unsafe minato_socket_bind(descriptor, $0) }
        guard result >= 0 else {
            throw SocketError(.bind, .init(result: result), network: networkName, local: address)
        }
    }

    /// Makes the socket listen.
    ///
    /// - Parameter backlog: how many connections may wait to be accepted. Default: SOMAXCONN, 4096; the kernel caps it at
    ///   net.core.somaxconn; below zero counts as zero.
    /// - Throws: `.addressInUse`, `.notSupported` for a socket without connections.
    ///
    /// C: `minato_socket_listen`. Python: `listen`. See listen(2).
    public func listen(backlog: Int = Int(SOMAXCONN)) throws(SocketError) {
        let result = minato_socket_listen(descriptor, Int32(clamping: backlog))
        guard result >= 0 else { throw failure(.listen, result) }
    }

    /// Waits for a connection and takes it.
    ///
    /// The new socket is close-on-exec, has no timeout and behaves as blocking, whatever this socket's ``timeout`` is.
    ///
    /// - Throws: `.timedOut`, `.wouldBlock`; `.connectionAborted` and network errors of a connection that broke off before
    ///   it could be taken (go on after these); `.tooManyDescriptors` (wait until some are closed); `.invalidArgument` when
    ///   the socket does not listen, or was shut down by another thread.
    ///
    /// C: `minato_socket_accept`. Python: `accept`. See accept(2).
    public func accept() throws(SocketError) -> Accepted {
        let deadline = deadline
        var address = SocketAddress()
        let result = uninterrupted {
            unsafe minato_socket_accept(descriptor, Int32(SOCK_NONBLOCK.rawValue), deadline, &address.storage)
        }
        guard result >= 0 else { throw failure(.accept, result) }
        return Accepted(
            socket: Socket(owning: result, family: family, kind: kind, protocolNumber: protocolNumber),
            address: address)
    }

    /// Connects to an address, and waits until the connection stands.
    ///
    /// On a datagram socket it only sets the peer. After a failure the socket is of no further use: drop it.
    ///
    /// - Throws: `.connectionRefused`, `.timedOut`, `.networkUnreachable`, `.hostUnreachable`, `.alreadyConnected`,
    ///   `.notFound` for a Unix path that does not exist ...
    ///
    /// C: `minato_socket_connect`. Python: `connect`. See connect(2).
    public func connect(to address: SocketAddress) throws(SocketError) {
        let deadline = deadline
        let result = unsafe address.withPointer { address in
            uninterrupted { unsafe minato_socket_connect(descriptor, address, deadline) }
        }
        guard result >= 0 else { throw failure(.connect, result, remote: address) }
    }

    /// Ends one or both directions of the connection; the socket stays open.
    ///
    /// Wakes calls of other threads that wait: a receive sees the end of the stream, a send `.brokenPipe`, an accept
    /// `.invalidArgument`.
    ///
    /// - Throws: `.notConnected`.
    ///
    /// C: `minato_socket_shutdown`. Python: `shutdown`. See shutdown(2).
    public func shutdown(_ direction: Direction) throws(SocketError) {
        let result = minato_socket_shutdown(descriptor, direction.rawValue)
        guard result >= 0 else { throw failure(.shutdown, result) }
    }

    /// The local address; of an unbound IP socket the wildcard with port 0.
    ///
    /// C: `minato_socket_local_address`. Python: `getsockname`. See getsockname(2).
    public var localAddress: SocketAddress {
        get throws(SocketError) {
            var address = SocketAddress()
            let result = unsafe minato_socket_local_address(descriptor, &address.storage)
            guard result >= 0 else { throw failure(.address, result) }
            return address
        }
    }

    /// The peer's address.
    ///
    /// - Throws: `.notConnected`.
    ///
    /// C: `minato_socket_peer_address`. Python: `getpeername`. See getpeername(2).
    public var peerAddress: SocketAddress {
        get throws(SocketError) {
            var address = SocketAddress()
            let result = unsafe minato_socket_peer_address(descriptor, &address.storage)
            guard result >= 0 else { throw failure(.address, result) }
            return address
        }
    }

    /// Whether programs that this process starts inherit the descriptor. False from birth.
    ///
    /// C: `minato_socket_is_inheritable`. Python: `get_inheritable`.
    public var isInheritable: Bool { minato_socket_is_inheritable(descriptor) == 1 }

    /// Lets programs that this process starts inherit the descriptor, or keeps it from them.
    ///
    /// C: `minato_socket_set_inheritable`. Python: `set_inheritable`.
    public func setInheritable(_ inheritable: Bool) throws(SocketError) {
        let result = minato_socket_set_inheritable(descriptor, inheritable)
        guard result >= 0 else { throw failure(.option, result) }
    }
}
