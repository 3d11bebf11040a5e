/// A proxy: how it is spoken to, where it is, and what it is told about who asks.
///
/// ```swift
/// let proxy = try Proxy("http://proxy.example:3128")
/// let opener = URLOpener(ProxyHandler(.fixed(proxy, except: "localhost,10.0.0.0/8,.internal.example")))
/// ```
///
/// An http URL is asked of an HTTP proxy as a whole; for an https URL it opens a tunnel (CONNECT), in which it sees nothing.
/// A SOCKS5 proxy opens the connection for both. TLS to the proxy itself is the scheme `https`.
///
/// Printing or dumping one shows neither user name nor password. A value, usable in any thread.
///
/// Python: the values of the dictionary of `urllib.request.ProxyHandler`. RFC 9110 section 9.3.6, RFC 1928.
public struct Proxy: Hashable, Sendable {
    /// How a proxy is spoken to.
    public enum Scheme: String, Hashable, Sendable {
        /// HTTP over TCP.
        case http
        /// HTTP over TLS: the way to the proxy is private, too.
        ///
        /// The proxy has to show a certificate for its name, by ``URLOpener/TLS/trust`` and ``URLOpener/TLS/minimumVersion`` of
        /// the opener, as a server would; nothing is sent to it before, whatever
        /// ``URLOpener/Request/skipsPeerVerification`` says. Pinned keys and the client certificate are for servers alone. What is
        /// wrong with it has the code that it has with a server (`tlsWrongName`, `tlsUnknownIssuer` and so on), and the detail
        /// names the proxy. Spoken is HTTP/1.1. Python takes it for ``http``.
        ///
        /// See CURLOPT_PROXY(3), CURLOPT_PROXY_CAINFO(3).
        case https
        /// SOCKS5; the proxy looks names up, not this machine. Written `socks5://` or `socks5h://`.
        case socks5
    }

    /// How it is spoken to.
    public let scheme: Scheme

    /// Its name or address in lower case, IPv6 with brackets, as in a URL.
    public let host: String

    /// Its port.
    public let port: Int

    /// Its URL without user name and password, as a password manager takes it: `http://proxy:3128/`.
    package let location: RequestURL

    /// What it is sent about who asks, or nil.
    ///
    /// It goes to the proxy only, never to a server, and when the proxy asks: an HTTP proxy by 407, after which it goes along
    /// unasked as long as the proxy accepts it; a SOCKS proxy for each connection.
    public let credentials: PasswordManager.Credentials?

    /// Reads the URL of a proxy; nothing is looked up or connected to.
    ///
    /// - Parameters:
    ///   - text: `scheme://user:password@host:port/`, of which the host alone is needed. Scheme: `http` (the default),
    ///     `https`, `socks5`, `socks5h`. Port: by default 80, 443 or 1080. User name and password are percent-decoded, and
    ///     may have a `/` in them as it is. What follows the port is of no meaning.
    ///   - credentials: User name and password as they are, in place of those in the text; by default nil, which leaves those
    ///     in the text.
    /// - Throws: ``OpenError`` with `badProxy` for a text that is no proxy, or `badCredentials` for a user name or password
    ///   that cannot be sent. Never with a secret in it.
    ///
    /// Python: `urllib.request._parse_proxy`.
    public init(_ text: String, credentials: PasswordManager.Credentials? = nil) throws(OpenError) {
        guard let parts = ProxyText(text) else { throw Self.refusal("no \"//\" and host after the scheme", text) }
        switch parts.scheme {
        case nil, "http": scheme = .http
        case "https": scheme = .https
        case "socks5", "socks5h": scheme = .socks5
        default: throw Self.refusal("its scheme is not http, https, socks5 or socks5h", text)
        }
        let place = try Self.place(parts.hostPort, text)
        host = Self.urlHost(place.host)
        port = place.port == 0 ? scheme.defaultPort : place.port
        location = try Self.location("\(scheme.rawValue)://\(host):\(port)/", text)
        self.credentials = credentials ?? parts.credentials
        try self.credentials?.check(url: Redaction.proxy(text))
        let isTooLong = [self.credentials?.user, self.credentials?.password].contains { ($0?.utf8.count ?? 0) > 255 }
        if scheme == .socks5 && isTooLong { throw Self.refusal("more than 255 bytes of user name or password", text) }
    }

    /// Host and port, by the parser that reads every other host and port; port 0 when there is none.
    private static func place(_ hostPort: String, _ text: String) throws(OpenError) -> Origin {
        guard !hostPort.isEmpty, !hostPort.utf8.contains(where: { "/?#@\\".utf8.contains($0) }) else {
            throw refusal("it has no host", text)
        }
        // A scheme of which libcurl knows no port, so that the one it names is the one that was written.
        return try location("socks5://" + hostPort, text).origin
    }

    private static func location(_ url: String, _ text: String) throws(OpenError) -> RequestURL {
        do throws(RequestURL.Problem) {
            return try RequestURL(parsing: url)
        } catch {
            throw error.isOutOfMemory ? error.asError(of: Redaction.proxy(text)) : refusal(error.detail, text)
        }
    }

    /// The host of an origin with a zone as URLs have it (RFC 6874): `[fe80::1%25eth0]`.
    private static func urlHost(_ host: String) -> String {
        guard let bracket = host.utf8.firstIndex(of: UInt8(ascii: "]")) else { return host }
        let zone = host[bracket...].dropFirst(2)
        return zone.isEmpty ? host : host[..<bracket] + "%25" + zone + "]"
    }

    private static func refusal(_ detail: String, _ text: String) -> OpenError {
        OpenError(.badProxy, .prepare, url: Redaction.proxy(text), detail: "the proxy cannot be used: \(detail)")
    }
}

extension Proxy.Scheme {
    fileprivate var defaultPort: Int {
        switch self {
        case .http: 80
        case .https: 443
        case .socks5: 1080
        }
    }
}

extension Proxy {
    /// The proxy as libcurl takes it (CURLOPT_PROXY), without user name and password.
    ///
    /// `socks5h`, for with `socks5` libcurl looks names up itself, and whoever watches this machine's look-ups learns them.
    package var curlText: String { "\(scheme == .socks5 ? "socks5h" : scheme.rawValue)://\(host):\(port)" }
}

extension Proxy: CustomStringConvertible, CustomReflectable {
    /// Scheme, host and port.
    public var description: String { "\(scheme.rawValue)://\(host):\(port)" }

    /// The description, and whether there are credentials.
    public var customMirror: Mirror {
        Mirror(self, children: ["proxy": description, "hasCredentials": credentials != nil])
    }
}

extension OpenError.Code {
    /// The proxy to use is none: a text that is no proxy's URL, or one of another kind than HTTP, with TLS or without, and SOCKS5.
    public static let badProxy = Self(rawValue: "badProxy")

    /// The proxy does not lead to the server: it opens no tunnel or connection, or does not know who asks.
    public static let proxyRefused = Self(rawValue: "proxyRefused")
}
