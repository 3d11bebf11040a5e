internal import MinatoServer
internal import MinatoSocket
internal import Synchronization

// The faces that run on event loops.

extension MinatoEcho {
    /// A task for each connection or datagram: `async`, and with a timeout on every operation `async-timeout`.
    static func serveAsync(_ options: Options, until watch: SignalWatch) async throws {
        let loops = try EventLoopGroup(loops: options.loops)
        if options.transport == .udp {
            let server = try announcedUDPServer(until: watch)
            return try await server.serve(on: loops) { request in try await request.reply(request.bytes) }
        }
        let tally = try Tally(loops)
        let server = try TCPServer(on: .tcp("127.0.0.1", 0), limits: limits(options))
        watch.start(for: server)
        announce(server)
        if options.face == .async {
            try await server.serve(on: loops) { connection in
                tally.count()
                for try await chunk in connection.chunks { try await connection.write(chunk) }
            }
        } else {
            try await server.serve(on: loops) { connection in
                tally.count()
                while case let bytes = try await connection.read(atMost: 65_536, timeout: .seconds(30)), !bytes.isEmpty
                {
                    try await connection.write(bytes, timeout: .seconds(30))
                }
            }
        }
        report(tally.counts)
    }

    /// Bytes in, bytes out, called on the loop.
    static func serveResponder(_ options: Options, until watch: SignalWatch) async throws {
        let loops = try EventLoopGroup(loops: options.loops)
        if options.transport == .udp {
            let server = try announcedUDPServer(until: watch)
            return try await server.serve(on: loops, responder: { EchoResponder() })
        }
        let tally = try Tally(loops)
        let server = try TCPServer(on: .tcp("127.0.0.1", 0), limits: limits(options))
        watch.start(for: server)
        announce(server)
        try await server.serve(
            on: loops,
            responder: { _ in
                tally.count()
                return EchoResponder()
            })
        report(tally.counts)
    }

    private static func limits(_ options: Options) -> ServerLimits {
        var limits = ServerLimits()
        limits.maxConnections = options.maxConnections ?? limits.maxConnections
        return limits
    }

    private static func announcedUDPServer(until watch: SignalWatch) throws -> UDPServer {
        let server = try UDPServer(on: .udp("127.0.0.1", 0))
        watch.start(for: server)
        announce(server)
        return server
    }
}

/// The echo protocol.
struct EchoResponder: StreamResponder {
    mutating func respond(to input: Span<UInt8>, output: inout ResponderOutput) -> ResponderVerdict {
        output.append(input)
        return .goOn(consumed: input.count)
    }
}

extension EchoResponder: DatagramResponder {
    mutating func respond(
        to datagram: Span<UInt8>, _ info: borrowing DatagramInfo, output: inout ResponderOutput
    ) -> DatagramVerdict {
        output.append(datagram)
        return .reply
    }
}

/// How many connections each loop has had.
final class Tally: Sendable {
    private let loops: [EventLoop]
    private let numbers: Mutex<[Int]>

    init(_ loops: EventLoopGroup) throws {
        self.loops = try loops.all()
        numbers = Mutex(Array(repeating: 0, count: loops.count))
    }

    /// Counts a connection of the loop that calls.
    func count() {
        guard let place = loops.firstIndex(where: \.isCurrent) else { return }
        numbers.withLock { $0[place] += 1 }
    }

    var counts: [Int] { numbers.withLock { $0 } }
}
