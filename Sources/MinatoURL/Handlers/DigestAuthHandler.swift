/// Answers Digest challenges of servers (RFC 7616): one of the default handlers of an opener, there without passwords.
///
/// The password itself is never sent, only a hash of it with a nonce of the server's. (What is fetched is not protected: use
/// https for that.)
///
/// ```swift
/// let passwords = PasswordManager()
/// passwords.add(realm: "staff", uri: "https://www.example.com/", user: "klem", password: secret)
/// let opener = URLOpener(DigestAuthHandler(passwords), BasicAuthHandler(passwords))
/// ```
///
/// It comes before Basic (``order`` is 490): where a server offers both, and the password manager of this handler has an entry,
/// Digest is chosen. Of several Digest challenges the strongest algorithm is, SHA-256 before MD5, each also as `-sess`.
/// `qop=auth` and the form without `qop` (RFC 2069) are answered.
///
/// | challenge | what happens |
/// |---|---|
/// | with an entry for realm and place | the request goes out again with the answer |
/// | after the answer, `stale=true` | once more, with the new nonce |
/// | after the answer, anything else | the 401 is the result: the same password is not tried again, by Basic neither |
/// | malformed; other algorithms; `qop=auth-int` alone | passed over. When there are credentials and no other challenge of Digest or Basic, the open fails with `badChallenge` or `unsupportedChallenge`, and the response is in the error |
///
/// A nonce that was accepted is used again, unasked and with a higher count, for later requests to that server, or to its part
/// that `domain` names, as long as the manager gives the same user name and password there; the server can name the next nonce
/// (`nextnonce`). What the server says of itself in the same field (`rspauth`) is not looked at.
///
/// A user name and password in the URL of the request (`http://user:pw@host/`) answer a challenge of any realm, at that
/// scheme, host and port only, when the manager has nothing. User name and password are taken as UTF-8.
///
/// The answer holds for method and target of the request: a handler that changes these has an order below 490.
///
/// May be used by any number of openers, threads and tasks at once; they share the nonces.
///
/// Python: `urllib.request.HTTPDigestAuthHandler`.
public struct DigestAuthHandler: OpenerHandler {
    private let authenticator: DigestAuthenticator

    /// Where the passwords come from.
    ///
    /// Entries may be added at any time.
    public var passwords: PasswordManager { authenticator.passwords }

    /// Makes a handler.
    ///
    /// - Parameter passwords: Where the passwords come from; by default an empty manager of its own.
    public init(_ passwords: PasswordManager = PasswordManager()) {
        authenticator = DigestAuthenticator(.server, passwords)
    }

    init(_ authenticator: DigestAuthenticator) {
        self.authenticator = authenticator
    }

    /// 490: before Basic.
    public var order: Int { 490 }

    /// ``URLOpener/HandlerKind/digestAuthentication``.
    public var kind: URLOpener.HandlerKind? { .digestAuthentication }

    /// Answers unasked where a nonce is known.
    ///
    /// An Authorization field of the program's own stays.
    public func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError) {
        try authenticator.prepare(&request, in: exchange)
    }

    /// Answers a 401, as in the table above.
    ///
    /// - Throws: ``OpenError`` with `badCredentials` when the entry found cannot be sent.
    ///
    /// Python: `http_error_401`.
    public func examine(
        _ head: URLOpener.ResponseHead, in exchange: URLOpener.Exchange
    ) throws(OpenError) -> URLOpener.Verdict {
        try authenticator.examine(head, in: exchange)
    }
}
