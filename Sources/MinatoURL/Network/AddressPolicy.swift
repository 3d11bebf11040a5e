public import MinatoLoop

/// Which addresses an opener may connect to.
///
/// Asked about every address before a connection to it is opened, when the name has been looked up: neither a redirect nor a
/// name that leads somewhere else the second time gets around it. An address that it refuses is skipped; when no other is
/// left, the open fails with `addressRefused`. When a request goes by a proxy, it is the proxy's address that is asked about,
/// and nothing is known about the server's.
///
/// ```swift
/// configuration.network.addressPolicy = .custom { address in address.port == 443 && AddressPolicy.publicOnly.allows(address) }
/// ```
///
/// For programs that fetch URLs of strangers (webhooks, previews): without it they reach what only this machine may reach.
///
/// A value, usable in any thread. Python: nothing of the kind.
public struct AddressPolicy: Sendable {
    private let isAllowed: (@Sendable (SocketAddress) -> Bool)?

    private init(_ isAllowed: (@Sendable (SocketAddress) -> Bool)?) {
        self.isAllowed = isAllowed
    }

    /// Every address.
    public static let any = AddressPolicy(nil)

    /// IP addresses of the public internet.
    ///
    /// Refused are: this machine (127.0.0.0/8, ::1, 0.0.0.0/8, ::), private networks (10/8, 172.16/12, 192.168/16, fc00::/7),
    /// link-local ones (169.254/16, fe80::/10), those of carriers (100.64/10), multicast and broadcast, what is reserved for
    /// documentation, benchmarks and the future, IPv6 addresses with an IPv4 one inside (mapped, 6to4, Teredo, NAT64), and
    /// Unix sockets. See the registries of RFC 6890.
    public static let publicOnly = AddressPolicy { PublicAddress.isPublic($0) }

    /// The addresses for which a closure returns true.
    ///
    /// - Parameter isAllowed: Asked in the thread that connects, which may be an event loop's: it must not wait.
    public static func custom(_ isAllowed: @escaping @Sendable (SocketAddress) -> Bool) -> AddressPolicy {
        AddressPolicy(isAllowed)
    }

    /// Whether it allows an address.
    public func allows(_ address: SocketAddress) -> Bool {
        isAllowed?(address) ?? true
    }
}
