public import MinatoSocket

/// A handler of one connection of a stream server, when a closure is not enough.
///
///     struct Upper: RequestHandler {
///         func handle(_ request: borrowing Socket, from client: SocketAddress) throws {
///             let line = try request.receive(atMost: 1024)
///             try request.sendAll(String(decoding: line, as: UTF8.self).uppercased())
///         }
///     }
///     try TCPServer(on: .tcp("localhost", 9999)).serveBlocking(with: Upper.init)
///
/// A new handler is made for each connection, so what it keeps in its properties belongs to that connection. The three steps
/// are called one after another on one thread. ``finish(_:from:)`` is called whenever ``setup(_:from:)`` succeeded, also when
/// ``handle(_:from:)`` threw; when `setup` throws, neither of the others is. The server closes the connection afterwards.
///
/// Python: `socketserver.BaseRequestHandler`; `self.request` is the first parameter, `self.client_address` the second.
public protocol RequestHandler: SendableMetatype {
    /// Prepares. Default: nothing. Python: `setup`.
    ///
    /// - Parameters:
    ///   - request: the connection, with ``ServerLimits/idleTimeout`` as its timeout.
    ///   - client: the client's address; unnamed for most clients of a Unix socket.
    /// - Throws: whatever: it is told to ``StreamServerHooks/onError`` and ends this connection only.
    mutating func setup(_ request: borrowing Socket, from client: SocketAddress) throws

    /// Does the work. Python: `handle`.
    ///
    /// - Parameters: as ``setup(_:from:)``.
    /// - Throws: whatever, as ``setup(_:from:)``.
    mutating func handle(_ request: borrowing Socket, from client: SocketAddress) throws

    /// Tidies up. Default: nothing. Python: `finish`.
    ///
    /// - Parameters: as ``setup(_:from:)``.
    /// - Throws: whatever: it is told beside the error of ``handle(_:from:)``, if there was one.
    mutating func finish(_ request: borrowing Socket, from client: SocketAddress) throws
}

extension RequestHandler {
    /// Nothing.
    public func setup(_ request: borrowing Socket, from client: SocketAddress) throws {}

    /// Nothing.
    public func finish(_ request: borrowing Socket, from client: SocketAddress) throws {}

    /// The three steps in their order; each error is reported.
    mutating func run(_ request: borrowing Socket, _ client: SocketAddress, _ report: (any Error) -> Void) {
        do {
            try setup(request, from: client)
        } catch {
            report(error)
            return
        }
        do { try handle(request, from: client) } catch { report(error) }
        do { try finish(request, from: client) } catch { report(error) }
    }
}
