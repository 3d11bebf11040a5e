/// Where cookies come from and go to.
struct CookiePlace: Hashable, Sendable {
    /// The host in lower case, without the dot at its end that makes a name absolute.
    let host: String
    /// The path as it is sent.
    let path: String
    /// Whether nobody else can read or change what goes there.
    ///
    /// That is so over https, and to this machine itself: `localhost`, 127.0.0.0/8, `::1` (RFC 6265bis section 5.8.3). What
    /// goes by a proxy leaves the machine, whatever the host is called.
    let isSecure: Bool
    /// Whether the host is an IP address, which is no part of another name whatever it ends in.
    let isAddress: Bool

    init(_ location: RequestURL, byProxy: Bool = false) {
        let host = location.origin.host
        self.host = host.utf8.last == UInt8(ascii: ".") ? String(host.dropLast()) : host
        path = location.path
        let address = HostAddress(host)
        isAddress = address != nil
        let isHere = !byProxy && (self.host == "localhost" || address?.isLoopback == true)
        isSecure = location.origin.scheme == "https" || isHere
    }

    /// The path of a cookie that says none: up to the last slash (section 5.1.4).
    var defaultPath: String {
        guard path.utf8.first == UInt8(ascii: "/"), let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")),
            slash != path.startIndex
        else { return "/" }
        return String(path[..<slash])
    }

    /// Whether the host is a domain or lies below it (section 5.1.3).
    func isWithin(_ domain: String) -> Bool {
        isAddress ? host == domain : Self.isWithin(host, domain)
    }

    /// The same for two names.
    static func isWithin(_ name: String, _ domain: String) -> Bool {
        guard !domain.isEmpty, name.utf8.count > domain.utf8.count else { return name == domain }
        return name.utf8.suffix(domain.utf8.count).elementsEqual(domain.utf8)
            && name.utf8.dropLast(domain.utf8.count).last == UInt8(ascii: ".")
    }

    /// The host, and unless it is an address, every domain that it lies in.
    var domains: [String] {
        guard !isAddress else { return [host] }
        let dots = host.utf8.indices.filter { host.utf8[$0] == UInt8(ascii: ".") }
        return [host] + dots.map { String(host[$0...].dropFirst()) }
    }

    /// Whether a path is that of a cookie or lies below it at a border of segments (section 5.1.4).
    static func isPath(_ path: String, within cookiePath: String) -> Bool {
        guard path.utf8.starts(with: cookiePath.utf8) else { return false }
        return path.utf8.count == cookiePath.utf8.count || cookiePath.utf8.last == UInt8(ascii: "/")
            || path.utf8.dropFirst(cookiePath.utf8.count).first == UInt8(ascii: "/")
    }
}
