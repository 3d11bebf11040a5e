internal import HTTPTypes

/// Who asks for credentials, the server or the proxy on the way to it: what differs between the two (RFC 9110 section 11).
enum AuthenticationSide: Sendable {
    case server
    case proxy

    /// The status that asks.
    var status: Int {
        switch self {
        case .server: 401
        case .proxy: 407
        }
    }

    /// Whether a response is this side's question, and not the server's behind a proxy's tunnel.
    func asks(by head: URLOpener.ResponseHead) -> Bool { head.status == status && speaks(by: head) }

    /// Whether a response can say anything of this side.
    func speaks(by head: URLOpener.ResponseHead) -> Bool { self == .server || !head.isOfTunnel }

    /// The field that the challenges are in.
    var challengeField: HTTPField.Name {
        switch self {
        case .server: .wwwAuthenticate
        case .proxy: .proxyAuthenticate
        }
    }

    /// The field that answers.
    var answerField: String {
        switch self {
        case .server: "Authorization"
        case .proxy: "Proxy-Authorization"
        }
    }

    /// The field of a response that says something about the answer.
    var informationField: HTTPField.Name {
        switch self {
        case .server: .authenticationInfo
        case .proxy: .proxyAuthenticationInfo
        }
    }

    /// Who gets the answer of a request, or nil: a request that goes straight to its server has no secret for any proxy, and a
    /// SOCKS proxy speaks no HTTP; nor does a handler that answers another scheme.
    func place(of request: URLOpener.Request) -> RequestURL? {
        switch self {
        case .server: request.location.isHTTP ? request.location : nil
        case .proxy: request.httpProxy?.location
        }
    }

    /// What the URL of that side says of user name and password, or nil.
    ///
    /// - Parameters:
    ///   - request: The request that would carry them.
    ///   - original: The request as the program made it. What its URL says holds for its scheme, host and port; a later URL is
    ///     one that a server chose, and says nothing.
    func credentialsInURL(of request: URLOpener.Request, original: URLOpener.Request) -> PasswordManager.Credentials? {
        switch self {
        case .server:
            original.location.origin == request.location.origin ? original.location.userInformation : nil
        case .proxy: request.proxy?.credentials
        }
    }

    /// The method of the message that carries the answer.
    func method(of request: URLOpener.Request) -> String {
        isTunnelled(request) ? "CONNECT" : request.method
    }

    /// The target in the first line of that message (RFC 9112 section 3.2).
    ///
    /// For a server it is path and query, also when a proxy that is no tunnel gets the whole URL: such a proxy passes on what
    /// the server is meant to see.
    func target(of request: URLOpener.Request) -> String {
        let location = request.location
        if isTunnelled(request) { return "\(location.origin.host):\(location.origin.port)" }
        if self == .proxy { return location.target }
        var reference = URLSplit(location.target)
        (reference.scheme, reference.authority) = (nil, nil)
        return reference.text
    }

    private func isTunnelled(_ request: URLOpener.Request) -> Bool {
        self == .proxy && request.isTunnelled
    }
}

extension URLOpener.Request {
    /// The proxy that it goes through when that speaks HTTP.
    var httpProxy: Proxy? { proxy?.scheme == .socks5 ? nil : proxy }

    /// Whether it goes through a tunnel that a proxy is asked for (RFC 9110 section 9.3.6).
    var isTunnelled: Bool { hasProxy && httpProxy != nil && location.origin.scheme == "https" }
}
