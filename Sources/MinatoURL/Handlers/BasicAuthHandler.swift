/// Answers Basic challenges of servers (RFC 7617): one of the default handlers of an opener, there without passwords.
///
/// The first request goes out without credentials. A 401 whose challenges include a Basic one with a realm for which the
/// password manager has an entry that covers the URL is answered by the same request with an Authorization field; the first
/// such challenge counts, whatever other schemes stand beside it. When these credentials are refused, or none fit, the 401
/// is the result. Nothing is sent for another realm, another place, or over http what was saved for https.
///
/// The field belongs to that URL alone: no redirect takes it along, and each open is challenged anew, unless the manager has
/// prior authentication (``PasswordManager/init(priorAuthentication:)``).
///
/// A challenge without a realm, or malformed in another way, is passed over. When there are credentials and no other challenge
/// of Basic or Digest, the open fails with `badChallenge`, and the response is in the error.
///
/// A user name and password in the URL of the request (`http://user:pw@host/`) answer a challenge of any realm, at that
/// scheme, host and port only, when the manager has nothing. They are not sent unasked: the server may offer Digest, which
/// does not show the password (``DigestAuthHandler`` comes first).
///
/// User name and password are sent as UTF-8. They are encoded, not encrypted: use https.
///
/// May be used by any number of openers, threads and tasks at once.
///
/// Python: `urllib.request.HTTPBasicAuthHandler`.
public struct BasicAuthHandler: OpenerHandler {
    private let authenticator: BasicAuthenticator

    /// Where the passwords come from.
    ///
    /// Entries may be added at any time.
    public var passwords: PasswordManager { authenticator.passwords }

    /// Makes a handler.
    ///
    /// - Parameter passwords: Where the passwords come from; by default an empty manager of its own.
    public init(_ passwords: PasswordManager = PasswordManager()) {
        authenticator = BasicAuthenticator(.server, passwords)
    }

    /// ``URLOpener/HandlerKind/basicAuthentication``.
    public var kind: URLOpener.HandlerKind? { .basicAuthentication }

    /// Sends credentials unasked where the manager has prior authentication.
    ///
    /// An Authorization field of the program's own stays.
    ///
    /// - Throws: ``OpenError`` with `badCredentials` when they cannot be sent.
    public func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError) {
        try authenticator.prepare(&request, in: exchange)
    }

    /// Answers a 401, once for each user name and password.
    ///
    /// - Throws: ``OpenError`` with `badCredentials` when the entry found cannot be sent. A 401 that nothing fits is no error
    ///   here.
    ///
    /// Python: `http_error_401`.
    public func examine(
        _ head: URLOpener.ResponseHead, in exchange: URLOpener.Exchange
    ) throws(OpenError) -> URLOpener.Verdict {
        try authenticator.examine(head, in: exchange)
    }
}
