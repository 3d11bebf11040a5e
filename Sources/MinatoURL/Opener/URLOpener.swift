internal import Glibc

/// Opens URLs: a chain of handlers over a transport.
///
/// ```swift
/// let passwords = PasswordManager()
/// passwords.add(realm: "PDQ Application", uri: "https://mahler:8092/site-updates.py", user: "klem", password: secret)
/// let opener = URLOpener(BasicAuthHandler(passwords))
/// let response = try await opener.open("https://mahler:8092/site-updates.py")
/// ```
///
/// An opener keeps its idle connections, and uses one again for the next request to the same scheme, host and port; with
/// HTTP/2, which TLS brings when the server speaks it, requests of tasks share one at the same time. Idle ones are closed when
/// the opener and its responses are gone; those of tasks also when nothing was opened for a minute, those of threads when there
/// are more than 8. How many there are at the same time is not limited.
///
/// **Loop.** What tasks open is sent and received on one event loop, that of the opener, whatever loop or executor the tasks
/// run on: so that all of them share its connections. When the loop is shut down, what is under way ends with `closed`, and so
/// does every open from then on. Threads that open by `openBlocking` do all the work themselves, on connections of their own.
///
/// **Threads.** One opener may be used by any number of tasks and threads at once.
///
/// **fork(2).** A child of the process has no loop: tasks get `forked` there. Threads open connections of their own.
///
/// Python: `urllib.request.OpenerDirector`, `build_opener`.
public final class URLOpener: Sendable {
    let handlers: HandlerList
    let transport: any Transport
    let configuration: Configuration
    private let budget = RetryBudget()
    private let last = LastRequest()

    /// Makes an opener.
    ///
    /// - Parameters:
    ///   - handlers: Handlers beside the default ones, which are ``ProxyHandler`` with the proxies of the environment as they
    ///     are now, ``RedirectHandler``, ``DataHandler``, and without passwords ``BasicAuthHandler``, ``DigestAuthHandler``,
    ///     ``ProxyBasicAuthHandler`` and ``ProxyDigestAuthHandler``. A handler with a ``OpenerHandler/kind`` replaces the default
    ///     one of that kind. They run by their ``OpenerHandler/order``.
    ///   - configuration: Everything else. Default: the defaults.
    ///
    /// Python: `build_opener(*handlers)`.
    public convenience init(_ handlers: any OpenerHandler..., configuration: Configuration = Configuration()) {
        self.init(
            handlers, transport: CurlTransport(configuration), configuration: configuration,
            proxies: .environment.sparing(configuration.network))
    }

    /// Makes an opener that never touches the network, for tests.
    ///
    /// - Parameters:
    ///   - handlers: As in ``init(_:configuration:)``, but that the environment's proxies play no part.
    ///   - transport: What answers.
    ///   - configuration: As there; what concerns the network does nothing.
    public convenience init(
        _ handlers: any OpenerHandler..., transport: MockTransport, configuration: Configuration = Configuration()
    ) {
        self.init(handlers, transport: transport, configuration: configuration)
    }

    /// Makes an opener over a transport of choice.
    ///
    /// - Parameter proxies: What the default handler for proxies goes by; nil for no such handler.
    package init(
        _ handlers: [any OpenerHandler], transport: any Transport, configuration: Configuration = Configuration(),
        proxies: ProxyPolicy? = nil
    ) {
        let defaults: [any OpenerHandler] =
            (proxies.map { [ProxyHandler($0)] } ?? []) + [
                RedirectHandler(), DataHandler(), BasicAuthHandler(), DigestAuthHandler(), ProxyBasicAuthHandler(),
                ProxyDigestAuthHandler(),
            ]
        let replaced = Set(handlers.compactMap(\.kind))
        let all = handlers + defaults.filter { handler in handler.kind.map { !replaced.contains($0) } ?? true }
        // By order, and within an order as given: `sort` alone does not promise that.
        self.handlers = HandlerList(
            all.enumerated()
                .sorted { ($0.element.order, $0.offset) < ($1.element.order, $1.offset) }
                .map(\.element))
        self.transport = transport
        self.configuration = configuration
    }

    /// Begins the course of an open.
    func chain(_ request: Request) -> HandlerChain {
        var retries: RetryState?
        if configuration.retries.attempts > 1 {
            budget.earn(configuration.retries.budgetPerOpen)
            retries = RetryState(
                configuration.retries, budget, random: { .random(in: 0...1) }, now: { Int(time(nil)) })
        }
        return HandlerChain(
            handlers, request: request, decodes: configuration.decoding.isEnabled, retries: retries, last: last)
    }
}
