import Glibc
import Minato

/// A server of `minato serve`: bound, announced, and served until a signal comes.
struct ServedEndpoint {
    private let server: Serving.Server
    private let endpoint: Endpoint

    /// Binds the endpoint.
    init(_ endpoint: Endpoint, _ limits: ServerLimits) throws(SocketError) {
        self.endpoint = endpoint
        let isUnix = Self.networkName(endpoint).hasPrefix("unix")
        switch (endpoint.kind, isUnix) {
        case (.datagram, true): server = .datagram(try UnixDatagramServer(on: endpoint, limits: limits))
        case (.datagram, false): server = .datagram(try UDPServer(on: endpoint, limits: limits))
        case (_, true): server = .stream(try UnixStreamServer(on: endpoint, limits: limits))
        case (_, false): server = .stream(try TCPServer(on: endpoint, limits: limits))
        }
    }

    private static func networkName(_ endpoint: Endpoint) -> String {
        String(endpoint.description.prefix { $0 != ":" })
    }

    /// Announces the address and serves until one of the signals comes: then drains, until another one comes.
    func run(
        _ serving: Serving, until signals: consuming SignalDescriptor, drainTimeout: Duration
    ) throws(SocketError) {
        let server = server
        let address = server.base.address
        let shown = address.unixPath ?? address.abstractName.map { "@" + $0 } ?? "\(address)"
        Terminal.print("listening on \(Self.networkName(endpoint)) \(shown)")
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
        try thread.join()
    }
}
