internal import MinatoLoop

/// The IP address that a host of a URL is, when it is one and not a name.
struct HostAddress: Hashable, Sendable {
    /// 4 octets, or 16; those of an IPv4-mapped address are the 4 of the IPv4 address.
    let octets: [UInt8]

    /// Reads `127.0.0.1`, `::1` or `[::1]`, the latter two with or without a zone, which is left out.
    ///
    /// Fails for a name, and for an IPv4 address in another form: libcurl has already brought those of URLs into this one.
    init?(_ host: String) {
        var text = Substring(host)
        if text.utf8.first == UInt8(ascii: "[") {
            // The zone stands behind the bracket in an origin, and before it in what people write.
            let end = text.utf8.firstIndex(of: UInt8(ascii: "]")) ?? text.startIndex
            let rest = text[end...].dropFirst()
            guard rest.isEmpty || rest.utf8.first == UInt8(ascii: "%") else { return nil }
            text = text[..<end].dropFirst()
            guard text.utf8.contains(UInt8(ascii: ":")) else { return nil }
        }
        if text.utf8.contains(UInt8(ascii: ":")) { text = text.prefix { $0 != "%" } }
        guard let octets = (try? SocketAddress(host: String(text), port: 0))?.octets else { return nil }
        let isMapped = octets.count == 16 && octets.starts(with: Self.mappedPrefix)
        self.octets = isMapped ? Array(octets[12...]) : octets
    }

    private static let mappedPrefix: [UInt8] = Array(repeating: 0, count: 10) + [0xFF, 0xFF]

    /// Whether it is one of this machine's own: 127.0.0.0/8 or ::1.
    var isLoopback: Bool {
        octets.count == 4 ? octets[0] == 127 : octets == Array(repeating: 0, count: 15) + [1]
    }
}
