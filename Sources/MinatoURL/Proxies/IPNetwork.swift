/// The addresses that begin with the same bits: `10.0.0.0/8`, `2001:db8::/32`.
struct IPNetwork: Hashable, Sendable {
    private let octets: [UInt8]
    private let prefixLength: Int

    /// The network that one address is.
    init(_ address: HostAddress) {
        octets = address.octets
        prefixLength = address.octets.count * 8
    }

    /// Reads an address, a slash and a length (RFC 4632 section 3.1); bits of the address beyond the length are ignored.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = HostAddress(String(parts[0])),
            parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(parts[1])
        else { return nil }
        // An IPv4-mapped address has become one of 4 octets, of which the length still counts 16.
        let isMapped = address.octets.count == 4 && parts[0].utf8.contains(UInt8(ascii: ":"))
        prefixLength = isMapped ? length - 96 : length
        octets = address.octets
        guard 0...(octets.count * 8) ~= prefixLength else { return nil }
    }

    /// Whether an address begins with the bits.
    func contains(_ address: HostAddress) -> Bool {
        guard address.octets.count == octets.count else { return false }
        return octets.indices.allSatisfy { index in
            let bits = min(max(prefixLength - index * 8, 0), 8)
            let mask = UInt8(truncatingIfNeeded: 0xFF00 >> bits)
            return (octets[index] ^ address.octets[index]) & mask == 0
        }
    }
}
