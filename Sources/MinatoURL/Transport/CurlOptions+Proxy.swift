internal import CLibcurl

extension CurlOptions {
    /// The proxy that the connection leads through, if one was chosen.
    ///
    /// Only a SOCKS proxy is told by libcurl who asks. An HTTP proxy learns it from the handlers' field, which goes to the
    /// proxy alone: with the request for a tunnel, or with a request that the proxy takes the field out of.
    mutating func setProxy(_ request: URLOpener.Request) {
        guard let proxy = request.proxy else { return }
        set(CURLOPT_PROXY, proxy.curlText)
        switch proxy.scheme {
        case .socks5:
            // User name and password, or nothing: no GSS-API (CURLAUTH_BASIC).
            set(CURLOPT_SOCKS5_AUTH, 1)
            guard let credentials = proxy.credentials else { return }
            set(CURLOPT_PROXYUSERNAME, credentials.user)
            set(CURLOPT_PROXYPASSWORD, credentials.password)
        case .http, .https:
            // One list of fields for the proxy and one for the server (CURLHEADER_SEPARATE).
            set(CURLOPT_HEADEROPT, 1)
            // No Proxy-Connection, which libcurl would add, and no standard knows.
            let lines = request.fields.filter(\.isForProxy).map { "\($0.name): \($0.value)" }
            setList(CURLOPT_PROXYHEADER, lines + ["Proxy-Connection:"])
            // For the alerts of TLS within TLS.
            if proxy.scheme == .https && request.isTunnelled { set(CURLOPT_VERBOSE, 1) }
        }
    }
}

extension URLOpener.Request {
    /// The fields that go to the server.
    var fieldsToServer: [Field] { httpProxy == nil ? fields : fields.filter { !$0.isForProxy } }
}

extension URLOpener.Request.Field {
    /// Whether a proxy is the one to read it.
    fileprivate var isForProxy: Bool { isNamed("Proxy-Authorization") }
}
