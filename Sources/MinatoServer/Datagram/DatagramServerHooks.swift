public import MinatoSocket

/// What a datagram server asks and tells its program.
///
/// **Threads.** Hooks are called on the threads of the handlers, several at a time, and errors that belong to no datagram on
/// the thread that serves: be quick there.
public struct DatagramServerHooks: Sendable {
    /// Whether a datagram is to be handled; false drops it. Called before the handler, on its thread. Default: nil, all are.
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
}
