// From what a person wrote to addresses.

extension Endpoint {
    /// All addresses to connect to, in the order of preference.
    func answers(family: Socket.Family, until deadline: Deadline) throws(SocketError) -> [Resolver.Answer] {
        guard case .host(let host, let port) = target else { return [try fixedAnswer()] }
        return try lookUp(host, port, family: family, flags: [], until: deadline)
    }

    /// The one address to bind to.
    func bindingAnswer(dualStack: Bool) throws(SocketError) -> Resolver.Answer {
        guard case .host(let host, let port) = target else { return try fixedAnswer() }
        let family: Socket.Family = host.isEmpty ? (dualStack ? .ipv6 : .ipv4) : (dualStack ? .ipv6 : .unspecified)
        do {
            return try Self.preferringIPv4(lookUp(host, port, family: family, flags: .passive, until: .none))
        } catch {
            // An IPv4 address cannot be dual stack: say that rather than that the name has no such address.
            guard dualStack, !host.isEmpty, error.code.domain == .resolver else { throw error }
            return try Self.preferringIPv4(lookUp(host, port, family: .unspecified, flags: .passive, until: .none))
        }
    }

    /// The address for a socket that is open already.
    func firstAnswer(for socket: borrowing Socket, passive: Bool) throws(SocketError) -> SocketAddress {
        guard case .host(let host, let port) = target else { return try fixedAnswer().address }
        let answers = try Endpoint(target, socket.kind).lookUp(
            host, port, family: socket.family, flags: passive ? .passive : [],
            until: Deadline(nanoseconds: socket.deadline))
        return try Self.preferringIPv4(answers).address
    }

    /// Without a look-up: paths, abstract names, addresses.
    func fixedAnswer() throws(SocketError) -> Resolver.Answer {
        let address: SocketAddress
        switch target {
        case .path(let path): address = try SocketAddress(unixPath: path)
        case .abstract(let name): address = try SocketAddress(abstractName: name)
        case .address(let known): address = known
        case .host: address = SocketAddress()
        }
        return Resolver.Answer(address: address, kind: kind, protocolNumber: 0, canonicalName: nil)
    }

    private func lookUp(
        _ host: String, _ port: Int, family: Socket.Family, flags: Resolver.Flags, until deadline: Deadline
    ) throws(SocketError) -> [Resolver.Answer] {
        try query(host, port, family: family, flags: flags).answers(until: deadline)
    }

    /// The question for the addresses of a host.
    func query(
        _ host: String, _ port: Int, family: Socket.Family, flags: Resolver.Flags
    ) throws(SocketError) -> ResolverQuery {
        guard UInt16(exactly: port) != nil else {
            throw SocketError(.resolve, .invalidArgument, subject: "port \(port)")
        }
        return ResolverQuery(
            host: host.isEmpty ? nil : host, service: String(port), family: family, kind: kind, protocolNumber: 0,
            flags: flags.union(.numericService))
    }

    private static func preferringIPv4(_ answers: [Resolver.Answer]) throws(SocketError) -> Resolver.Answer {
        guard let answer = answers.first(where: { $0.address.family == .ipv4 }) ?? answers.first else {
            throw SocketError(.resolve, .unknownHost)
        }
        return answer
    }
}
