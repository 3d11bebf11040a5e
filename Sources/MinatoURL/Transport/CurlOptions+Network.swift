internal import CLibcurl
internal import MinatoLoop

extension CurlOptions {
    /// From where to where the connection leads.
    mutating func setNetwork(_ network: URLOpener.Network, for request: URLOpener.Request) throws(OpenError) {
        let endpoint = network.endpoint(for: request.location.origin)
        // libcurl 7.88 looks for an address of the version that is asked for, and a Unix socket has none.
        setVersion(endpoint?.isUnix == true ? .any : network.ipVersion)
        switch network.source {
        case .address(let address): set(CURLOPT_INTERFACE, "host!" + (try Self.checked(address, request)))
        case .interface(let name): set(CURLOPT_INTERFACE, "if!" + (try Self.checked(name, request)))
        case nil: break
        }
        guard let endpoint else {
            // What a proxy connects to is its business.
            if request.proxy == nil { try Self.checkVersion(network, request) }
            return
        }
        guard request.proxy == nil else { throw request.refusal("there is a route to the server, and a proxy too") }
        guard endpoint.kind == .stream else { throw request.refusal("the route to \(endpoint) is not one for streams") }
        switch endpoint.target {
        case .host(let host, let port): setRoute(try Self.checked(host, request), port)
        case .path(let path): try setUnix(CURLOPT_UNIX_SOCKET_PATH, path, endpoint, request)
        case .abstract(let name):
            try setUnix(CURLOPT_ABSTRACT_UNIX_SOCKET, name, endpoint, request)
            // 7.88 takes a connection without a printable address for one that is not open yet, and never uses it again.
            set(CURLOPT_FORBID_REUSE, 1)
        case .address(let address):
            if let host = address.host, let port = address.port {
                setRoute(host, port)
            } else if let path = address.unixPath {
                try setUnix(CURLOPT_UNIX_SOCKET_PATH, path, endpoint, request)
            } else {
                throw request.refusal("the route to \(endpoint) is not one that libcurl can take")
            }
        }
    }

    private mutating func setVersion(_ version: URLOpener.Network.IPVersion) {
        switch version {
        case .any: set(CURLOPT_IPRESOLVE, Int(CURL_IPRESOLVE_WHATEVER))
        case .v4: set(CURLOPT_IPRESOLVE, Int(CURL_IPRESOLVE_V4))
        case .v6: set(CURLOPT_IPRESOLVE, Int(CURL_IPRESOLVE_V6))
        }
    }

    /// libcurl skips an address of the wrong kind in the URL without asking anybody, and says only that it did not connect.
    private static func checkVersion(_ network: URLOpener.Network, _ request: URLOpener.Request) throws(OpenError) {
        if network.ipVersion == .any { return }
        let (host, port) = (request.location.origin.host, request.location.origin.port)
        guard let address = try? SocketAddress(parsing: "\(host):\(port)"), !network.isRightVersion(address) else {
            return
        }
        throw network.refusal(of: address, url: request.url)
    }

    /// All that is under way goes there: this transfer has one origin.
    private mutating func setRoute(_ host: String, _ port: Int) {
        let isIPv6 = host.utf8.contains(UInt8(ascii: ":"))
        setList(CURLOPT_CONNECT_TO, ["::" + (isIPv6 ? "[\(host)]" : host) + ":\(port)"])
    }

    private mutating func setUnix(
        _ option: CURLoption, _ name: String, _ endpoint: Endpoint, _ request: URLOpener.Request
    ) throws(OpenError) {
        do throws(SocketError) {
            // libcurl says only that the name cannot be resolved when it is too long.
            _ =
                if case .path = endpoint.target {
                    try SocketAddress(unixPath: name)
                } else {
                    try SocketAddress(abstractName: name)
                }
        } catch {
            throw OpenError(
                .connectionFailed, .connect, url: request.url, detail: "\(error)", systemCode: error.code.rawValue)
        }
        set(option, try Self.checked(name, request))
    }

    private static func checked(_ text: String, _ request: URLOpener.Request) throws(OpenError) -> String {
        guard !text.isEmpty, !text.utf8.contains(0) else {
            throw request.refusal("an empty name, or one with a NUL, in the configuration of the network")
        }
        return text
    }
}

extension Endpoint {
    /// Whether it is a Unix socket.
    fileprivate var isUnix: Bool {
        switch target {
        case .path, .abstract: true
        case .address(let address): address.family == .unix
        case .host: false
        }
    }
}
