internal import MinatoSocket

/// Whose connection a responder answers: for errors.
final class ResponderClient {
    var address: SocketAddress
    init(_ address: SocketAddress) { self.address = address }
}

/// How far a connection is that begins with a header of the PROXY protocol. The loop's thread only.
final class ProxiedArrival {
    let descriptor: Int32
    let accepted: SocketAddress
    /// Who is told of in errors: the balancer, and once the header is there, the client.
    let client: ResponderClient?

    private var isHeaderNew = false
    /// Something came behind the header.
    var hasSpoken = false

    init(_ descriptor: Int32, _ accepted: SocketAddress, _ client: ResponderClient?) {
        self.descriptor = descriptor
        self.accepted = accepted
        self.client = client
    }

    func noteHeader(_ address: SocketAddress) {
        client?.address = address
        isHeaderNew = true
    }

    /// True, once, when the header has come.
    func takeHeader() -> Bool {
        defer { isHeaderNew = false }
        return isHeaderNew
    }
}

/// Reads the header in front of what the client says, and is the client's own responder from then on.
struct ProxiedResponder: StreamResponder {
    /// In an object, as responders are copyable.
    private final class Own {
        var responder: AnyStreamResponder
        init(_ responder: consuming AnyStreamResponder) { self.responder = responder }
    }

    private let shared: ResponderShare
    private let arrival: ProxiedArrival
    private var own: Own?

    init(_ shared: ResponderShare, _ arrival: ProxiedArrival) {
        self.shared = shared
        self.arrival = arrival
    }

    mutating func respond(to input: Span<UInt8>, output: inout ResponderOutput) throws -> ResponderVerdict {
        arrival.hasSpoken = own != nil
        if let own { return try own.responder.respond(to: input, output: &output) }
        switch try ProxyProtocol.parse(input) {
        case .needMore: return .goOn(consumed: 0)
        case .done(let header, let consumed):
            let client = header.source ?? arrival.accepted
            arrival.noteHeader(client)
            guard shared.allows(arrival.descriptor, client) else { return .close }
            own = Own(try shared.makeResponder(client))
            return .goOn(consumed: consumed)
        }
    }

    mutating func end(rest: Span<UInt8>, output: inout ResponderOutput) throws {
        guard let own else { throw ProxyProtocolError(.incomplete) }
        try own.responder.end(rest: rest, output: &output)
    }
}

extension ResponderKind {
    static let proxied = ResponderKind(ProxiedResponder.self)
}
