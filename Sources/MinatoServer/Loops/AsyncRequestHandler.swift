public import MinatoSocket

/// A handler of one connection of a stream server on event loops, when a closure is not enough.
///
///     struct Upper: AsyncRequestHandler {
///         func handle(_ connection: Connection, from client: SocketAddress) async throws {
///             while let line = try await connection.readLine(limit: 1024) {
///                 try await connection.write(String(decoding: line, as: UTF8.self).uppercased())
///             }
///         }
///     }
///     try await TCPServer(on: .tcp("localhost", 9999)).serve(with: Upper.init)
///
/// A new handler is made for each connection, so what it keeps in its properties belongs to that connection. The three steps
/// are called one after another, in the connection's own task, which runs on a loop: a step that computes for long or blocks
/// holds up the other connections of the loop; see ``offload(_:)``. ``finish(_:from:)-(Connection,_)`` is called whenever
/// ``setup(_:from:)-(Connection,_)`` succeeded, also when ``handle(_:from:)`` threw or the task was cancelled; when `setup`
/// throws, neither of the others is. The server closes the connection afterwards.
///
/// Python: `socketserver.BaseRequestHandler`.
public protocol AsyncRequestHandler: SendableMetatype {
    /// Prepares. Default: nothing. Python: `setup`.
    ///
    /// - Parameters:
    ///   - connection: the connection, with the server's limits as its timeouts.
    ///   - client: the client's address, as the balancer's header tells it when there is one; unnamed for most clients of a
    ///     Unix socket.
    /// - Throws: whatever: it is told to ``StreamServerHooks/onError`` and ends this connection only.
    mutating func setup(_ connection: Connection, from client: SocketAddress) async throws

    /// Does the work. Python: `handle`.
    ///
    /// - Parameters: as ``setup(_:from:)-(Connection,_)``.
    /// - Throws: whatever, as ``setup(_:from:)-(Connection,_)``.
    mutating func handle(_ connection: Connection, from client: SocketAddress) async throws

    /// Tidies up. Default: nothing. Python: `finish`.
    ///
    /// - Parameters: as ``setup(_:from:)-(Connection,_)``.
    /// - Throws: whatever: it is told beside the error of ``handle(_:from:)``, if there was one.
    mutating func finish(_ connection: Connection, from client: SocketAddress) async throws
}

extension AsyncRequestHandler {
    /// Nothing.
    public func setup(_ connection: Connection, from client: SocketAddress) async throws {}

    /// Nothing.
    public func finish(_ connection: Connection, from client: SocketAddress) async throws {}

    /// The three steps in their order; each error is reported.
    nonisolated(nonsending) mutating func run(
        _ connection: Connection, _ client: SocketAddress, _ report: (any Error) -> Void
    ) async {
        do {
            try await setup(connection, from: client)
        } catch {
            report(error)
            return
        }
        do { try await handle(connection, from: client) } catch { report(error) }
        do { try await finish(connection, from: client) } catch { report(error) }
    }
}
