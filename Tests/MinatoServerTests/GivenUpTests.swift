import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoServer

/// What becomes of what a client was sent and has not taken, when its connection is closed:
///
/// | why it is closed | what the client gets |
/// |---|---|
/// | it takes nothing for the time of a write | a reset: the kernel keeps nothing for it |
/// | the same, and its handler goes on without a word | the same |
/// | it says nothing for the idle time | the same |
/// | a drain's time is over | the same |
/// | its handler is done | everything |
@Suite("Clients that are given up", .watchdog)
struct GivenUpTests {
    enum Face: CaseIterable { case async, blocking, responder }
    enum Reason: CaseIterable { case idle, drain }

    /// Says it is there, takes next to nothing, and reads no more.
    private static func connect(to server: StreamServer) throws -> SharedSocket {
        var socket = try Socket(.ipv4, .stream)
        try socket.setOption(.receiveBufferSize, 4096)
        try socket.setTimeout(.seconds(20))
        try socket.connect(to: server.address)
        try socket.sendAll("x")
        return SharedSocket(socket)
    }

    /// How the stream ends for a client that goes on reading after its connection was ended; `.timedOut` when it was not.
    private static func end(of client: SharedSocket) -> SocketError.Code? {
        var entry = pollfd(fd: client.socket.descriptor, events: 0, revents: 0)
        _ = unsafe poll(&entry, 1, 5000)
        return client.socket.drainToEnd()
    }

    private static func serve(_ server: StreamServer, _ face: Face, _ sent: [UInt8], _ answered: Journal<Void>) throws
        -> Background<Void>
    {
        switch face {
        case .blocking:
            try Background {
                try server.serveBlocking { connection, _ in
                    _ = try connection.receive(atMost: 1)
                    try connection.sendAll(sent)
                    answered.write(())
                    _ = try connection.receive(atMost: 1)
                }
            }
        case .async:
            try background(server) { loops in
                try await server.serve(on: loops) { connection in
                    _ = try await connection.read(atMost: 1)
                    try await connection.write(sent)
                    answered.write(())
                    _ = try await connection.read(atMost: 1)
                }
            }
        case .responder:
            try background(server) { loops in
                try await server.serve(
                    on: loops,
                    responder: { _ in
                        ClosureResponder { input, output in
                            output.append(sent)
                            answered.write(())
                            return .goOn(consumed: input.count)
                        }
                    })
            }
        }
    }

    private static func background(
        _ server: StreamServer, _ serve: @escaping @Sendable (EventLoopGroup) async throws -> Void
    ) throws -> Background<Void> {
        let stage = LoopStage(face: .async, loops: 1, backend: .standard)
        let serving = try LoopServing(server, stage) { _, loops in try await serve(loops) }
        return try Background { try serving.join() }
    }

    @Test(
        "Regression: closed at a limit of time, a client that does not read left its data in the kernel for minutes",
        arguments: Face.allCases, Reason.allCases)
    func givenUpIsReset(face: Face, reason: Reason) throws {
        let timeouts = Journal<SocketAddress>()
        var limits = ServerLimits()
        if reason == .idle { (limits.firstByteTimeout, limits.idleTimeout) = (nil, .milliseconds(100)) }
        var hooks = StreamServerHooks()
        hooks.onTimeout = { timeouts.write($0) }
        let server = try tcpServer(limits: limits, hooks: hooks)
        let answered = Journal<Void>()
        let background = try Self.serve(server, face, [UInt8](repeating: 7, count: 20_000), answered)
        let client = try Self.connect(to: server)
        answered.wait(for: 1)
        switch reason {
        case .idle: timeouts.wait(for: 1)
        // A responder that has answered is at rest, which a drain closes in the orderly way.
        case .drain where face == .responder: #expect(server.drainBlocking(timeout: .seconds(20)).ended == 0)
        case .drain: #expect(server.drainBlocking(timeout: .milliseconds(20)).ended == 1)
        }
        #expect(Self.end(of: client) == (face == .responder && reason == .drain ? nil : .connectionReset))
        server.shutdown()
        try background.join()
    }

    @Test("Regression: nor does one that takes nothing for the time of a write", arguments: [Face.async, .responder])
    func neverReadingIsReset(face: Face) throws {
        let timeouts = Journal<SocketAddress>()
        var limits = ServerLimits()
        limits.writeTimeout = .milliseconds(100)
        var hooks = StreamServerHooks()
        hooks.onTimeout = { timeouts.write($0) }
        let server = try tcpServer(limits: limits, hooks: hooks)
        let background = try Self.serve(server, face, [UInt8](repeating: 7, count: 1 << 25), Journal())
        let client = try Self.connect(to: server)
        timeouts.wait(for: 1)
        #expect(Self.end(of: client) == .connectionReset)
        server.shutdown()
        try background.join()
    }

    /// How a thread may send more than a client takes that reads nothing.
    enum Sending: CaseIterable {
        case all, file, writer, some, message

        private static let bytes = [UInt8](repeating: 7, count: 1 << 25)

