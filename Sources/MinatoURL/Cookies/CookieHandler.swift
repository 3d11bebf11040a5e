internal import HTTPTypes

/// Sends the cookies of a jar, and puts those into it that come.
///
/// ```swift
/// let opener = URLOpener(CookieHandler())
/// ```
///
/// The Cookie field is made anew for each request of an open, from its own URL: what a redirect leads to gets what is for it
/// and nothing else. Where the program has set a Cookie field itself, that one is sent and the jar's is not.
///
/// Set-Cookie is taken from every response: also from one that is followed by another request, and from one that ends in an
/// error. Only a 407 is left out: it comes from a proxy, which is not to set cookies for the server beyond. Cookies are for http
/// and https: a handler that answers another scheme neither gets nor sets any.
///
/// It throws nothing of its own: a cookie that the rules refuse is left out. May be shared by openers and threads, which then
/// share the cookies. Python: `urllib.request.HTTPCookieProcessor`.
public struct CookieHandler: OpenerHandler {
    /// Where the cookies are.
    public let jar: CookieJar

    /// Makes a handler.
    ///
    /// - Parameter jar: Where the cookies are; by default a jar of its own.
    public init(_ jar: CookieJar = CookieJar()) {
        self.jar = jar
    }

    /// 150: after the choice of the proxy, and before the handlers that answer responses, for it has to see those, too.
    public var order: Int { 150 }

    /// Sets the Cookie field, unless the program has set one. Python: `http_request`.
    public func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError) {
        guard !Self.hasOwn(request, exchange) else { return }
        request.removeField("Cookie")
        guard request.location.isHTTP, let value = jar.field(for: Self.place(of: request)) else { return }
        // Unredirected, so that the next request is not taken for one with a Cookie field of the program's.
        try request.addField("Cookie", value, sensitive: true, unredirected: true)
    }

    private static func place(of request: URLOpener.Request) -> CookiePlace {
        CookiePlace(request.location, byProxy: request.proxy != nil)
    }

    /// Whether the Cookie field of a request is the program's: an unredirected one is, until a redirect has dropped it.
    private static func hasOwn(_ request: URLOpener.Request, _ exchange: URLOpener.Exchange) -> Bool {
        let fields = request.fields.filter { $0.isNamed("Cookie") }
        if fields.contains(where: { !$0.isUnredirected }) { return true }
        let wasRedirected = exchange.hops.contains { $0.reason == .redirect }
        return !fields.isEmpty && !wasRedirected && exchange.original.field("Cookie") != nil
    }

    /// Takes the cookies, and accepts. Python: `http_response`.
    public func examine(
        _ head: URLOpener.ResponseHead, in exchange: URLOpener.Exchange
    ) throws(OpenError) -> URLOpener.Verdict {
        guard head.status != 407, exchange.request.location.isHTTP else { return .accept }
        for field in head.fields[fields: .setCookie] {
            let bytes = unsafe field.withUnsafeBytesOfValue { unsafe Array($0) }
            jar.take(bytes, from: Self.place(of: exchange.request))
        }
        return .accept
    }
}
