internal import HTTPTypes

/// Answers Basic challenges of servers (RFC 7617): one of the default handlers of an opener, there without passwords.
///
/// The first request goes out without credentials. A 401 whose challenges include a Basic one with a realm for which the
/// password manager has an entry that covers the URL is answered by the same request with an Authorization field; the first
/// such challenge counts, whatever other schemes stand beside it. When these credentials are refused, or none fit, the 401
/// is the result. Nothing is sent for another realm, another place, or over http what was saved for https.
///
/// The field belongs to that URL alone: no redirect takes it along, and each open is challenged anew.
///
/// A user name and password in the URL of the request (`http://user:pw@host/`) answer a challenge of any realm, at that
/// scheme, host and port only, when the manager has nothing.
///
/// User name and password are sent as UTF-8. They are encoded, not encrypted: use https.
///
/// Python: `urllib.request.HTTPBasicAuthHandler`.
public struct BasicAuthHandler: OpenerHandler {
    /// Where the passwords come from.
    ///
    /// Entries may be added at any time.
    public let passwords: PasswordManager

    /// Makes a handler.
    ///
    /// - Parameter passwords: Where the passwords come from; by default an empty manager of its own.
    public init(_ passwords: PasswordManager = PasswordManager()) {
        self.passwords = passwords
    }

    /// ``URLOpener/HandlerKind/basicAuthentication``.
    public var kind: URLOpener.HandlerKind? { .basicAuthentication }

    /// Answers a 401, once for each user name and password.
    ///
    /// - Throws: ``OpenError`` with `badCredentials` when the entry found cannot be sent.
    public func examine(
        _ head: URLOpener.ResponseHead, in exchange: URLOpener.Exchange
    ) throws(OpenError) -> URLOpener.Verdict {
        guard head.status == 401, let credentials = credentials(for: head, in: exchange) else { return .accept }
        try credentials.check(url: exchange.request.url)
        let authorization = credentials.basicAuthorization
        guard !Self.wasSent(authorization, in: exchange) else { return .accept }
        var request = exchange.request
        try request.setField("Authorization", authorization, sensitive: true, unredirected: true)
        return .retry(request, because: .authentication)
    }

    private func credentials(
        for head: URLOpener.ResponseHead, in exchange: URLOpener.Exchange
    ) -> PasswordManager.Credentials? {
        let realms = head.fields[fields: .wwwAuthenticate]
            .flatMap { field in Challenge.parse(unsafe field.withUnsafeBytesOfValue { unsafe Array($0) }) }
            .filter { $0.isScheme("Basic") }
            .compactMap { $0["realm"] }
        for realm in realms {
            if let found = passwords.find(realm: realm, uri: exchange.request.url) { return found }
        }
        guard !realms.isEmpty, exchange.original.location.origin == exchange.request.location.origin else { return nil }
        return exchange.original.location.userInformation
    }

    /// Whether this URL has seen these credentials in this open: it refused them, and asking again ends nowhere.
    private static func wasSent(_ authorization: String, in exchange: URLOpener.Exchange) -> Bool {
        (exchange.hops.map(\.request) + [exchange.request]).contains { request in
            request.location.target == exchange.request.location.target
                && request.field("Authorization") == authorization
        }
    }
}
