import Glibc
import MinatoSocket
import TestSupport

/// An address whose host answers no SYN: a listener with a full queue, where nobody accepts.
final class SilentListener: Sendable {
    let url: String
    let port: Int
    private let sockets: [SharedSocket]

    init() throws {
        let listener = try Socket(.ipv4, .stream)
        try listener.bind(to: SocketAddress(host: "127.0.0.1", port: 0))
        try listener.listen(backlog: 0)
        let address = try listener.localAddress
        url = "http://\(address)/"
        port = address.port ?? 0
        var sockets = [SharedSocket(listener)]
        // Until one finds no place any more.
        for _ in 0..<16 {
            var client = try Socket(.ipv4, .stream)
            try client.setTimeout(.milliseconds(100))
            let isTaken = (try? client.connect(to: address)) != nil
            sockets.append(SharedSocket(client))
            if !isTaken { break }
        }
        self.sockets = sockets
    }
}
