import Glibc
import TestSupport

/// The client's end of a TCP connection, as the kernel tells it (sock_diag(7)): a test can see at once that it is closed, where
/// the server would have to wait for it.
struct ClientSocket: Hashable, Sendable {
    private let inode: Int

    /// Whether this process has it open.
    var isOpen: Bool { LeakCheck.openDescriptors().values.contains("socket:[\(inode)]") }

    struct Failure: Error {
        let code: Int32
    }

    /// All that lead to a port, or try to.
    static func all(to port: Int) throws -> Set<ClientSocket> {
        let netlink = socket(AF_NETLINK, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 4)
        defer { close(netlink) }
        guard netlink >= 0, unsafe send(netlink, question, question.count, 0) == question.count else {
            throw Failure(code: errno)
        }
        var found: Set<ClientSocket> = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe recv(netlink, &buffer, buffer.count, 0)
            guard count > 0 else { throw Failure(code: errno) }
            var message = buffer[..<count]
            while message.count >= 16 {
                // NLMSG_DONE, or an error.
                guard number(message, 4, 2) == 20 else { return found }
                // The port of the other end, and the inode, which is 0 when nobody has the socket any more.
                let (peer, inode) = (
                    number(message, 16 + 6, 1) << 8 | number(message, 16 + 7, 1), number(message, 84, 4)
                )
                if peer == port, inode != 0 { found.insert(ClientSocket(inode: inode)) }
                message = message.dropFirst((number(message, 0, 4) + 3) & ~3)
            }
        }
    }

    /// `struct nlmsghdr` and `struct inet_diag_req_v2`: a dump of what is TCP_ESTABLISHED, TCP_SYN_SENT or TCP_CLOSE_WAIT.
    private static let question: [UInt8] = {
        var request = [UInt8](repeating: 0, count: 16 + 56)
        // Length, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP.
        request.replaceSubrange(0..<8, with: [72, 0, 0, 0, 20, 0, 1, 3])
        request.replaceSubrange(16..<18, with: [UInt8(AF_INET), UInt8(IPPROTO_TCP)])
        let states = UInt32(1 << 1 | 1 << 2 | 1 << 8)
        for byte in 0..<4 { request[20 + byte] = UInt8(truncatingIfNeeded: states >> UInt32(8 * byte)) }
        return request
    }()

    private static func number(_ bytes: ArraySlice<UInt8>, _ offset: Int, _ size: Int) -> Int {
        (0..<size).reduce(0) { $0 | Int(bytes[bytes.startIndex + offset + $1]) << (8 * $1) }
    }
}
