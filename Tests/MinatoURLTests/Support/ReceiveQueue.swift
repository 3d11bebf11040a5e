import Glibc
import MinatoSocket

/// What lies at the other end of a TCP connection of this machine and has not been read there, as the kernel tells it
/// (sock_diag(7), tcp(7)).
///
/// So a server can send its next piece when the client has taken the one before, and no sooner: no two pieces are read as one.
enum ReceiveQueue {
    /// Waits until the other end has read all that was sent, or is gone.
    ///
    /// False after a minute and a half, and where the kernel does not tell.
    static func waitUntilRead(_ descriptor: Int32) -> Bool {
        let netlink = socket(AF_NETLINK, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 4)
        guard netlink >= 0, let request = question(descriptor) else { return false }
        defer { close(netlink) }
        let patience = Deadline.after(.seconds(90))
        while !patience.hasPassed {
            guard let answer = ask(netlink, request) else { return false }
            switch answer {
            case .gone: return true
            case .open(let received, let unread): if received >= sent(descriptor), unread == 0 { return true }
            }
            // The kernel tells nobody that a peer has read: how often this looks changes no result. The threads that it waits
            // for have the processors first.
            usleep(20)
        }
        return false
    }

    private enum Answer {
        case gone
        case open(received: UInt64, unread: UInt32)
    }

    /// `struct nlmsghdr` and `struct inet_diag_req_v2` about the socket at the other end: its own address comes first.
    private static func question(_ descriptor: Int32) -> [UInt8]? {
        guard let own = unsafe address(descriptor, getsockname), let peer = unsafe address(descriptor, getpeername)
        else { return nil }
        var request = [UInt8](repeating: 0, count: 16 + 56)
        func put(_ bytes: some Sequence<UInt8>, at offset: Int) {
            for (index, byte) in bytes.enumerated() { request[offset + index] = byte }
        }
        // Length, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST.
        put([72, 0, 0, 0, 20, 0, 1, 0], at: 0)
        // With the extension INET_DIAG_INFO, in any state.
        put([UInt8(AF_INET), UInt8(IPPROTO_TCP), 1 << 1, 0, 0xFF, 0xFF, 0xFF, 0xFF], at: 16)
        put(peer[2..<4], at: 24)
        put(own[2..<4], at: 26)
        put(peer[4..<8], at: 28)
        put(own[4..<8], at: 44)
        // INET_DIAG_NOCOOKIE.
        put(repeatElement(0xFF, count: 8), at: 64)
        return request
    }

    private static func address(
        _ descriptor: Int32,
        _ call: (Int32, UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<socklen_t>?) -> Int32
    ) -> [UInt8]? {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe call(
                descriptor, UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: sockaddr.self), &length)
        }
        return result == 0 ? unsafe withUnsafeBytes(of: &address) { unsafe Array($0) } : nil
    }

    private static func ask(_ netlink: Int32, _ request: [UInt8]) -> Answer? {
        guard unsafe send(netlink, request, request.count, 0) == request.count else { return nil }
        var answer = [UInt8](repeating: 0, count: 1024)
        let count = unsafe recv(netlink, &answer, answer.count, 0)
        guard count >= 20 else { return nil }
        // NLMSG_ERROR with ENOENT: nobody has the socket any more.
        if answer[4] == 2 { return number(answer, 16, 4) == UInt64(UInt32(bitPattern: -ENOENT)) ? .gone : nil }
        guard count >= 16 + 72 else { return nil }
        // Neither TCP_ESTABLISHED nor TCP_CLOSE_WAIT: its owner has closed it.
        guard [1, 8].contains(answer[17]) else { return .gone }
        let unread = UInt32(number(answer, 72, 4))
        var offset = 16 + 72
        while offset + 4 <= count {
            let (length, kind) = (Int(number(answer, offset, 2)), number(answer, offset + 2, 2))
            // tcpi_bytes_received
            if kind == 2, length >= 4 + 136 {
                return .open(received: number(answer, offset + 4 + 128, 8), unread: unread)
            }
            guard length >= 4 else { return nil }
            offset += (length + 3) & ~3
        }
        return nil
    }

    /// tcpi_bytes_sent of this end, without tcpi_bytes_retrans.
    private static func sent(_ descriptor: Int32) -> UInt64 {
        var info = [UInt8](repeating: 0, count: 512)
        var length = socklen_t(info.count)
        unsafe getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &info, &length)
        return length >= 216 ? number(info, 200, 8) - number(info, 208, 8) : .max
    }

    private static func number(_ bytes: [UInt8], _ offset: Int, _ size: Int) -> UInt64 {
        (0..<size).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
    }
}
