/// Answers Basic challenges of proxies (407): one of the default handlers of an opener, there without passwords.
///
/// As ``BasicAuthHandler``, but for this: entries of the password manager are for the proxy's URL (`http://proxy:3128/`), not
/// for the server's. The proxy's URL may have a user name and password itself. What a proxy has accepted goes along unasked
/// with all later requests by it, until it is refused. A 407 that comes from anybody else than a proxy gets no answer.
///
/// May be used by any number of openers, threads and tasks at once, which share what proxies have accepted.
///
/// Python: `urllib.request.ProxyBasicAuthHandler`.
public struct ProxyBasicAuthHandler: OpenerHandler {
    private let authenticator: BasicAuthenticator

    /// Where the passwords come from.
    ///
    /// Entries may be added at any time.
    public var passwords: PasswordManager { authenticator.passwords }

    /// Makes a handler.
    ///
    /// - Parameter passwords: Where the passwords come from; by default an empty manager of its own.
    public init(_ passwords: PasswordManager = PasswordManager()) {
        authenticator = BasicAuthenticator(.proxy, passwords)
    }

    /// ``URLOpener/HandlerKind/proxyBasicAuthentication``.
    public var kind: URLOpener.HandlerKind? { .proxyBasicAuthentication }

    /// Sends what the proxy has accepted before, if the manager or the proxy's URL still has it.
    ///
    /// A Proxy-Authorization field of the program's own stays.
    public func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError) {
        try authenticator.prepare(&request, in: exchange)
    }

    /// Answers a 407, once for each user name and password.
    ///
    /// - Throws: ``OpenError`` with `badCredentials` when the entry found cannot be sent.
    ///
    /// Python: `http_error_407`.
    public func examine(
        _ head: URLOpener.ResponseHead, in exchange: URLOpener.Exchange
    ) throws(OpenError) -> URLOpener.Verdict {
        try authenticator.examine(head, in: exchange)
    }
}
