import Minato
import MinatoSocket

/// What `minato serve` answers, and on which face of the servers.
struct Serving: Sendable {
    let face: ServeCommand.Face
    let handler: ServeCommand.Handler
    /// How many event loops; nil: those that everything shares.
    let loops: Int?

    /// One of the four servers.
    enum Server: Sendable {
        case stream(StreamServer)
        case datagram(DatagramServer)

        var base: SocketServer {
            switch self {
            case .stream(let server): server
            case .datagram(let server): server
            }
        }
    }

    /// Serves until the server is stopped. Blocks the calling thread, whatever the face.
    func serve(_ server: Server) throws(SocketError) {
        switch (server, face) {
        case (.stream(let server), .blocking): try serveBlocking(server)
        case (.datagram(let server), .blocking): try serveBlocking(server)
        case (.stream(let server), .async):
            try onLoops { (loops) throws(SocketError) in try await serve(server, loops) }
        case (.stream(let server), .responder):
            try onLoops { (loops) throws(SocketError) in
                try await server.serve(on: loops, responder: { _ in Responder(handler: handler) })
            }
        case (.datagram(let server), .async):
            try onLoops { (loops) throws(SocketError) in
                try await server.serve(on: loops) { request in try await request.reply(answer(to: request.bytes)) }
            }
        case (.datagram(let server), .responder):
            try onLoops { (loops) throws(SocketError) in
                try await server.serve(on: loops, responder: { Answerer(handler: handler) })
            }
        }
    }

    /// Runs asynchronous work from a thread, and waits for it.
    private func onLoops(
        _ work: @escaping @Sendable (EventLoopGroup) async throws(SocketError) -> Void
    ) throws(SocketError) {
        let group = try loops.map { (count) throws(SocketError) in try EventLoopGroup(loops: count) } ?? .shared
        try TaskBridge.run { () async throws(SocketError) in try await work(group) }
    }

    // MARK: - Streams

    private nonisolated(nonsending) func serve(
        _ server: StreamServer, _ loops: EventLoopGroup
    ) async throws(SocketError) {
        switch handler {
        case .echo:
            try await server.serve(on: loops) { connection in
                for try await chunk in connection.chunks { try await connection.write(chunk) }
            }
        case .upper:
            try await server.serve(on: loops) { connection in
                try await connection.write(strippedAndUppercased(connection.read(atMost: 1024)))
            }
        }
    }

    private func serveBlocking(_ server: StreamServer) throws(SocketError) {
        switch handler {
        case .echo:
            try server.serveBlocking { connection, _ in
                while case let bytes = try connection.receive(atMost: 65_536), !bytes.isEmpty {
                    try connection.sendAll(bytes)
                }
            }
        case .upper:
            try server.serveBlocking { connection, _ in
                try connection.sendAll(strippedAndUppercased(connection.receive(atMost: 1024)))
            }
        }
    }

    private struct Responder: StreamResponder {
        let handler: ServeCommand.Handler

        mutating func respond(to input: Span<UInt8>, output: inout ResponderOutput) -> ResponderVerdict {
            switch handler {
            case .echo:
                output.append(input)
                return .goOn(consumed: input.count)
            case .upper:
                output.append(strippedAndUppercased(input.indices.prefix(1024).map { input[$0] }))
                return .close
            }
        }
    }

    // MARK: - Datagrams

    private func answer(to bytes: [UInt8]) -> [UInt8] { handler == .echo ? bytes : strippedAndUppercased(bytes) }

    private struct Answerer: DatagramResponder {
        let handler: ServeCommand.Handler

        mutating func respond(
            to datagram: Span<UInt8>, _ info: borrowing DatagramInfo, output: inout ResponderOutput
        ) -> DatagramVerdict {
            switch handler {
            case .echo: output.append(datagram)
            case .upper: output.append(strippedAndUppercased(datagram.indices.map { datagram[$0] }))
            }
            return .reply
        }
    }

    private func serveBlocking(_ server: DatagramServer) throws(SocketError) {
        try server.serveBlocking { request in try request.reply(answer(to: request.bytes)) }
    }
}
