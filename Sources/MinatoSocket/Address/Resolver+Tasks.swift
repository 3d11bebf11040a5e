// Names to addresses and back, for tasks.

extension Resolver {
    /// All addresses of a host and a service, as ``addresses(of:service:family:kind:protocolNumber:flags:timeout:)`` gives
    /// them, without blocking the caller's thread.
    ///
    /// A host in numbers is answered at once. A name is looked up on threads of the resolver's own: at most eight, and a
    /// queue of 256. Cancelling the task ends the wait at once; the look-up keeps its thread until the C library returns.
    ///
    /// - Parameters:
    ///   - host: a name, an address in numbers, or nil for this host (with `.passive`, all its interfaces).
    ///   - service: a name such as `"http"`, or a number in decimal; nil for port 0.
    ///   - family: `.ipv4` or `.ipv6` for one family only. Default: both, in the order of RFC 6724.
    ///   - kind: the type of socket. Default: `.stream`.
    ///   - protocolNumber: the protocol, 0 for any.
    ///   - flags: see ``Flags``.
    ///   - timeout: how long to wait at most, the time in the queue included. Default: nil, for ever.
    ///   - deadline: until when to wait at most; the earlier of both counts. Default: none.
    /// - Returns: at least one address.
    /// - Throws: `.unknownHost`, `.unknownService`, `.resolverUnavailable`, `.noAddressOfFamily`, `.timedOut`, `.cancelled`,
    ///   `.resolverBusy` when the queue is full, `.invalidArgument` for a NUL in a text or a port outside 0...65535.
    ///
    /// C: `minato_resolve`. Python: `asyncio`'s `getaddrinfo`. See getaddrinfo(3).
    public nonisolated(nonsending) static func resolve(
        _ host: String?, service: String? = nil, family: Socket.Family = .unspecified, kind: Socket.Kind = .stream,
        protocolNumber: Int32 = 0, flags: Flags = [], timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) -> [Answer] {
        let query = ResolverQuery(
            host: host, service: service, family: family, kind: kind, protocolNumber: protocolNumber, flags: flags)
        if let answers = try query.answersAtOnce() { return answers }
        let lookUp = LookUp(of: query.subject, on: try EventLoopGroup.shared.next()) { () throws(SocketError) in
            try query.answers()
        }
        return try await lookUp.run(until: Deadline(timeout, deadline, standard: Listener.noTimeout))
    }

    /// The names of an address, as ``names(of:numeric:required:)`` gives them, without blocking the caller's thread.
    ///
    /// - Parameters:
    ///   - address: an IP address.
    ///   - required: throw `.unknownHost` instead of giving a number. Default: false.
    ///   - timeout: how long to wait at most, the time in the queue included. Default: nil, for ever.
    ///   - deadline: until when to wait at most; the earlier of both counts. Default: none.
    /// - Returns: host and service.
    /// - Throws: `.unknownHost`, `.resolverUnavailable`, `.familyNotSupported`, `.timedOut`, `.cancelled`, `.resolverBusy`.
    ///
    /// C: `minato_resolve_address`. Python: `asyncio`'s `getnameinfo`. See getnameinfo(3).
    public nonisolated(nonsending) static func resolveNames(
        of address: SocketAddress, required: Bool = false, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(SocketError) -> (host: String, service: String) {
        let lookUp = LookUp(of: "\(address)", on: try EventLoopGroup.shared.next()) { () throws(SocketError) in
            try names(of: address, required: required)
        }
        return try await lookUp.run(until: Deadline(timeout, deadline, standard: Listener.noTimeout))
    }
}
