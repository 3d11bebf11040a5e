internal import MinatoSocket

/// Which sockets a server serves, and how it comes by one: what the four servers do not have in common.
struct ServedKind: Sendable {
    /// The server's name, for errors.
    let server: String
    let kind: Socket.Kind
    let isUnix: Bool

    static let tcp = ServedKind(server: "TCPServer", kind: .stream, isUnix: false)
    static let udp = ServedKind(server: "UDPServer", kind: .datagram, isUnix: false)
    static let unixStream = ServedKind(server: "UnixStreamServer", kind: .stream, isUnix: true)
    static let unixDatagram = ServedKind(server: "UnixDatagramServer", kind: .datagram, isUnix: true)

    /// Opens a socket at an endpoint, which a stream listens at. The limits are looked at before anything is touched.
    ///
    /// - Parameters:
    ///   - dualStack: for IP only.
    ///   - permissions: for Unix only.
    func open(
        on endpoint: Endpoint, dualStack: Bool = false, permissions: UInt32? = nil, limits: ServerLimits
    ) throws(SocketError) -> Socket {
        try check(endpoint)
        try limits.check()
        let socket =
            isUnix
            ? try Socket.boundTakingOver(endpoint, permissions: permissions)
            : try Socket.bound(to: endpoint, dualStack: dualStack)
        if kind == .stream { try socket.listen() }
        return socket
    }

    private func check(_ endpoint: Endpoint) throws(SocketError) {
        let fits: Bool =
            switch endpoint.target {
            case .host: !isUnix
            case .path, .abstract: isUnix
            case .address(let address): (address.family == .unix) == isUnix
            }
        guard fits, endpoint.kind == kind else {
            throw SocketError(.serve, .invalidArgument, subject: "\(server) on \(endpoint)")
        }
    }

    /// Whether a socket that was made elsewhere fits; a stream has to listen.
    func check(_ socket: borrowing Socket) throws(SocketError) {
        let fits = isUnix ? socket.family == .unix : socket.family == .ipv4 || socket.family == .ipv6
        guard fits, socket.kind == kind else {
            throw SocketError(.serve, .invalidArgument, subject: "\(server) adopting \(socket.family) \(socket.kind)")
        }
        if kind == .stream, try !socket.option(.isListening) {
            throw SocketError(.serve, .invalidArgument, subject: "\(server) adopting a socket that does not listen")
        }
    }
}
