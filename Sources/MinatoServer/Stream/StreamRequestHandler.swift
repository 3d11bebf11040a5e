public import MinatoSocket

/// A handler of one connection that reads and writes through buffers: for protocols of lines.
///
///     struct Greeter: StreamRequestHandler {
///         func handle(_ request: inout BufferedSocket, from client: SocketAddress) throws {
///             while let line = try request.readLine() {
///                 try request.write("hello, " + String(decoding: line, as: UTF8.self))
///             }
///         }
///     }
///     try TCPServer(on: .tcp("localhost", 9999)).serveBlocking(with: Greeter.init)
///
/// As ``RequestHandler`` in everything else: a new handler for each connection, three steps on one thread, and
/// ``finish(_:from:)-(_,_)`` whenever ``setup(_:from:)-(_,_)`` succeeded.
///
/// Python: `socketserver.StreamRequestHandler`; the first parameter is `self.rfile` and `self.wfile` in one.
public protocol StreamRequestHandler: SendableMetatype {
    /// How many bytes that are written are collected before they are sent. Default: 0, every write sends at once, so that no
    /// reply stays behind while the handler waits for the next line.
    ///
    /// With more, call `flush` before waiting. What is left is flushed after ``finish(_:from:)-(_,_)``.
    ///
    /// Python: `wbufsize`.
    static var writeCapacity: Int { get }

    /// Prepares. Default: nothing. Python: `setup`.
    ///
    /// - Parameters:
    ///   - request: the connection, with ``ServerLimits/idleTimeout`` as its timeout.
    ///   - client: the client's address; unnamed for most clients of a Unix socket.
    /// - Throws: whatever: it is told to ``StreamServerHooks/onError`` and ends this connection only.
    mutating func setup(_ request: inout BufferedSocket, from client: SocketAddress) throws

    /// Does the work. Python: `handle`.
    ///
    /// - Parameters: as ``setup(_:from:)-(_,_)``.
    /// - Throws: whatever, as ``setup(_:from:)-(_,_)``.
    mutating func handle(_ request: inout BufferedSocket, from client: SocketAddress) throws

    /// Tidies up. Default: nothing. Python: `finish`.
    ///
    /// - Parameters: as ``setup(_:from:)-(_,_)``.
    /// - Throws: whatever: it is told beside the error of ``handle(_:from:)-(_,_)``, if there was one.
    mutating func finish(_ request: inout BufferedSocket, from client: SocketAddress) throws
}

extension StreamRequestHandler {
    /// 0.
    public static var writeCapacity: Int { 0 }

    /// Nothing.
    public func setup(_ request: inout BufferedSocket, from client: SocketAddress) throws {}

    /// Nothing.
    public func finish(_ request: inout BufferedSocket, from client: SocketAddress) throws {}

    /// The three steps in their order, and the last flush; each error is reported.
    mutating func run(_ request: inout BufferedSocket, _ client: SocketAddress, _ report: (any Error) -> Void) {
        do {
            try setup(&request, from: client)
        } catch {
            report(error)
            return
        }
        do { try handle(&request, from: client) } catch { report(error) }
        do { try finish(&request, from: client) } catch { report(error) }
        do { try request.flush() } catch { report(error) }
    }
}
