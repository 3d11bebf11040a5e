/// Which proxy a request goes through.
///
/// A value, usable in any thread and any number of openers.
///
/// Python: the argument of `urllib.request.ProxyHandler`.
public struct ProxyPolicy: Sendable {
    private let choose: @Sendable (RequestURL) throws(OpenError) -> Proxy?

    /// No proxy, whatever the environment says.
    ///
    /// Python: `ProxyHandler({})`.
    public static let none = ProxyPolicy { _ in nil }

    /// The proxies of the environment: `http_proxy`, `https_proxy` and `no_proxy`, which ``NoProxy`` explains.
    ///
    /// A name in lower case wins over `HTTP_PROXY` and the like; an empty one in lower case means none. `HTTP_PROXY` is not
    /// looked at where `REQUEST_METHOD` is set: there it would be what a client of a CGI program chose. `all_proxy` is not
    /// looked at.
    ///
    /// The environment is read here, once for each use of this property, and not again for each request: a change in another
    /// thread (setenv(3)) while it is read is undefined behaviour, and one policy does the same for ever. A value that is no
    /// proxy is an error (`badProxy`) of the requests that would use it, and not one of this property.
    ///
    /// Python: `urllib.request.getproxies`, `proxy_bypass`, which reads `no_proxy` for each request.
    public static var environment: ProxyPolicy { environment(.ofProcess) }

    static func environment(_ environment: ProxyEnvironment) -> ProxyPolicy {
        let exceptions = environment.exceptions
        return ProxyPolicy { (location) throws(OpenError) in
            guard let text = environment.values[location.origin.scheme], !exceptions.covers(location.origin) else {
                return nil
            }
            return try Proxy(text)
        }
    }

    /// One proxy for all URLs, http and https; the environment is not looked at.
    ///
    /// - Parameters:
    ///   - proxy: The proxy.
    ///   - except: The hosts that are reached without it; by default none.
    public static func fixed(_ proxy: Proxy, except: NoProxy = NoProxy("")) -> ProxyPolicy {
        ProxyPolicy { except.covers($0.origin) ? nil : proxy }
    }

    /// A proxy that the program chooses for each request; the environment is not looked at.
    ///
    /// - Parameter choose: Gets the URL, without user name and password and without fragment, and returns the proxy, or nil
    ///   for none. What it throws ends the open, and nothing is sent. It is called for each request, those that follow
    ///   a redirect or a challenge included, in the thread or task that opens, and should not wait.
    public static func custom(_ choose: @escaping @Sendable (String) throws(OpenError) -> Proxy?) -> ProxyPolicy {
        ProxyPolicy { (location) throws(OpenError) in try choose(location.target) }
    }

    /// The same, but no proxy for servers to which there is a route.
    func sparing(_ network: URLOpener.Network) -> ProxyPolicy {
        ProxyPolicy { (location) throws(OpenError) in
            network.endpoint(for: location.origin) == nil ? try choose(location) : nil
        }
    }

    /// The proxy for a URL, or nil for none.
    ///
    /// - Throws: ``OpenError``: as `URLOpener.Request` for a text that is no http or https URL, `badProxy` and
    ///   `badCredentials` for a value of the environment that is no proxy, and what a custom choice throws.
    public func proxy(for url: String) throws(OpenError) -> Proxy? {
        try choose(RequestURL(url))
    }

    func proxy(for location: RequestURL) throws(OpenError) -> Proxy? { location.isHTTP ? try choose(location) : nil }
}
