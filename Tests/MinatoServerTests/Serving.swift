import Glibc
import MinatoSocket
import TestSupport

@testable import MinatoServer

/// Runs `body` while `serve` serves on a thread of its own; then shuts the server down and waits for the end.
func serving<Server: SocketServer, Result>(
    _ server: Server, _ serve: @escaping @Sendable (Server) throws -> Void, while body: () throws -> Result
) throws -> Result {
    let background = try Background { try serve(server) }
    let result = Swift.Result { try body() }
    server.shutdown()
    try background.join()
    return try result.get()
}

/// A server on a free port of the loopback interface.
func tcpServer(
    limits: ServerLimits = ServerLimits(), hooks: StreamServerHooks = StreamServerHooks()
) throws -> TCPServer {
    try TCPServer(on: .tcp("127.0.0.1", 0), limits: limits, hooks: hooks)
}

func client(of server: StreamServer) throws -> Socket { try Socket.connect(to: .address(server.address)) }

extension Socket {
    /// Everything up to the end of the stream, as text.
    borrowing func readToEnd() throws -> String {
        var bytes: [UInt8] = []
        while case let piece = try receive(atMost: 4096), !piece.isEmpty { bytes += piece }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// What the page's server does: one read, stripped, in capitals, sent back.
struct Upper: RequestHandler {
    func handle(_ request: borrowing Socket, from client: SocketAddress) throws {
        try request.sendAll(upper(try request.receive(atMost: 1024)))
    }
}

func upper(_ bytes: [UInt8]) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    return String(text.reversed().drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace)).uppercased()
}

/// Sends back what comes until the client ends.
@Sendable
func echo(_ connection: borrowing Socket, _ client: SocketAddress) throws {
    while case let bytes = try connection.receive(atMost: 4096), !bytes.isEmpty { try connection.sendAll(bytes) }
}

struct Failure: Error, Equatable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension SocketServer {
    /// Waits until it has been told to stop, by a drain that has begun, say.
    func waitUntilStopping() {
        while !state.withLock({ $0.phase == .stopping }) { sched_yield() }
    }
}
