internal import Glibc
internal import MinatoServer
internal import MinatoSocket
internal import Synchronization

/// A server of each face on TCP, UDP and a Unix socket, all of which echo, in one process.
enum Hosts {
    static func serve(on host: String, in folder: String) throws {
        let tally = Tally()
        let loops = try EventLoopGroup(loops: 2)
        for face in Face.allCases {
            let path = "\(folder)/\(face)"
            let stream = try TCPServer(on: .tcp(host, 0), limits: limits)
            try start(face, stream, at: "tcp://127.0.0.1:\(stream.address.port ?? 0)", loops, tally)
            try start(face, UnixStreamServer(on: .unix(path), limits: limits), at: "unix:\(path)", loops, tally)
            try start(face, UDPServer(on: .udp(host, 0), limits: limits), loops, tally)
        }
        Console.obey { _ in tally.status }
    }

    /// Short, so that those who let them pass are given up all the time.
    private static var limits: ServerLimits {
        var limits = ServerLimits()
        limits.threads = threads
        limits.firstByteTimeout = .seconds(1)
        limits.idleTimeout = .seconds(2)
        limits.writeTimeout = .seconds(1)
        return limits
    }

    private static let threads = 4

    private static func start(
        _ face: Face, _ server: StreamServer, at endpoint: String, _ loops: EventLoopGroup, _ tally: Tally
    ) throws {
        switch face {
        case .async: serve(loops) { try await server.serve(on: loops) { try await converse($0, tally) } }
        case .responder:
            serve(loops) { try await server.serve(on: loops, responder: { _ in Echo(ticket: Ticket(tally)) }) }
        case .blocking:
            let meeting = Meeting(of: threads)
            serveBlocking {
                try server.serveBlocking { connection, _ in
                    meeting.attend()
                    let ticket = Ticket(tally)
                    while case let bytes = try connection.receive(atMost: 65_536), !bytes.isEmpty {
                        try tally.failSometimes(ticket.number)
                        try connection.sendAll(bytes)
                    }
                }
            }
        }
        Console.say("\(server.address.port == nil ? "unix" : "tcp")-\(face)=\(endpoint)")
    }

    private static func start(_ face: Face, _ server: UDPServer, _ loops: EventLoopGroup, _ tally: Tally) throws {
        switch face {
        case .async:
            serve(loops) {
                try await server.serve(on: loops) { request in
                    let ticket = Ticket(tally)
                    try tally.failSometimes(ticket.number)
                    try await request.reply(request.bytes)
                }
            }
        case .responder: serve(loops) { try await server.serve(on: loops, responder: { DatagramEcho() }) }
        case .blocking:
            let meeting = Meeting(of: threads)
            serveBlocking {
                try server.serveBlocking { request in
                    meeting.attend()
                    let ticket = Ticket(tally)
                    try tally.failSometimes(ticket.number)
                    try request.reply(request.bytes)
                }
            }
        }
        Console.say("udp-\(face)=udp://127.0.0.1:\(server.address.port ?? 0)")
    }

    private static func converse(_ connection: Connection, _ tally: Tally) async throws {
        let ticket = Ticket(tally)
        // A read that is cancelled, which loses nothing.
        if ticket.number % 50 == 3, let bytes = try await Cancelled.read(connection) {
            try await connection.write(bytes)
        }
        for try await chunk in connection.chunks {
            try tally.failSometimes(ticket.number)
            try await connection.write(chunk)
        }
    }

    /// On a loop: Swift's own threads come and go, and are not to be counted.
    static func serve(_ loops: EventLoopGroup, _ body: @escaping @Sendable () async throws -> Void) {
        do {
            Task(executorPreference: try loops.next()) {
                do { try await body() } catch { fail(error) }
            }
        } catch {
            fail(error)
        }
    }

    /// On a thread of its own.
    static func serveBlocking(_ body: @escaping @Sendable () throws -> Void) {
        let errand = unsafe Unmanaged.passRetained(ThreadErrand(body))
        var thread = pthread_t()
        let result = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<ThreadErrand>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, errand.toOpaque())
        if result != 0 { fail(SocketError.Code(result)) }
        // Nobody joins it: its stack goes with it.
        pthread_detach(thread)
    }

    static func fail(_ error: Any) -> Never {
        Console.say("endurance: \(error)")
        exit(EXIT_FAILURE)
    }
}

/// Has the threads of a server wait for one another, once: so all that there may be are there from the warm-up on.
private final class Meeting: Sendable {
    private let count: Int
    private let present = Atomic(0)

    init(of count: Int) { self.count = count }

    /// A tenth of a second at most, of which how often it looks changes nothing: if too few come then, those who come later meet.
    func attend() {
        if present.load(ordering: .acquiring) >= count { return }
        let others = present.add(1, ordering: .acquiringAndReleasing).newValue
        if others >= count { return }
        for _ in 0..<100 {
            usleep(1000)
            if present.load(ordering: .acquiring) >= count { return }
        }
        present.subtract(1, ordering: .acquiringAndReleasing)
    }
}

/// What a thread does.
private final class ThreadErrand: Sendable {
    private let body: @Sendable () throws -> Void

    init(_ body: @escaping @Sendable () throws -> Void) { self.body = body }

    func run() {
        do { try body() } catch { Hosts.fail(error) }
    }
}

enum Face: String, CaseIterable {
    case async, blocking, responder
}

/// The echo protocol.
struct Echo: StreamResponder {
    let ticket: Ticket

    mutating func respond(to input: Span<UInt8>, output: inout ResponderOutput) throws -> ResponderVerdict {
        try ticket.tally.failSometimes(ticket.number)
        output.append(input)
        return .goOn(consumed: input.count)
    }
}

struct DatagramEcho: DatagramResponder {
    mutating func respond(
        to datagram: Span<UInt8>, _ info: borrowing DatagramInfo, output: inout ResponderOutput
    ) -> DatagramVerdict {
        output.append(datagram)
        return .reply
    }
}
