internal import CMinato
internal import Glibc
internal import MinatoSocket

/// What the kernel tells beside each datagram of a server, and what goes beside a reply.
///
/// All faces of the server share it: it touches the socket once, in `init`; the rest only reads and makes values.
struct DatagramControl: Sendable {
    /// The bytes of ancillary data to receive with.
    let capacity: Int

    /// Where the server is bound; nil when it has no port, as Unix sockets.
    private let bound: SocketAddress?
    private let port: UInt16
    /// Whether it is bound to all interfaces, so that each datagram has to tell where it came to.
    let isWildcard: Bool

    /// What was told beside one datagram.
    struct Notes: Equatable {
        /// The server's address that the datagram was sent to, with its port; nil when it was not told.
        var local: SocketAddress?
        /// Where a reply has to leave from; nil leaves it to the kernel.
        var source: PacketInfo?
        /// How many datagrams the kernel had dropped when this one arrived, since the socket was opened and modulo 2^32.
        var dropped: UInt32?
    }

    /// Has the kernel tell what a server of that address needs to know. What it refuses is not told.
    init(_ socket: borrowing Socket, boundTo address: SocketAddress) {
        guard let port = address.port.flatMap(UInt16.init(exactly:)) else {
            bound = nil
            port = 0
            isWildcard = false
            capacity = 0
            return
        }
        bound = address
        self.port = port
        isWildcard = address.isWildcard
        var capacity = AncillaryData.space(MemoryLayout<UInt32>.size)
        try? socket.setOption(SocketOption<Bool>(level: SOL_SOCKET, name: SO_RXQ_OVFL), true)
        // Reports of ICMP would stay in the error queue, which nobody here reads, and keep the socket ready for ever.
        try? socket.setOption(SocketOption<Bool>(level: Int32(IPPROTO_IP), name: IP_RECVERR), false)
        if address.family == .ipv6 {
            try? socket.setOption(SocketOption<Bool>(level: Int32(IPPROTO_IPV6), name: IPV6_RECVERR), false)
        }
        if isWildcard {
            // An IPv6 socket needs both for what comes over IPv4: only the second tells an address that can be sent from
            // when the datagram was broadcast.
            if address.family == .ipv6 { try? socket.setOption(.ipv6PacketInfo, true) }
            try? socket.setOption(.ipv4PacketInfo, true)
            // struct in_pktinfo and struct in6_pktinfo.
            capacity += AncillaryData.space(12) + AncillaryData.space(20)
        }
        self.capacity = capacity
    }

    /// Understands what came beside a datagram.
    func notes(_ ancillary: [AncillaryData]) -> Notes {
        guard bound != nil else { return Notes() }
        let infos = ancillary.compactMap(\.packetInfo)
        let info = infos.first { $0.address.family == .ipv4 } ?? infos.first
        var notes = Notes(local: localAddress(info), source: info.flatMap(Self.source))
        for item in ancillary {
            if let raw = item.raw, raw.level == SOL_SOCKET, raw.type == SO_RXQ_OVFL, let count = item.integer {
                notes.dropped = UInt32(truncatingIfNeeded: count)
            }
        }
        return notes
    }

    /// What goes beside a reply.
    static func ancillary(replyingFrom source: PacketInfo?) -> [AncillaryData] {
        source.map { [.packetInfo($0)] } ?? []
    }

    /// The server's address that a datagram was sent to, with its port; nil when it was not told.
    func localAddress(_ info: PacketInfo?) -> SocketAddress? {
        guard let bound, let info else { return isWildcard ? nil : bound }
        let octets = Octets(info.address)
        guard bound.family == .ipv6, octets.count == 4 else { return info.address.withPort(port) }
        // On an IPv6 socket IPv4 is mapped, as in the socket's own addresses.
        return octets.mapped(port: port)
    }

    /// Where a reply leaves from: nil for a group's address, which nothing can be sent from.
    static func source(_ info: PacketInfo) -> PacketInfo? {
        let octets = Octets(info.address)
        guard octets.count > 0 else { return nil }
        let isIPv6 = octets.count == 16
        if isIPv6, octets[0] == 0xFF { return nil }
        // The interface is the routing's business, save where the address means nothing without one.
        let isLinkLocal = isIPv6 && octets[0] == 0xFE && octets[1] & 0xC0 == 0x80
        return PacketInfo(address: info.address, interfaceIndex: isLinkLocal ? info.interfaceIndex : 0)
    }
}

/// The octets of an IP address in place: an array would be an allocation for each datagram.
private struct Octets {
    private var octets: InlineArray<16, UInt8> = .init(repeating: 0)
    /// 4, 16, or 0 for an address of another family.
    let count: Int

    init(_ address: SocketAddress) {
        var address = address.address
        count = unsafe withUnsafeMutableBytes(of: &octets) { octets in
            guard let start = octets.baseAddress else { return 0 }
            return max(0, Int(unsafe minato_address_octets(&address, start.assumingMemoryBound(to: UInt8.self))))
        }
    }

    subscript(place: Int) -> UInt8 { octets[place] }

    /// The IPv6 address `::ffff:a.b.c.d` of an IPv4 one.
    func mapped(port: UInt16) -> SocketAddress {
        var mapped: InlineArray<16, UInt8> = .init(repeating: 0)
        mapped[10] = 0xFF
        mapped[11] = 0xFF
        for place in 0..<4 { mapped[12 + place] = octets[place] }
        var address = minato_address()
        unsafe withUnsafeBytes(of: &mapped) { mapped in
            guard let start = mapped.baseAddress else { return }
            unsafe minato_address_set_ipv6(&address, start.assumingMemoryBound(to: UInt8.self), port, 0, 0)
        }
        return SocketAddress(address)
    }
}

/// How many datagrams the kernel dropped, of a count that begins again after 2^32.
struct DropCount: Sendable {
    private var last: UInt32 = 0
    private(set) var total = 0

    /// A count that was told. One that is older than the last, from a datagram that another thread had in its hands, tells
    /// nothing.
    mutating func note(_ count: UInt32) {
        let more = Int32(bitPattern: count &- last)
        guard more > 0 else { return }
        total += Int(more)
        last = count
    }
}
