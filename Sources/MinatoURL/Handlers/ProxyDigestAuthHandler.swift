/// Answers Digest challenges of proxies (407): one of the default handlers of an opener, there without passwords.
///
/// As ``DigestAuthHandler``, but for this: entries of the password manager are for the proxy's URL (`http://proxy:3128/`), not
/// for the server's. The proxy's URL may have a user name and password itself. A nonce holds for all that goes by the proxy,
/// so that only the first request is challenged. A 407 that comes from anybody else than a proxy gets no answer.
///
/// Python: `urllib.request.ProxyDigestAuthHandler`.
public struct ProxyDigestAuthHandler: OpenerHandler {
    private let authenticator: DigestAuthenticator

    /// Where the passwords come from.
    ///
    /// Entries may be added at any time.
    public var passwords: PasswordManager { authenticator.passwords }

    /// Makes a handler.
    ///
    /// - Parameter passwords: Where the passwords come from; by default an empty manager of its own.
    public init(_ passwords: PasswordManager = PasswordManager()) {
        authenticator = DigestAuthenticator(.proxy, passwords)
    }

    /// 490: before Basic.
    public var order: Int { 490 }

    /// ``URLOpener/HandlerKind/proxyDigestAuthentication``.
    public var kind: URLOpener.HandlerKind? { .proxyDigestAuthentication }

    /// Answers unasked where a nonce is known.
    ///
    /// A Proxy-Authorization field of the program's own stays.
    public func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError) {
        try authenticator.prepare(&request, in: exchange)
    }

    /// Answers a 407, as ``DigestAuthHandler`` does a 401.
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
