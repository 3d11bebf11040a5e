import Glibc
import MinatoSocket
import TestSupport

/// A free port for a program that cannot bind port 0 and tell.
///
/// A socket that is bound, and does not listen, holds the port until the program has it: both have SO_REUSEADDR.
final class HeldPort: Sendable {
    let address: SocketAddress
    private let holder: SharedSocket

    init() throws {
        let socket = try Socket.bound(to: .tcp("127.0.0.1", 0))
        address = try socket.localAddress
        holder = SharedSocket(socket)
    }

    var port: Int { address.port ?? 0 }

    /// Waits until the program listens, which nothing announces.
    func waitUntilItListens() throws(SocketError) {
        let patience = Deadline.after(.seconds(20))
        while true {
            do throws(SocketError) {
                try Socket.connect(to: .address(address)).close()
                return
            } catch {
                guard error.code == .connectionRefused, !patience.hasPassed else { throw error }
                // How often it looks; no result depends on it.
                usleep(2000)
            }
        }
    }
}
