internal import MinatoServer
internal import MinatoSocket

extension MinatoEcho {
    /// A thread for each connection, or for each datagram.
    static func serveBlocking(_ options: Options, until watch: SignalWatch) throws {
        var limits = ServerLimits()
        limits.threads = options.threads
        switch options.transport {
        case .tcp:
            let server = try TCPServer(on: .tcp("127.0.0.1", 0), limits: limits)
            watch.start(for: server)
            announce(server)
            try server.serveBlocking { connection, _ in
                while case let bytes = try connection.receive(atMost: 65_536), !bytes.isEmpty {
                    try connection.sendAll(bytes)
                }
            }
        case .udp:
            let server = try UDPServer(on: .udp("127.0.0.1", 0), limits: limits)
            watch.start(for: server)
            announce(server)
            try server.serveBlocking { request in try request.reply(request.bytes) }
        }
    }
}
