internal import HTTPTypes

/// Follows redirects: one of the default handlers of an opener.
///
/// | method | 301, 302, 303 | 307, 308 |
/// |---|---|---|
/// | GET, HEAD | followed | followed |
/// | POST | followed as GET, without the body | followed as POST, with the body |
/// | others | not followed | not followed |
///
/// A body that cannot be sent again makes the open fail where it would go along (`notRestartable`).
///
/// A redirect that is not followed is the result, as an ``OpenError`` with `httpStatus` and the response; so is one without
/// a Location. At most 10 are followed, at most 4 to the same URL (`tooManyRedirects`), only to http and https
/// (`unsupportedScheme`), and not from https to http unless allowed (`insecureRedirect`). Each of these errors carries the
/// response.
///
/// What the next server must not see is left out: unredirected fields always; Authorization, Cookie, Proxy-Authorization, Host
/// and every sensitive field when scheme, host or port changes; Content-* fields when the body is. A body that goes along does
/// so to another origin, too. ``URLOpener/Request/skipsPeerVerification`` is taken back when scheme, host or port changes. A
/// user name and password in a Location are ignored. A fragment is kept unless the Location has its own (RFC 9110 section
/// 10.2.2).
///
/// It keeps nothing, and may be shared by openers and threads.
///
/// Python: `urllib.request.HTTPRedirectHandler`, which sends Authorization and Cookie on to any host, and gives up on
/// POST with 307 and 308.
public struct RedirectHandler: OpenerHandler {
    /// How many redirects of one open are followed.
    ///
    /// Python: `max_redirections`.
    private static let maximumRedirects = 10
    /// How often a URL may be the target.
    ///
    /// Python: `max_repeats`.
    private static let maximumVisits = 4

    /// Whether a redirect from https to http is followed.
    public let allowsInsecure: Bool

    /// Makes a handler.
    ///
    /// - Parameter allowsInsecure: Whether a redirect from https to http is followed. By default not: what was asked for over a
    ///   private connection would come over one that anybody can change.
    public init(allowsInsecure: Bool = false) {
        self.allowsInsecure = allowsInsecure
    }

    /// ``URLOpener/HandlerKind/redirect``.
    public var kind: URLOpener.HandlerKind? { .redirect }

    /// Follows the redirects of the table above.
    ///
    /// What must not be followed is a verdict; nothing else is thrown but what a ``URLOpener/Request`` refuses.
    ///
    /// Python: `redirect_request`, `http_error_302` and the like.
    public func examine(
        _ head: URLOpener.ResponseHead, in exchange: URLOpener.Exchange
    ) throws(OpenError) -> URLOpener.Verdict {
        let old = exchange.request
        guard let keepsBody = Self.keepsBody(old.method, head.status), let target = Self.target(of: head, from: old)
        else { return .accept }

        let location: RequestURL
        do throws(OpenError) {
            location = try RequestURL(target)
        } catch {
            return .fail(error.code, "the redirect cannot be followed: \(error.detail)")
        }
        if old.location.origin.scheme == "https" && location.origin.scheme == "http" && !allowsInsecure {
            return .fail(.insecureRedirect, "the redirect leads from https to http")
        }
        let redirects = exchange.hops.filter { $0.reason == .redirect }
        guard redirects.count < Self.maximumRedirects else {
            return .fail(.tooManyRedirects, "more than \(Self.maximumRedirects) redirects")
        }
        guard Self.visits(to: location, in: exchange) < Self.maximumVisits else {
            return .fail(.tooManyRedirects, "more than \(Self.maximumVisits) redirects to the same URL")
        }
        return .retry(try Self.follow(old, to: location, keepsBody: keepsBody), because: .redirect)
    }

    /// Whether the body goes along, or nil when the redirect is not followed at all.
    private static func keepsBody(_ method: String, _ status: Int) -> Bool? {
        switch (method, status) {
        case ("GET", 301...303), ("HEAD", 301...303), ("GET", 307...308), ("HEAD", 307...308): true
        case ("POST", 301...303): false
        case ("POST", 307...308): true
        default: nil
        }
    }

    /// The first Location as an absolute URL, or nil when there is none.
    private static func target(of head: URLOpener.ResponseHead, from request: URLOpener.Request) -> String? {
        guard let field = head.fields[fields: .location].first else { return nil }
        // Raw bytes, for servers send raw UTF-8 and Latin-1; both become triplets, as in Python.
        let bytes = unsafe field.withUnsafeBytesOfValue { unsafe Array($0) }
        let reference = URLSplit(PercentEncoding.encode(bytes) { $0 <= 0x20 || $0 >= 0x7F })
        var target = reference.resolved(against: URLSplit(request.location.target))
        if target.fragment == nil { target.fragment = request.location.fragment }
        return target.text
    }

    /// How often redirects have led to this URL.
    private static func visits(to location: RequestURL, in exchange: URLOpener.Exchange) -> Int {
        let reached = exchange.hops.dropFirst().map(\.request) + (exchange.hops.isEmpty ? [] : [exchange.request])
        return zip(exchange.hops, reached)
            .count { hop, request in hop.reason == .redirect && request.location.target == location.target }
    }

    private static func follow(
        _ old: URLOpener.Request, to location: RequestURL, keepsBody: Bool
    ) throws(OpenError) -> URLOpener.Request {
        var new = old
        new.removeFields { $0.isUnredirected }
        // Its user information goes no further than here: a server does not choose the credentials we use.
        try new.setURL(location.text)
        if !keepsBody {
            new.body = nil
            try new.setMethod("GET")
            new.removeFields { HTTPSyntax.hasPrefix($0.name, "Content-") }
        }
        if old.location.origin != location.origin {
            new.removeFields { $0.isSensitive || $0.isNamed("Host") }
            new.skipsPeerVerification = false
        }
        return new
    }
}
