public import MinatoLoop

extension URLOpener {
    /// How an opener gets to servers: elsewhere than their URLs say, from which address, to which addresses at all.
    ///
    /// ```swift
    /// var configuration = URLOpener.Configuration()
    /// configuration.network.route("mahler", 8092, to: .tcp("127.0.0.1", port))     // a test
    /// configuration.network.route("docker", 80, to: .unix("/run/docker.sock"))     // http://docker/info
    /// configuration.network.addressPolicy = .publicOnly
    /// ```
    ///
    /// Of a request that goes by a proxy, all this is about the way to the proxy.
    ///
    /// Python: nothing of the kind but the proxies.
    public struct Network: Sendable {
        /// A host and port as URLs name them.
        private struct Place: Hashable {
            let host: String
            let port: Int
        }

        private var routes: [Place: Endpoint] = [:]

        /// From where to connect. Default: nil, the kernel chooses. One that is not there makes opens fail
        /// (`sourceUnavailable`).
        public var source: Source?

        /// Which kind of IP address to connect to. Default: ``IPVersion/any``, IPv6 and IPv4 in turn (RFC 8305).
        ///
        /// A Unix socket that a route leads to has none, and is connected to all the same.
        public var ipVersion = IPVersion.any

        /// Which addresses may be connected to. Default: ``AddressPolicy/any``.
        public var addressPolicy = AddressPolicy.any

        /// The defaults.
        public init() {}

        /// Has what is meant for a host and port connected elsewhere.
        ///
        /// Only the connection leads there: the URL, the Host field, the name that a certificate has to be for, and what is
        /// kept for the origin (passwords, cookies) stay as they are. The address policy is asked about the other place. The
        /// proxies of the environment are not used for such a server; a ``ProxyHandler`` of the program's own that chooses one
        /// makes the open fail (`badRequest`).
        ///
        /// - Parameters:
        ///   - host: As in the URL, without regard to case; an IPv6 address with or without brackets.
        ///   - port: As in the URL; the scheme's own (80, 443) where the URL has none.
        ///   - endpoint: Where to connect: TCP, or a Unix socket by path or abstract, of which the latter has a connection for
        ///     each request. One of datagrams makes opens fail (`badRequest`), and so does the path of a socket that cannot be
        ///     (`connectionFailed`).
        ///
        /// Python: `socket.create_connection`, replaced by tests. See CURLOPT_CONNECT_TO(3), CURLOPT_UNIX_SOCKET_PATH(3).
        public mutating func route(_ host: String, _ port: Int, to endpoint: Endpoint) {
            routes[Self.place(host, port)] = endpoint
        }

        func endpoint(for origin: Origin) -> Endpoint? {
            routes.isEmpty ? nil : routes[Self.place(origin.host, origin.port)]
        }

        /// Whether an address may be connected to.
        func allows(_ address: SocketAddress) -> Bool {
            isRightVersion(address) && addressPolicy.allows(address)
        }

        func isRightVersion(_ address: SocketAddress) -> Bool {
            switch (ipVersion, address.family) {
            case (.v4, .ipv6), (.v6, .ipv4): false
            default: true
            }
        }

        func refusal(of address: SocketAddress, url: String) -> OpenError {
            OpenError(.addressRefused, .connect, url: url, detail: "\(address) must not be connected to")
        }

        private static func place(_ host: String, _ port: Int) -> Place {
            let isBracketed = host.utf8.first == UInt8(ascii: "[") && host.utf8.last == UInt8(ascii: "]")
            return Place(host: String(isBracketed ? host.dropFirst().dropLast() : host[...]).lowercased(), port: port)
        }
    }
}

extension URLOpener.Network {
    /// From where to connect.
    public enum Source: Hashable, Sendable {
        /// An IP address of this machine, in numbers.
        ///
        /// Python: `source_address` of `create_connection`. See bind(2).
        case address(String)

        /// A network interface, by name: `eth0`.
        ///
        /// See SO_BINDTODEVICE in socket(7).
        case interface(String)
    }

    /// Which kind of IP address to connect to.
    public enum IPVersion: Hashable, Sendable {
        /// Both.
        case any
        /// IPv4 only. An address of the other kind, in a URL too, is refused (`addressRefused`).
        case v4
        /// IPv6 only; likewise.
        case v6
    }
}