        func perform(_ connection: borrowing Socket) throws {
            switch self {
            case .all: try connection.sendAll(Self.bytes)
            case .file:
                let directory = try TemporaryDirectory()
                let file = unsafe open(try directory.write("file", Self.bytes), O_RDONLY | O_CLOEXEC)
                defer { close(file) }
                try connection.sendFile(file)
            case .writer:
                var writer = SocketWriter()
                try writer.write(Self.bytes, to: connection)
                try writer.flush(to: connection)
            case .some: while true { try connection.send(Self.bytes) }
            case .message: while true { try connection.sendMessage([Self.bytes]) }
            }
        }
    }

    private static func impatientServer() throws -> StreamServer {
        var limits = ServerLimits()
        (limits.firstByteTimeout, limits.idleTimeout) = (nil, .milliseconds(100))
        return try tcpServer(limits: limits)
    }

    @Test(
        "Regression: whose send was given up got an orderly end, when a thread's handler said nothing of it",
        arguments: Sending.allCases)
    func silentBlockingHandler(_ sending: Sending) throws {
        let server = try Self.impatientServer()
        let codes = Journal<SocketError.Code?>()
        let background = try Background {
            try server.serveBlocking { connection, _ in
                // What was not read would reset the connection by itself.
                _ = try connection.receive(atMost: 1)
                do { try sending.perform(connection) } catch { codes.write((error as? SocketError)?.code) }
            }
        }
        #expect(Self.end(of: try Self.connect(to: server)) == .connectionReset)
        #expect(codes.wait(for: 1) == [.timedOut])
        server.shutdown()
        try background.join()
    }

    @Test("What was refused in time and taken later is no loss: the client gets everything")
    func refusedAndMadeGood() throws {
        let server = try Self.impatientServer()
        let refused = Journal<Int>()
        let done = Journal<Int>()
        let background = try Background {
            try server.serveBlocking { connection, _ in
                _ = try connection.receive(atMost: 1)
                let bytes = [UInt8](repeating: 7, count: 100_000)
                var sent = 0
                while case nil = errorCode({ () throws(SocketError) in sent += try connection.send(bytes) }) {}
                refused.write(sent)
                while case .timedOut = errorCode({ () throws(SocketError) in sent += try connection.send(bytes) }) {}
                done.write(sent)
            }
        }
        let client = try Self.connect(to: server)
        let half = refused.wait(for: 1)[0] / 2
        try #expect(client.socket.receiveExactly(half).count == half)
        let rest = done.wait(for: 1)[0] - half
        try #expect(client.socket.receiveExactly(rest).count == rest)
        #expect(client.socket.drainToEnd() == nil)
        server.shutdown()
        try background.join()
    }

    @Test("Whose write was given up is reset, though the handler says nothing of it")
    func silentHandler() throws {
        let server = try tcpServer()
        let background = try Self.background(server) { loops in
            try await server.serve(on: loops) { connection in
                // What was not read would reset the connection by itself.
                _ = try await connection.read(atMost: 1)
                let bytes = [UInt8](repeating: 7, count: 1 << 25)
                try? await connection.write(bytes, timeout: .milliseconds(50))
            }
        }
        #expect(Self.end(of: try Self.connect(to: server)) == .connectionReset)
        server.shutdown()
        try background.join()
    }

    @Test("A drain resets a responder's client that has not taken its answer")
    func drainedResponder() throws {
        let server = try tcpServer()
        let answered = Journal<Void>()
        let background = try Self.serve(server, .responder, [UInt8](repeating: 7, count: 1 << 25), answered)
        let client = try Self.connect(to: server)
        answered.wait(for: 1)
        #expect(server.drainBlocking(timeout: .milliseconds(20)).ended == 1)
        #expect(Self.end(of: client) == .connectionReset)
        try background.join()
    }

    @Test(
        "A slow client gets everything that it was sent when its handler is done, or fails otherwise",
        arguments: Face.allCases, [false, true])
    func slowGetsAll(face: Face, fails: Bool) throws {
        let server = try tcpServer()
        let sent = [UInt8](repeating: 7, count: 20_000)
        let background: Background<Void>
        switch face {
        case .blocking:
            background = try Background {
                try server.serveBlocking { connection, _ in
                    _ = try connection.receive(atMost: 1)
                    try connection.sendAll(sent)
                    // Somebody else's time was over.
                    if fails { throw SocketError(.connect, .timedOut) }
                }
            }
        case .async:
            background = try Self.background(server) { loops in
                try await server.serve(on: loops) { connection in
                    _ = try await connection.read(atMost: 1)
                    try await connection.write(sent)
                    if fails { throw SocketError(.connect, .timedOut) }
                }
            }
        case .responder:
            background = try Self.background(server) { loops in
                try await server.serve(
                    on: loops,
                    responder: { _ in
                        ClosureResponder { _, output in
                            output.append(sent)
                            return .close
                        }
                    })
            }
        }
        let client = try Self.connect(to: server)
        try #expect(client.socket.receiveExactly(20_000) == sent)
        #expect(client.socket.drainToEnd() == nil)
        server.shutdown()
        try background.join()
    }
}
