public import MinatoSocket

/// What a stream server asks and tells its program, and what it expects of its clients.
///
///     var hooks = StreamServerHooks()
///     hooks.onError = { error, client in print("\(client, default: "server"): \(error)") }
///     let server = try TCPServer(on: .tcp("", 9999), hooks: hooks)
///
/// **Threads.** Hooks are called on the threads of the handlers, several at a time, and errors that belong to no connection
/// on the thread that serves: be quick there. Under `serve` those threads are the event loops': never block there.
public struct StreamServerHooks: Sendable {
    /// Whether a connection is to be served; false closes it. Called before the handler, on its thread. Default: nil, all are.
    ///
    /// Python: `verify_request`.
    public var verify: (@Sendable (_ connection: borrowing Socket, _ client: SocketAddress) -> Bool)?

    /// Told every error that a handler threw, with the client's address; and with nil instead what hinders the server as a
    /// whole: no descriptor for the next connection, no thread. Such an error is told once until it is over.
    /// Default: nil, nothing is told, nothing is printed.
    ///
    /// After a ``SocketServer/shutdown()`` come the errors, if any, with which the interrupted handlers ended; under `serve` not
    /// the `.cancelled` and `.closed` that the shutdown itself causes.
    ///
    /// Python: `handle_error`.
    public var onError: (@Sendable (_ error: any Error, _ client: SocketAddress?) -> Void)?

    /// Told, instead of ``onError``, when a handler threw a ``SocketError`` `.timedOut`, or a responder's client was given up:
    /// its client was silent for ``ServerLimits/idleTimeout``, or from the beginning for ``ServerLimits/firstByteTimeout``, or
    /// did not take what it was sent for ``ServerLimits/writeTimeout``. Default: nil, it goes to ``onError``.
    ///
    /// Python: `handle_timeout`, loosely; there the time-out of a request is hidden.
    public var onTimeout: (@Sendable (_ client: SocketAddress) -> Void)?

    /// Whether each connection begins with a header of the PROXY protocol, by which a load balancer says whose connection it
    /// passes on. Default: `.off`.
    ///
    /// **Only for a server that nobody but your balancer can reach**, by its address, a firewall, or a Unix socket's mode: to
    /// everybody else it is a way to claim any address. ``verify`` can look too: there the connection's own
    /// ``Socket/peerAddress`` is the balancer's. With `.required` the header is read before anything else; handlers and hooks
    /// get its source as the client's address, and the bytes that follow it. A header without a source, as balancers send for
    /// their health checks, leaves the connection's own address. A header has to be complete within
    /// ``ServerLimits/firstByteTimeout``, after which the time for the client's own first byte begins. A connection with a bad
    /// header, or without one, is closed without a handler and reported to ``onError`` as ``ProxyProtocolError``, or to
    /// ``onTimeout``, with the connection's own address.
    ///
    /// HAProxy: `send-proxy`, `send-proxy-v2`. See ``ProxyProtocol``.
    public var proxyProtocol: ProxyProtocolPolicy = .off

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
