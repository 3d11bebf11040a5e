/// Chooses the proxy of each request: one of the default handlers of an opener.
///
/// ```swift
/// let direct = URLOpener(ProxyHandler(.none))     // whatever the environment says
/// let office = URLOpener(ProxyHandler(.fixed(try Proxy("http://proxy.example:3128"))))
/// ```
///
/// The default one goes by the environment as it was when the opener was made, but for servers to which the configuration
/// has a route of its own (``URLOpener/Network/route(_:_:to:)``): these are reached by that route. The choice is made anew for
/// every request of an open: one that follows a redirect goes through the proxy of its own URL, or through none. User name and
/// password of a proxy are sent to that proxy alone, when it asks. An address policy judges the proxy's address then: where the
/// proxy connects to, it decides.
///
/// May be shared by openers and threads. Python: `urllib.request.ProxyHandler`.
public struct ProxyHandler: OpenerHandler {
    /// What it goes by.
    public let policy: ProxyPolicy

    /// Makes a handler.
    ///
    /// - Parameter policy: What it goes by; by default the environment, as it is when the handler is made.
    public init(_ policy: ProxyPolicy = .environment) {
        self.policy = policy
    }

    /// 100: before the handlers that look at the request as it will be sent.
    public var order: Int { 100 }

    /// ``URLOpener/HandlerKind/proxy``.
    public var kind: URLOpener.HandlerKind? { .proxy }

    /// Chooses the proxy.
    ///
    /// - Throws: ``OpenError`` as ``ProxyPolicy/proxy(for:)-(String)``; nothing is sent then, least of all directly.
    ///
    /// Python: `proxy_open`.
    public func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError) {
        let proxy = try policy.proxy(for: request.location)
        // What the last one was told is for nobody else.
        if proxy != request.proxy, request.sentCredentials(for: .proxy) != nil {
            request.removeField(AuthenticationSide.proxy.answerField)
        }
        request.proxy = proxy
    }
}

extension URLOpener.HandlerKind {
    /// Choosing the proxy.
    public static let proxy = Self(rawValue: "proxy")
}
