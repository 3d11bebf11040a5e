import Glibc
import Minato

/// A server of `minato serve`: bound, announced, and served until a signal comes.
struct ServedEndpoint {
    private let server: Serving.Server
    private let transport: Transport

    /// Binds the endpoint.
    init(_ transport: Transport, _ endpoint: Endpoint, _ limits: ServerLimits) throws(SocketError) {
        self.transport = transport
        switch transport {
        case .tcp: server = .stream(try TCPServer(on: endpoint, limits: limits))
        case .udp: server = .datagram(try UDPServer(on: endpoint, limits: limits))
        case .unix: server = .stream(try UnixStreamServer(on: endpoint, limits: limits))
        case .unixgram: server = .datagram(try UnixDatagramServer(on: endpoint, limits: limits))
        }
    }

    /// Takes the one socket that a service manager has opened for this process.
    init(inherited transport: Transport, _ limits: ServerLimits) throws(SocketError) {
        let listeners = try Socket.inheritedListeners()
        guard listeners.count == 1, let socket = try listeners[0].descriptor.takeSocket() else {
            throw SocketError(.adopt, .invalidArgument, subject: "\(listeners.count) inherited sockets, not one")
        }
        self.transport = transport
        switch transport {
        case .tcp: server = .stream(try TCPServer(adopting: socket, limits: limits))
        case .udp: server = .datagram(try UDPServer(adopting: socket, limits: limits))
        case .unix: server = .stream(try UnixStreamServer(adopting: socket, limits: limits))
        case .unixgram: server = .datagram(try UnixDatagramServer(adopting: socket, limits: limits))
        }
    }

    /// Announces the address and serves until one of the signals comes: then drains, until another one comes.
    ///
    /// - Throws: `SocketError`; `FileFailure` when the address cannot be announced: nobody would know where to connect.
    func run(
        _ serving: Serving, until signals: consuming SignalDescriptor, drainTimeout: Duration
    ) throws {
        let server = server
        let address = server.base.address
        let shown = address.unixPath ?? address.abstractName.map { "@" + $0 } ?? "\(address)"
        try Terminal.print("listening on \(transport.rawValue) \(shown)")
        let thread = try ServingThread(
            { () throws(SocketError) in try serving.serve(server) },
            // Whatever ends it, the thread that waits for signals has to hear of it.
            whenEnded: { kill(getpid(), SIGTERM) })
        _ = try signals.read()
        // That may have been the thread's signal, or both: two that are alike and wait at the same time become one.
        if thread.hasEnded { return try thread.join() }
        let draining = try ServingThread { () throws(SocketError) in
            _ = server.base.drainBlocking(timeout: drainTimeout)
        }
        // The second signal comes from a person, or from the thread that serves and has come to its end.
        _ = try signals.read()
        server.base.shutdown()
        try draining.join()
        do throws(SocketError) {
            try thread.join()
        } catch {
            // The signal came before serving had begun: it is over all the same.
            guard error.code == .closed else { throw error }
        }
    }
}
