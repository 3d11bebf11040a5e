public import MinatoSocket

/// What a datagram server asks and tells its program.
///
/// **Threads.** Hooks are called on the threads of the handlers, several at a time, and errors that belong to no datagram on
/// the thread that serves; under `serve` both are the loops' threads: be quick there.
public struct DatagramServerHooks: Sendable {
    /// Whether a datagram is to be handled; false drops it. Called before the handler, on its thread. Default: nil, all are.
    ///
    /// Under `serve` that is a loop's thread: a reply from here is sent at once or throws `.wouldBlock`.
    ///
    /// Python: `verify_request`.
    public var verify: (@Sendable (_ request: DatagramRequest) -> Bool)?

    /// Told every error that a handler threw, with the sender's address; and with nil instead what hinders the server as a
    /// whole: no memory for the next datagram, no thread. Such an error is told once until it is over.
    /// Default: nil, nothing is told, nothing is printed.
    ///
    /// Python: `handle_error`.
    public var onError: (@Sendable (_ error: any Error, _ sender: SocketAddress?) -> Void)?

    /// No hooks.
    public init() {}

    /// Asks `verify`, on a loop: what it replies is sent at once, or throws `.wouldBlock`.
    func wants(
        _ datagram: Datagram, _ localAddress: SocketAddress?, _ port: DatagramPort, from source: PacketInfo?
    ) -> Bool {
        guard let verify else { return true }
        return verify(
            DatagramRequest(datagram, localAddress: localAddress) { (bytes, receiver) throws(SocketError) in
                let result = unsafe bytes.withUnsafeBytes {
                    unsafe port.sendOnce($0, to: receiver, from: source)
                }
                if result < 0 { throw port.failure(.init(result: result), receiver) }
            })
    }
}
