public import MinatoSocket

/// What a stream server asks and tells its program.
///
///     var hooks = StreamServerHooks()
///     hooks.onError = { error, client in print("\(client, default: "server"): \(error)") }
///     let server = try TCPServer(on: .tcp("", 9999), hooks: hooks)
///
/// **Threads.** Hooks are called on the threads of the handlers, several at a time, and errors that belong to no connection
/// on the thread that serves: be quick there.
public struct StreamServerHooks: Sendable {
    /// Whether a connection is to be served; false closes it. Called before the handler, on its thread. Default: nil, all are.
    ///
    /// Python: `verify_request`.
    public var verify: (@Sendable (_ connection: borrowing Socket, _ client: SocketAddress) -> Bool)?

    /// Told every error that a handler threw, with the client's address; and with nil instead what hinders the server as a
    /// whole: no descriptor for the next connection, no thread. Such an error is told once until it is over.
    /// Default: nil, nothing is told, nothing is printed.
    ///
    /// After a ``SocketServer/shutdown()`` come the errors, if any, with which the interrupted handlers ended.
    ///
    /// Python: `handle_error`.
    public var onError: (@Sendable (_ error: any Error, _ client: SocketAddress?) -> Void)?

    /// Told, instead of ``onError``, when a handler threw a ``SocketError`` `.timedOut`: its client was silent for
    /// ``ServerLimits/idleTimeout``. Default: nil, it goes to ``onError``.
    ///
    /// Python: `handle_timeout`, loosely; there the time-out of a request is hidden.
    public var onTimeout: (@Sendable (_ client: SocketAddress) -> Void)?

    /// No hooks.
    public init() {}

    /// Whether any hook is given a client's address.
    var wantsClient: Bool { verify != nil || onError != nil || onTimeout != nil }

    func report(_ error: any Error, _ client: SocketAddress) {
        if let onTimeout, let error = error as? SocketError, error.code == .timedOut {
            onTimeout(client)
        } else {
            onError?(error, client)
        }
    }
}
