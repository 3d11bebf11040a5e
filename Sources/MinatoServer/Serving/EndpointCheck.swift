internal import MinatoSocket

// Whether an endpoint or a socket is of the kind that a server serves.

extension Endpoint {
    func check(_ kind: Socket.Kind, isUnix: Bool, for server: String) throws(SocketError) {
        let fits: Bool =
            switch target {
            case .host: !isUnix
            case .path, .abstract: isUnix
            case .address(let address): (address.family == .unix) == isUnix
            }
        guard fits, self.kind == kind else {
            throw SocketError(.serve, .invalidArgument, subject: "\(server) on \(self)")
        }
    }
}

extension Socket {
    /// Also whether a stream socket listens.
    borrowing func check(_ kind: Kind, isUnix: Bool, for server: String) throws(SocketError) {
        let fits = isUnix ? family == .unix : family == .ipv4 || family == .ipv6
        guard fits, self.kind == kind else {
            throw SocketError(.serve, .invalidArgument, subject: "\(server) adopting \(family) \(self.kind)")
        }
        if kind == .stream, try !option(.isListening) {
            throw SocketError(.serve, .invalidArgument, subject: "\(server) adopting a socket that does not listen")
        }
    }
}
