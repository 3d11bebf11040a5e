/// A handler of one datagram, when a closure is not enough.
///
///     struct Upper: DatagramRequestHandler {
///         func handle(_ request: DatagramRequest) throws {
///             try request.reply(String(decoding: request.bytes, as: UTF8.self).uppercased())
///         }
///     }
///     try UDPServer(on: .udp("localhost", 9999)).serveBlocking(with: Upper.init)
///
/// A new handler is made for each datagram. The three steps are called one after another on one thread. ``finish(_:)`` is
/// called whenever ``setup(_:)`` succeeded, also when ``handle(_:)`` threw; when `setup` throws, neither of the others is.
/// Nothing is sent but by ``DatagramRequest/reply(_:)-([UInt8])``.
///
/// Python: `socketserver.BaseRequestHandler` with a UDP server; `DatagramRequestHandler`, which sends an empty datagram when
/// the handler wrote nothing.
public protocol DatagramRequestHandler: SendableMetatype {
    /// Prepares. Default: nothing. Python: `setup`.
    ///
    /// - Throws: whatever: it is told to ``DatagramServerHooks/onError`` and ends the handling of this datagram only.
    mutating func setup(_ request: DatagramRequest) throws

    /// Does the work. Python: `handle`.
    ///
    /// - Throws: whatever, as ``setup(_:)``.
    mutating func handle(_ request: DatagramRequest) throws

    /// Tidies up. Default: nothing. Python: `finish`.
    ///
    /// - Throws: whatever: it is told beside the error of ``handle(_:)``, if there was one.
    mutating func finish(_ request: DatagramRequest) throws
}

extension DatagramRequestHandler {
    /// Nothing.
    public func setup(_ request: DatagramRequest) throws {}

    /// Nothing.
    public func finish(_ request: DatagramRequest) throws {}

    /// The three steps in their order; each error is reported.
    mutating func run(_ request: DatagramRequest, _ report: (any Error) -> Void) {
        do {
            try setup(request)
        } catch {
            report(error)
            return
        }
        do { try handle(request) } catch { report(error) }
        do { try finish(request) } catch { report(error) }
    }
}
