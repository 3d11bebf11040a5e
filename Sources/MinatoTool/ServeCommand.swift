import ArgumentParser
import Glibc
import Minato

/// `minato serve`: the server programs of the page, on any of the four kinds of socket.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run an echo or upper-case server.",
        discussion: """
            The first line on standard output says where it listens: "listening on tcp 127.0.0.1:41233". SIGINT and \
            SIGTERM end it with status 0: nothing more is accepted, and what is being served has the drain timeout to \
            come to its end. A second one ends that at once.

                minato serve tcp --port 9999
            """)

    /// What to answer.
    enum Handler: String, ExpressibleByArgument, CaseIterable {
        case echo, upper
    }

    /// How to serve.
    enum Face: String, ExpressibleByArgument, CaseIterable {
        case async, blocking, responder
    }

    @Argument(help: "tcp, udp, unix or unixgram.")
    var transport: Transport

    @Option(help: "tcp, udp: the address or name to listen at; an empty one means all interfaces. (default: localhost)")
    var host: String?

    @Option(help: "tcp, udp: the port; 0 lets the system choose. (default: 0)")
    var port: Int?

    @Option(help: "unix, unixgram: the path, or @NAME for an abstract name.")
    var path: String?

    @Flag(
        help: """
            Serve the one socket that a service manager has opened for this process: socket activation, as of systemd. \
            The options that say where are not taken then.
            """)
    var inherited = false

    @Option(
        help: """
            echo: send everything back, until the peer ends. upper: read once, at most 1024 bytes, strip white space, \
            send it back in upper case (ASCII), and close.
            """)
    var handler = Handler.upper

    @Option(
        help: """
            How it is served. async: a task for each connection, on event loops. blocking: a thread for each, of which \
            there are at most 64. responder: called by the event loops, without a task.
            """)
    var face = Face.async

    @Option(help: "async, responder: how many event loops; by default one for each processor.")
    var loops: Int?

    @Option(
        help: "The most connections, or datagrams, that are served at a time. Default: as many as descriptors allow.")
    var maxConnections: Int?

    @Option(help: "Seconds for which a connection may be silent; 0 means for ever.")
    var idleTimeout: Seconds = Seconds(duration: .seconds(300))

    @Option(help: "Seconds for which SIGTERM lets what is being served come to its end.")
    var drainTimeout: Seconds = Seconds(duration: .seconds(5))

    func validate() throws {
        if inherited {
            if host != nil || port != nil || path != nil {
                throw ValidationError("--inherited takes no --host, --port or --path.")
            }
        } else {
            try transport.validate(path: path)
        }
        if let loops, !(1...1024).contains(loops) { throw ValidationError("--loops takes 1 to 1024.") }
        if let maxConnections, maxConnections < 1 { throw ValidationError("--max-connections takes 1 or more.") }
    }

    func run() throws {
        do {
            // Before any thread is started, so that all of them inherit the mask.
            let signals = try SignalDescriptor([SIGINT, SIGTERM])
            try endpoint().run(serving, until: signals, drainTimeout: drainTimeout.duration)
        } catch {
            Terminal.complain("\(error)")
            throw ExitCode.failed
        }
    }

    private func endpoint() throws(SocketError) -> ServedEndpoint {
        if inherited { return try ServedEndpoint(inherited: transport, limits) }
        let place = transport.endpoint(host ?? "localhost", port ?? 0, path: path)
        return try ServedEndpoint(transport, place, limits)
    }

    private var serving: Serving {
        Serving(face: face, handler: handler, loops: loops)
    }

    private var limits: ServerLimits {
        var limits = ServerLimits()
        if let maxConnections {
            limits.maxConnections = maxConnections
            limits.threads = min(maxConnections, limits.threads)
        }
        limits.idleTimeout = idleTimeout.duration == .zero ? nil : idleTimeout.duration
        return limits
    }
}
