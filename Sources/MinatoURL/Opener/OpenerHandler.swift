/// One rule of an opener: it sees requests before they are sent and heads of responses before they are returned.
///
/// A handler does no input or output, so that one handler serves every transport and is tested without a network. It keeps
/// nothing about a single open: what has happened so far is in the ``URLOpener/Exchange`` it is given, which is why one
/// handler may serve many opens in many threads at once.
///
/// ```swift
/// struct ApiKeyHandler: OpenerHandler {
///     let key: String
///     func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError) {
///         if request.url.hasPrefix("https://api.example/") {
///             try request.setField("X-Api-Key", key, sensitive: true, unredirected: true)
///         }
///     }
/// }
/// let opener = URLOpener(ApiKeyHandler(key: key))
/// ```
///
/// Handlers run in ascending ``order``, those of the same order as they were given, and before the default ones.
///
/// Python: `urllib.request.BaseHandler`, whose methods are found by name (`http_request`, `http_error_401`).
public protocol OpenerHandler: Sendable {
    /// The place in the chain; smaller comes first. By default 500.
    ///
    /// Of ours, ``ProxyHandler`` has 100, ``CookieHandler`` 150, those for Digest have 490, and all others 500. Python:
    /// `handler_order`.
    var order: Int { get }

    /// What it stands in for: a handler of a kind replaces the default handler of that kind. By default nil: a handler beside
    /// the default ones. Python: being a subclass of a default handler.
    var kind: URLOpener.HandlerKind? { get }

    /// Looks at a request that is about to be sent, the first one and each later one, and may change it.
    ///
    /// Every handler is asked, in the thread or task that opens, which it should not block. By default it changes nothing.
    /// Throwing ends the open with that error; nothing is sent.
    ///
    /// Python: `http_request`, `https_request`.
    func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError)

    /// Answers a request by itself, so that nothing is sent, or leaves it to the others.
    ///
    /// Asked once for each request, after every handler has prepared it, in the thread or task that opens, which it should not
    /// block. By default it answers nothing. The first handler that answers decides. Throwing means that the request failed, as
    /// when no server can be reached: the open ends with that error, unless it is one that ``URLOpener/Retries`` try again.
    ///
    /// It may answer a URL of whatever scheme, one of its own too (`mem:x`, `gopher://host/`). One that nobody answers makes the
    /// open fail (`unsupportedScheme`), but for http and https. No redirect leads to another scheme than these two; proxies,
    /// cookies and authentication are for these two alone.
    ///
    /// Python: `http_open`, `data_open`, `default_open`, `unknown_open`.
    func answer(
        _ request: URLOpener.Request, in exchange: URLOpener.Exchange
    ) throws(OpenError) -> URLOpener.Answer?

    /// Looks at the head of a response, and says whether it is all right, the request goes out anew, or the open fails.
    ///
    /// Asked in the thread or task that opens, which it should not block. By default it accepts. The first handler that does
    /// not accept decides, and the others are not asked. Throwing ends the open with that error, which has the response.
    /// Informational responses (100 to 199) do not come by here.
    ///
    /// Python: `http_response`, `http_error_NNN`.
    func examine(
        _ head: URLOpener.ResponseHead, in exchange: URLOpener.Exchange
    ) throws(OpenError) -> URLOpener.Verdict
}

extension OpenerHandler {
    /// 500.
    public var order: Int { 500 }

    /// nil: a handler beside the default ones.
    public var kind: URLOpener.HandlerKind? { nil }

    /// Changes nothing.
    public func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError) {}

    /// Answers nothing.
    public func answer(
        _ request: URLOpener.Request, in exchange: URLOpener.Exchange
    ) throws(OpenError) -> URLOpener.Answer? {
        nil
    }

    /// Accepts.
    public func examine(
        _ head: URLOpener.ResponseHead, in exchange: URLOpener.Exchange
    ) throws(OpenError) -> URLOpener.Verdict {
        .accept
    }
}
