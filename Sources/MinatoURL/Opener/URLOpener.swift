/// Opens URLs: a chain of handlers over a transport.
///
/// ```swift
/// let passwords = PasswordManager()
/// passwords.add(realm: "PDQ Application", uri: "https://mahler:8092/site-updates.py", user: "klem", password: secret)
/// let opener = URLOpener(BasicAuthHandler(passwords))
/// let response = try opener.openBlocking("https://mahler:8092/site-updates.py")
/// ```
///
/// An opener keeps a few idle connections, and uses one again for the next request to the same scheme, host and port. They are
/// closed when the opener and its responses are gone. Proxies of the environment are not used.
///
/// One opener may be used by any number of threads at once.
///
/// Python: `urllib.request.OpenerDirector`, `build_opener`.
public final class URLOpener: Sendable {
    private let handlers: [any OpenerHandler]
    private let transport: any BlockingTransport

    /// Makes an opener.
    ///
    /// - Parameter handlers: Handlers beside the default ones, which are ``RedirectHandler``, and without passwords
    ///   ``BasicAuthHandler``, ``DigestAuthHandler``, ``ProxyBasicAuthHandler`` and ``ProxyDigestAuthHandler``. A handler with a
    ///   ``OpenerHandler/kind`` replaces the default one of that kind. They run by their ``OpenerHandler/order``.
    ///
    /// Python: `build_opener(*handlers)`.
    public convenience init(_ handlers: any OpenerHandler...) {
        self.init(handlers, transport: CurlTransport())
    }

    /// Makes an opener over a transport of choice.
    package init(_ handlers: [any OpenerHandler], transport: any BlockingTransport) {
        let defaults: [any OpenerHandler] = [
            RedirectHandler(), BasicAuthHandler(), DigestAuthHandler(), ProxyBasicAuthHandler(),
            ProxyDigestAuthHandler(),
        ]
        let replaced = Set(handlers.compactMap(\.kind))
        let all = handlers + defaults.filter { handler in handler.kind.map { !replaced.contains($0) } ?? true }
        // By order, and within an order as given: `sort` alone does not promise that.
        self.handlers = all.enumerated()
            .sorted { ($0.element.order, $0.offset) < ($1.element.order, $1.offset) }
            .map(\.element)
        self.transport = transport
    }

    /// Opens a URL and blocks until the head of the response is there.
    ///
    /// See ``openBlocking(_:timeout:)``.
    ///
    /// - Parameters:
    ///   - url: As in ``Request/init(_:method:body:)``.
    ///   - body: The body of a POST, or nil for a GET.
    ///   - timeout: The longest time without progress; nil for no limit but 30 s to connect.
    /// - Returns: The response, its body not read yet.
    /// - Throws: ``OpenError``.
    public func openBlocking(
        _ url: String, body: [UInt8]? = nil, timeout: Duration? = nil
    ) throws(OpenError) -> BlockingResponse {
        try openBlocking(Request(url, body: body), timeout: timeout)
    }

    /// Opens a URL and blocks until the head of the response is there; its body is read afterwards, as it comes.
    ///
    /// Redirects are followed and challenges answered as the handlers say. The calling thread does all the work; there is no
    /// other one but libcurl's for looking up a name. It blocks on the network only, and for the time that `timeout` allows.
    ///
    /// - Parameters:
    ///   - request: What to ask for.
    ///   - timeout: The longest time without progress, in each step: connecting, sending and waiting for the head, and later
    ///     each read of the body. While bytes keep moving it does not end anything, as in Python. nil is no limit, but for
    ///     30 s to connect; zero never waits, so that the open fails; a negative one is refused.
    /// - Returns: The response. Its status is 200 to 299.
    /// - Throws: ``OpenError``: with `httpStatus` and the response for any other status, redirects that were not followed
    ///   included; otherwise what the code says. A body that turns out to be broken is no error here, but of the read.
    ///
    /// Python: `OpenerDirector.open`.
    public func openBlocking(_ request: Request, timeout: Duration? = nil) throws(OpenError) -> BlockingResponse {
        guard timeout.map({ $0 >= .zero }) ?? true else { throw request.refusal("a negative timeout") }
        var chain = HandlerChain(handlers, request: request)
        var next = try chain.begin()
        while true {
            let hop = try transport.perform(next, timeout: timeout)
            let hasBody = next.method != "HEAD" && hop.head.status != 204 && hop.head.status != 304
            let body = BlockingBody(
                hop.body, timeout: timeout, url: next.url, expectedCount: hasBody ? hop.head.contentLength : nil)
            let response = BlockingResponse(head: hop.head, url: next.url, body: body)
            switch chain.receive(hop.head) {
            case .deliver: return response
            case .fail(let error): throw error.with(response)
            case .perform(let request):
                body.discard()
                next = request
            }
        }
    }
}
