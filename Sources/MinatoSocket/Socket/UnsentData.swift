internal import CMinato
internal import Glibc

/// What the peer of a TCP connection has not taken of what it was sent.
///
/// After a close the kernel keeps it, and goes on sending it, for minutes when the peer does not read: see tcp(7), FIN_WAIT1.
/// That is right for a peer that is slow, and no limit at all for one that was given up.
package enum UnsentData {
    /// What stands where in TCP_INFO, counted in numbers of 32 bits: see linux/tcp.h.
    private enum Place: Int {
        /// Segments that were sent and not acknowledged.
        case unacknowledged = 6
        /// Milliseconds since the last of them.
        case sinceSent = 11
        /// Bytes for which the peer has no room: Linux 4.6.
        case notSent = 36
    }

    /// For so long a peer that has taken everything may put off saying so, in milliseconds. See RFC 1122, 4.2.3.2.
    private static let delay = 500

    /// Whether there is any: what the peer has no room for, or what it has been sent and does not acknowledge.
    package static func isThere(_ descriptor: Int32) -> Bool {
        var info = [UInt32](repeating: 0, count: 64)
        let result = unsafe info.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return Int32(0) }
            return unsafe minato_option_get_bytes(descriptor, Int32(IPPROTO_TCP), TCP_INFO, base, bytes.count)
        }
        // Not TCP.
        guard result > 0 else { return false }
        func number(_ place: Place) -> UInt32 { info[place.rawValue] }
        return number(.notSent) > 0 || number(.unacknowledged) > 0 && number(.sinceSent) > delay
    }

    /// Has it thrown away when the descriptor is closed, which resets the connection then. Where there is none, the close stays
    /// the orderly one.
    package static func giveUp(_ descriptor: Int32) {
        if isThere(descriptor) { minato_option_set_linger(descriptor, true, 0) }
    }
}

extension SocketError {
    /// Whether it says that the peer of a descriptor was given up after a limit of time.
    package func givesUpPeer(of descriptor: Int32) -> Bool {
        guard code == .timedOut, let remote else { return false }
        var peer = SocketAddress()
        return unsafe minato_socket_peer_address(descriptor, &peer.storage) == 0 && remote == peer
    }
}
