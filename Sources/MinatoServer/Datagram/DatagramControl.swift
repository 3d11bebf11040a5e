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
        guard address.port != nil else {
            bound = nil
            capacity = 0
            return
        }
        bound = address
        var capacity = AncillaryData.space(MemoryLayout<UInt32>.size)
        try? socket.setOption(SocketOption<Bool>(level: SOL_SOCKET, name: SO_RXQ_OVFL), true)
        // Reports of ICMP would stay in the error queue, which nobody here reads, and keep the socket ready for ever.
        try? socket.setOption(SocketOption<Bool>(level: Int32(IPPROTO_IP), name: IP_RECVERR), false)
        if address.family == .ipv6 {
            try? socket.setOption(SocketOption<Bool>(level: Int32(IPPROTO_IPV6), name: IPV6_RECVERR), false)
        }
        if address.isWildcard {
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
        var notes = Notes()
        guard let bound, let port = bound.port.flatMap(UInt16.init(exactly:)) else { return notes }
        if !bound.isWildcard { notes.local = bound }
        let infos = ancillary.compactMap(\.packetInfo)
        if let info = infos.first(where: { $0.address.family == .ipv4 }) ?? infos.first {
            notes.local = Self.local(info.address, boundTo: bound).withPort(port)
            notes.source = Self.source(info)
        }
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

    /// The address in the form that the socket's addresses have: on an IPv6 socket IPv4 is mapped.
    private static func local(_ address: SocketAddress, boundTo bound: SocketAddress) -> SocketAddress {
        guard bound.family == .ipv6, address.family == .ipv4, let octets = address.octets else { return address }
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + octets
        return (try? SocketAddress(ipv6: mapped, port: 0)) ?? address
    }

    /// Where a reply leaves from: nil for a group's address, which nothing can be sent from.
    private static func source(_ info: PacketInfo) -> PacketInfo? {
        guard let octets = info.address.octets else { return nil }
        let isIPv6 = octets.count == 16
        if isIPv6, octets[0] == 0xFF { return nil }
        // The interface is the routing's business, save where the address means nothing without one.
        let isLinkLocal = isIPv6 && octets[0] == 0xFE && octets[1] & 0xC0 == 0x80
        return PacketInfo(address: info.address, interfaceIndex: isLinkLocal ? info.interfaceIndex : 0)
    }
}

/// How many datagrams the kernel dropped, of a count that begins again after 2^32.
struct DropCount: Sendable {
    private var last: UInt32 = 0
    private(set) var total = 0

    /// The count that came with a later datagram.
    mutating func note(_ count: UInt32) {
        total += Int(count &- last)
        last = count
    }
}
