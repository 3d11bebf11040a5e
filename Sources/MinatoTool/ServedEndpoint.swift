import Glibc
import Minato

/// A server of `minato serve`: bound, announced, and served until a signal comes.
struct ServedEndpoint {
    private enum Server {
        case stream(StreamServer)
        case datagram(DatagramServer)

        var base: SocketServer {
            switch self {
            case .stream(let server): server
            case .datagram(let server): server
            }
        }
    }

    private let server: Server
    private let handler: ServeCommand.Handler
    private let endpoint: Endpoint

    /// Binds the endpoint.
    init(_ endpoint: Endpoint, _ handler: ServeCommand.Handler) throws(SocketError) {
        self.endpoint = endpoint
        self.handler = handler
        let isUnix = Self.networkName(endpoint).hasPrefix("unix")
        switch (endpoint.kind, isUnix) {
        case (.datagram, true): server = .datagram(try UnixDatagramServer(on: endpoint))
        case (.datagram, false): server = .datagram(try UDPServer(on: endpoint))
        case (_, true): server = .stream(try UnixStreamServer(on: endpoint))
        case (_, false): server = .stream(try TCPServer(on: endpoint))
        }
    }

    private static func networkName(_ endpoint: Endpoint) -> String {
        String(endpoint.description.prefix { $0 != ":" })
    }

    /// Announces the address and serves until one of the signals comes; a second one ends the process at once.
    func run(until signals: consuming SignalDescriptor) throws(SocketError) {
        let address = server.base.address
        let shown = address.unixPath ?? address.abstractName.map { "@" + $0 } ?? "\(address)"
        Terminal.print("listening on \(Self.networkName(endpoint)) \(shown)")
        let serving = try ServingThread { [server, handler] () throws(SocketError) in
            // Whatever ends it, the thread that waits for signals has to hear of it.
            defer { kill(getpid(), SIGTERM) }
            try Self.serve(server, handler)
        }
        _ = try signals.read()
        server.base.shutdown()
        try serving.join()
    }

    private static func serve(_ server: Server, _ handler: ServeCommand.Handler) throws(SocketError) {
        switch (server, handler) {
        case (.stream(let server), .echo):
            try server.serveBlocking { connection, _ in
                while true {
                    let bytes = try connection.receive(atMost: 65_536)
                    if bytes.isEmpty { return }
                    try connection.sendAll(bytes)
                }
            }
        case (.stream(let server), .upper):
            try server.serveBlocking { connection, _ in
                try connection.sendAll(strippedAndUppercased(connection.receive(atMost: 1024)))
            }
        case (.datagram(let server), .echo):
            try server.serveBlocking { request in try request.reply(request.bytes) }
        case (.datagram(let server), .upper):
            try server.serveBlocking { request in try request.reply(strippedAndUppercased(request.bytes)) }
        }
    }
}
