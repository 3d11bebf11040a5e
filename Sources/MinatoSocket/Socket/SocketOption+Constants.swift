internal import Glibc

// The options that network programs use. The kernel's name stands in each comment.

extension SocketOption<Bool> {
    /// SO_REUSEADDR: bind although old connections of the address are still in TIME_WAIT.
    public static var reuseAddress: Self { .init(level: SOL_SOCKET, name: SO_REUSEADDR) }
    /// SO_REUSEPORT: several sockets share one address, and the kernel spreads what arrives.
    public static var reusePort: Self { .init(level: SOL_SOCKET, name: SO_REUSEPORT) }
    /// SO_KEEPALIVE: probe an idle connection.
    public static var keepAlive: Self { .init(level: SOL_SOCKET, name: SO_KEEPALIVE) }
    /// SO_BROADCAST: allow datagrams to a broadcast address.
    public static var broadcast: Self { .init(level: SOL_SOCKET, name: SO_BROADCAST) }
    /// SO_PASSCRED: receive the sender's credentials with each message. See unix(7).
    public static var passCredentials: Self { .init(level: SOL_SOCKET, name: SO_PASSCRED) }
    /// SO_OOBINLINE: leave out-of-band data in the stream.
    public static var outOfBandInline: Self { .init(level: SOL_SOCKET, name: SO_OOBINLINE) }
    /// SO_ACCEPTCONN: whether the socket listens. Read only.
    public static var isListening: Self { .init(level: SOL_SOCKET, name: SO_ACCEPTCONN) }
    /// TCP_NODELAY: send small pieces at once, without Nagle's delay.
    public static var noDelay: Self { .init(level: Int32(IPPROTO_TCP), name: TCP_NODELAY) }
    /// TCP_CORK: hold small pieces back until it is switched off.
    public static var cork: Self { .init(level: Int32(IPPROTO_TCP), name: TCP_CORK) }
    /// TCP_QUICKACK: acknowledge at once. Not permanent.
    public static var quickAcknowledge: Self { .init(level: Int32(IPPROTO_TCP), name: TCP_QUICKACK) }
    /// IPV6_V6ONLY: no IPv4 on an IPv6 socket.
    public static var ipv6Only: Self { .init(level: Int32(IPPROTO_IPV6), name: IPV6_V6ONLY) }
    /// IP_PKTINFO: receive with each IPv4 datagram the local address that it came to.
    public static var ipv4PacketInfo: Self { .init(level: Int32(IPPROTO_IP), name: IP_PKTINFO) }
    /// IPV6_RECVPKTINFO: receive with each IPv6 datagram the local address that it came to.
    public static var ipv6PacketInfo: Self { .init(level: Int32(IPPROTO_IPV6), name: IPV6_RECVPKTINFO) }
}

extension SocketOption<Int> {
    /// SO_RCVBUF: the receive buffer in bytes. The kernel doubles what is set, and reports that.
    public static var receiveBufferSize: Self { .init(level: SOL_SOCKET, name: SO_RCVBUF) }
    /// SO_SNDBUF: the send buffer in bytes. The kernel doubles what is set, and reports that.
    public static var sendBufferSize: Self { .init(level: SOL_SOCKET, name: SO_SNDBUF) }
    /// SO_ERROR: the pending error, cleared by reading it. Read only.
    public static var pendingError: Self { .init(level: SOL_SOCKET, name: SO_ERROR) }
    /// SO_RCVLOWAT: how many bytes make a stream readable.
    public static var receiveLowWater: Self { .init(level: SOL_SOCKET, name: SO_RCVLOWAT) }
    /// SO_TYPE: the type of the socket. Read only.
    public static var type: Self { .init(level: SOL_SOCKET, name: SO_TYPE) }
    /// TCP_KEEPIDLE: seconds until the first keep-alive probe.
    public static var keepAliveIdle: Self { .init(level: Int32(IPPROTO_TCP), name: TCP_KEEPIDLE) }
    /// TCP_KEEPINTVL: seconds between keep-alive probes.
    public static var keepAliveInterval: Self { .init(level: Int32(IPPROTO_TCP), name: TCP_KEEPINTVL) }
    /// TCP_KEEPCNT: unanswered keep-alive probes that end the connection.
    public static var keepAliveCount: Self { .init(level: Int32(IPPROTO_TCP), name: TCP_KEEPCNT) }
    /// TCP_USER_TIMEOUT: milliseconds that sent data may stay unacknowledged.
    public static var userTimeout: Self { .init(level: Int32(IPPROTO_TCP), name: TCP_USER_TIMEOUT) }
    /// TCP_MAXSEG: the largest segment.
    public static var maximumSegment: Self { .init(level: Int32(IPPROTO_TCP), name: TCP_MAXSEG) }
    /// TCP_FASTOPEN: how many connections with data in their SYN may wait.
    public static var fastOpen: Self { .init(level: Int32(IPPROTO_TCP), name: TCP_FASTOPEN) }
    /// IP_TTL: hops that an IPv4 packet may take.
    public static var timeToLive: Self { .init(level: Int32(IPPROTO_IP), name: IP_TTL) }
    /// IPV6_UNICAST_HOPS: hops that an IPv6 packet may take.
    public static var hopLimit: Self { .init(level: Int32(IPPROTO_IPV6), name: IPV6_UNICAST_HOPS) }
    /// IP_TOS: the type-of-service byte of IPv4.
    public static var typeOfService: Self { .init(level: Int32(IPPROTO_IP), name: IP_TOS) }
    /// IPV6_TCLASS: the traffic class of IPv6.
    public static var trafficClass: Self { .init(level: Int32(IPPROTO_IPV6), name: IPV6_TCLASS) }
    /// IP_MTU_DISCOVER: IP_PMTUDISC_DO refuses (`.messageTooLong`) what would have to be fragmented.
    public static var pathMTUDiscovery: Self { .init(level: Int32(IPPROTO_IP), name: IP_MTU_DISCOVER) }
}

extension SocketOption<Duration> {
    /// SO_RCVTIMEO. Minato's descriptors do not block, so it has no effect here: use ``Socket/setTimeout(_:)``. It serves
    /// descriptors that are detached.
    public static var receiveTimeout: Self { .init(level: SOL_SOCKET, name: SO_RCVTIMEO) }
    /// SO_SNDTIMEO. As ``receiveTimeout``.
    public static var sendTimeout: Self { .init(level: SOL_SOCKET, name: SO_SNDTIMEO) }
}

extension SocketOption<Linger> {
    /// SO_LINGER: whether closing waits for unsent data.
    public static var linger: Self { .init(level: SOL_SOCKET, name: SO_LINGER) }
}

extension SocketOption<[UInt8]> {
    /// SO_BINDTODEVICE: the name of the interface to use, without a NUL.
    public static var bindToDevice: Self { .init(level: SOL_SOCKET, name: SO_BINDTODEVICE) }
    /// TCP_CONGESTION: the name of the congestion control, without a NUL.
    public static var congestionControl: Self { .init(level: Int32(IPPROTO_TCP), name: TCP_CONGESTION) }
    /// TCP_INFO: the `struct tcp_info` of the connection. Read only.
    public static var tcpInfo: Self { .init(level: Int32(IPPROTO_TCP), name: TCP_INFO) }
}
