internal import MinatoLoop

/// Tells the addresses of the public internet from all others, by IANA's registries of special ones (RFC 6890).
enum PublicAddress {
    /// The first octets of a network and how many of their bits count.
    private struct Block {
        let octets: [UInt8]
        let length: Int

        init(_ octets: [UInt8], _ length: Int) {
            self.octets = octets
            self.length = length
        }

        func contains(_ address: [UInt8]) -> Bool {
            zip(octets, address).enumerated().allSatisfy { index, pair in
                let mask = UInt8(truncatingIfNeeded: 0xFF00 >> max(0, min(8, length - index * 8)))
                return (pair.0 ^ pair.1) & mask == 0
            }
        }
    }

    static func isPublic(_ address: SocketAddress) -> Bool {
        guard let octets = address.octets else { return false }
        if octets.count == 4 { return !specialIPv4.contains { $0.contains(octets) } }
        return globalIPv6.contains(octets) && !specialIPv6.contains { $0.contains(octets) }
    }

    private static let specialIPv4 = [
        Block([0], 8),  // this network
        Block([10], 8),  // private
        Block([100, 64], 10),  // carriers' NAT
        Block([127], 8),  // loopback
        Block([169, 254], 16),  // link-local, metadata services of clouds
        Block([172, 16], 12),  // private
        Block([192, 0, 0], 24),  // protocol assignments
        Block([192, 0, 2], 24),  // documentation
        Block([192, 31, 196], 24),  // AS112
        Block([192, 52, 193], 24),  // AMT
        Block([192, 88, 99], 24),  // relays of 6to4
        Block([192, 168], 16),  // private
        Block([192, 175, 48], 24),  // AS112
        Block([198, 18], 15),  // benchmarks
        Block([198, 51, 100], 24),  // documentation
        Block([203, 0, 113], 24),  // documentation
        Block([224], 3),  // multicast, reserved, broadcast
    ]

    /// Everything else in IPv6 is special by itself: loopback, mapped, NAT64, unique local, link-local, multicast.
    private static let globalIPv6 = Block([0x20], 3)

    private static let specialIPv6 = [
        Block([0x20, 0x01, 0x00], 23),  // protocol assignments: Teredo, benchmarks, ORCHID
        Block([0x20, 0x01, 0x0D, 0xB8], 32),  // documentation
        Block([0x20, 0x02], 16),  // 6to4, with an IPv4 address inside
        Block([0x26, 0x20, 0x00, 0x4F, 0x80, 0x00], 48),  // AS112
        Block([0x3F, 0xFF, 0x00], 20),  // documentation
    ]
}
