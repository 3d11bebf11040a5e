internal import CMinato

/// Which local address and interface a datagram came to, or shall leave from.
///
/// A server that is bound to all interfaces learns from it what it was asked at, and answers from there. Switch it on with
/// the option ``SocketOption/ipv4PacketInfo`` or ``SocketOption/ipv6PacketInfo``.
///
/// C: `minato_packet_info`. Python: the `struct in_pktinfo` of IP_PKTINFO, unpacked. See ip(7), ipv6(7).
public struct PacketInfo: Hashable, Sendable {
    /// The local IP address; its port is 0.
    public let address: SocketAddress
    /// The index of the interface: 0 for unknown when received, for the kernel's choice when sent.
    public let interfaceIndex: UInt32

    /// Where a datagram shall leave from. `interfaceIndex` is 0 by default: the kernel's choice.
    public init(address: SocketAddress, interfaceIndex: UInt32 = 0) {
        self.address = address
        self.interfaceIndex = interfaceIndex
    }
}
