import Glibc
import MinatoSocket

/// An address that answers nothing: a listener whose backlog is full, for which the kernel drops every further SYN.
final class Blackhole: Sendable {
    let address: SocketAddress
    private let listener: Socket
    private let fillers: [Int32]

    init(_ host: String = "127.0.0.1") throws {
        listener = try Socket.listen(on: .tcp(host, 0), backlog: 0)
        address = try listener.localAddress
        // The kernel takes one connection more than the backlog.
        var fillers: [Int32] = []
        while true {
            do throws(SocketError) {
                fillers.append(try Socket.connect(to: .address(address), timeout: .milliseconds(100)).detach())
            } catch {
                guard error.code == .timedOut else { throw error }
                break
            }
        }
        self.fillers = fillers
    }

    /// How many sockets of its own are connected to it.
    var fillerCount: Int { fillers.count }

    deinit {
        for filler in fillers { close(filler) }
    }
}
