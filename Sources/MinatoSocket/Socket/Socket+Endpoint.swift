internal import CMinato
public import Glibc  // SOMAXCONN in a default argument

// Sockets for endpoints: what Python has as create_connection and create_server.

extension Socket {
    /// Connects to an endpoint: looks its name up and tries every address.
    ///
    /// The addresses are tried as RFC 8305 (Happy Eyeballs) says: IPv6 and IPv4 in turn, the next one as soon as one has
    /// failed or 250 ms have passed, and the first that answers wins. TCP_NODELAY is set.
    ///
    /// - Parameters:
    ///   - endpoint: where to.
    ///   - timeout: the limit for the look-up and all attempts together, and from then on the new socket's ``timeout``.
    ///     Default: nil, none.
    ///   - source: the local address to connect from, which also chooses the family. Default: the kernel chooses.
    /// - Throws: `.connectionRefused`, `.timedOut`, `.unknownHost` and so on. With several addresses, the error of the first,
    ///   and all of them in ``SocketError/attempts``. A failure leaks nothing.
    ///
    /// Python: `socket.create_connection`.
    public static func connect(
        to endpoint: Endpoint, timeout: Duration? = nil, from source: SocketAddress? = nil
    ) throws(SocketError) -> Socket {
        if let timeout, timeout < .zero {
            throw SocketError(.connect, .invalidArgument, subject: "timeout \(timeout)")
        }
        let deadline = Deadline.after(timeout)
        let answers = try endpoint.answers(family: source?.family ?? .unspecified, until: deadline)
        var socket: Socket
        if answers.count == 1, let answer = answers.first, answer.address.family == .unix {
            socket = try connect(answer, deadline, from: source)
        } else {
            var race = ConnectRace(endpoint: endpoint, answers: answers, source: source, deadline: deadline)
            socket = try race.run()
        }
        try socket.setTimeout(timeout)
        return socket
    }

    private static func connect(
        _ answer: Resolver.Answer, _ deadline: Deadline, from source: SocketAddress?
    ) throws(SocketError) -> Socket {
        let socket = try Socket(answer.address.family, answer.kind, protocolNumber: answer.protocolNumber)
        if let source { try socket.bind(to: source) }
        let result = unsafe answer.address.withPointer { address in
            uninterrupted { unsafe minato_socket_connect(socket.descriptor, address, deadline.nanoseconds) }
        }
        guard result >= 0 else { throw socket.failure(.connect, result, remote: answer.address) }
        return socket
    }

    /// Opens a socket that listens at an endpoint.
    ///
    /// An empty host means all interfaces. A host name is bound to one of its addresses, IPv4 first, so that a client who
    /// tries IPv4 only reaches `localhost`. SO_REUSEADDR is set before binding.
    ///
    /// - Parameters:
    ///   - endpoint: `.tcp("", 0)`: all IPv4 interfaces, a port of the kernel's choice; ``localAddress`` tells it.
    ///   - backlog: connections that may wait to be accepted. Default: SOMAXCONN, 4096.
    ///   - dualStack: take IPv4 clients on an IPv6 address too; they show as mapped addresses
    ///     (``SocketAddress/mappedIPv4``). With an empty host: both families on all interfaces. Default: false, and IPv4
    ///     is refused on an IPv6 address.
    ///   - reusePort: SO_REUSEPORT: several processes listen at one address. Default: false.
    /// - Throws: `.addressInUse`, `.addressNotAvailable`, `.accessDenied`, `.unknownHost` ...; `.invalidArgument` for
    ///   `dualStack` with an IPv4 address or with a kind of socket that has none; `.notSupported` for a datagram endpoint.
    ///
    /// Python: `socket.create_server`.
    public static func listen(
        on endpoint: Endpoint, backlog: Int = Int(SOMAXCONN), dualStack: Bool = false, reusePort: Bool = false
    ) throws(SocketError) -> Socket {
        let socket = try bound(to: endpoint, dualStack: dualStack, reusePort: reusePort)
        try socket.listen(backlog: backlog)
        return socket
    }

    /// Opens a socket that is bound to an endpoint: for datagrams, what ``listen(on:backlog:dualStack:reusePort:)`` is for
    /// connections.
    ///
    /// SO_REUSEADDR is set for streams only: on UDP it would let another program take the datagrams.
    ///
    /// - Throws: as ``listen(on:backlog:dualStack:reusePort:)``.
    public static func bound(
        to endpoint: Endpoint, dualStack: Bool = false, reusePort: Bool = false
    ) throws(SocketError) -> Socket {
        try bound(to: endpoint.bindingAnswer(dualStack: dualStack), dualStack: dualStack, reusePort: reusePort)
    }

    /// The same for an endpoint that has been looked up.
    static func bound(
        to answer: Resolver.Answer, dualStack: Bool, reusePort: Bool
    ) throws(SocketError) -> Socket {
        let family = answer.address.family
        if dualStack, family != .ipv6 {
            throw SocketError(.bind, .invalidArgument, local: answer.address, subject: "dual stack")
        }
        let socket = try Socket(family, answer.kind, protocolNumber: answer.protocolNumber)
        if family != .unix, answer.kind == .stream { try socket.setOption(.reuseAddress, true) }
        if family == .ipv6 { try socket.setOption(.ipv6Only, !dualStack) }
        if reusePort { try socket.setOption(.reusePort, true) }
        try socket.bind(to: answer.address)
        return socket
    }

    /// Binds the socket to an endpoint, whose name is looked up for this socket's family. The endpoint's kind is not used.
    ///
    /// - Throws: as ``bind(to:)-(SocketAddress)``, and what ``Resolver`` throws. The look-up takes at most ``timeout``.
    ///
    /// Python: `bind`.
    public func bind(to endpoint: Endpoint) throws(SocketError) {
        try bind(to: endpoint.firstAnswer(for: self, passive: true))
    }

    /// Connects to the first address of an endpoint in this socket's family. The endpoint's kind is not used.
    ///
    /// The static ``connect(to:timeout:from:)`` tries all addresses of both families.
    ///
    /// - Throws: as ``connect(to:)-(SocketAddress)``, and what ``Resolver`` throws. The look-up and the connect take at most
    ///   ``timeout`` each.
    ///
    /// Python: `connect`.
    public func connect(to endpoint: Endpoint) throws(SocketError) {
        try connect(to: endpoint.firstAnswer(for: self, passive: false))
    }

    /// Whether this host can serve IPv6 and IPv4 with one socket; tried with a real one.
    ///
    /// Python: `socket.has_dualstack_ipv6`.
    public static var hasDualStack: Bool {
        do {
            let socket = try Socket(.ipv6)
            try socket.setOption(.ipv6Only, false)
            return true
        } catch {
            return false
        }
    }
}
