import MinatoServer
import MinatoSocket
import TestSupport
import Testing

/// What a test of the datagram faces on event loops is run with.
struct DatagramStage: Sendable, CustomTestStringConvertible {
    enum Face: CaseIterable { case async, responder }

    let face: Face
    let loops: Int
    let backend: EventLoop.Backend

    /// Both faces, one loop and two, both backends.
    static let all = Face.allCases.flatMap { face in
        [1, 2].flatMap { loops in
            [EventLoop.Backend.epoll, .poll].map { DatagramStage(face: face, loops: loops, backend: $0) }
        }
    }

    /// One loop.
    static let single = all.filter { $0.loops == 1 }

    static func of(_ face: Face) -> [DatagramStage] { all.filter { $0.face == face } }

    var testDescription: String { "\(face), \(loops) \(backend)" }

    /// Sends back what comes.
    func echo(_ server: DatagramServer, _ loops: EventLoopGroup) async throws(SocketError) {
        switch face {
        case .async: try await server.serve(on: loops) { try await $0.reply($0.bytes) }
        case .responder:
            try await server.serve(on: loops, responder: { ClosureDatagramResponder { bytes, _ in bytes } })
        }
    }

    /// Answers with what a closure makes of the bytes and the sender; nothing for nil.
    func answer(
        _ server: DatagramServer, _ loops: EventLoopGroup, with make: @escaping ClosureDatagramResponder.Answer
    ) async throws(SocketError) {
        switch face {
        case .async:
            try await server.serve(on: loops) { request in
                if let bytes = try make(request.bytes, request.sender) { try await request.reply(bytes) }
            }
        case .responder: try await server.serve(on: loops, responder: { ClosureDatagramResponder(answer: make) })
        }
    }

    /// Runs `body` while `serve` serves; then shuts the server down and waits for the end.
    func serving<Result>(
        _ server: DatagramServer, _ serve: @escaping DatagramServing.Serve, while body: () throws -> Result
    ) throws -> Result {
        let background = try DatagramServing(server, self, serve)
        let result = Swift.Result { try body() }
        server.shutdown()
        try background.join()
        return try result.get()
    }

    /// Runs `body` while the server echoes.
    func echoing<Result>(_ server: DatagramServer, while body: () throws -> Result) throws -> Result {
        try serving(server, { (server, loops) in try await self.echo(server, loops) }, while: body)
    }
}

/// A server that serves on loops of its own, until it is told to stop.
final class DatagramServing: Sendable {
    let loops: EventLoopGroup
    private let task: Task<Void, Never>
    private let result = Journal<Result<Void, any Error>>()

    typealias Serve = @Sendable (DatagramServer, EventLoopGroup) async throws -> Void

    init(_ server: DatagramServer, _ stage: DatagramStage, _ serve: @escaping Serve) throws {
        let loops = try EventLoopGroup(loops: stage.loops, backend: stage.backend)
        let result = result
        self.loops = loops
        // Not on Swift's own threads, of which there are few, and on which tests wait.
        task = Task(executorPreference: try EventLoopGroup.shared.next()) {
            do {
                try await serve(server, loops)
                result.write(.success(()))
            } catch {
                result.write(.failure(error))
            }
        }
    }

    /// Cancels the task that serves.
    func cancel() { task.cancel() }

    /// Waits, in a task, until `serve` has returned.
    func finish() async { await task.value }

    /// Waits until `serve` has returned, and ends the loops. Throws what it threw.
    func join() throws {
        let result = result.wait(for: 1)
        loops.shutdown()
        try result.first?.get()
    }

    /// The code of what it threw.
    func joinedCode() -> SocketError.Code? {
        do {
            try join()
            return nil
        } catch {
            return (error as? SocketError)?.code
        }
    }
}

/// A responder made of a closure.
struct ClosureDatagramResponder: DatagramResponder {
    typealias Answer = @Sendable (_ bytes: [UInt8], _ sender: SocketAddress) throws -> [UInt8]?

    let answer: Answer

    mutating func respond(
        to datagram: Span<UInt8>, _ info: borrowing DatagramInfo, output: inout ResponderOutput
    ) throws -> DatagramVerdict {
        let bytes = unsafe datagram.withUnsafeBufferPointer { unsafe Array($0) }
        guard let reply = try answer(bytes, info.sender) else {
            // To be dropped.
            output.append(datagram)
            return .silence
        }
        output.append(reply)
        return .reply
    }
}

/// A client that waits for at most so long.
func datagramClient(of server: DatagramServer, from source: SocketAddress? = nil) throws -> Socket {
    var socket = try Socket(server.address.family, .datagram)
    try socket.setTimeout(.seconds(60))
    if let source { try socket.bind(to: source) }
    try socket.connect(to: server.address)
    return socket
}

/// Such a client in a tuple or an array, which cannot have a socket itself.
final class DatagramPeer: Sendable {
    let socket: Socket
    init(of server: DatagramServer) throws { socket = try datagramClient(of: server) }
}

func udpServer(
    limits: ServerLimits = ServerLimits(), hooks: DatagramServerHooks = DatagramServerHooks()
) throws -> UDPServer {
    try UDPServer(on: .udp("127.0.0.1", 0), limits: limits, hooks: hooks)
}
