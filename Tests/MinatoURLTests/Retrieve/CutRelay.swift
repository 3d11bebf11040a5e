import MinatoSocket

@testable import MinatoURL

/// A relay to a server, which closes the first connection in the middle of the body.
struct CutRelay {
    /// What the relay is: its URL leads to the server.
    let server: RawServer

    /// - Parameters:
    ///   - port: The server's port at 127.0.0.1.
    ///   - count: How many bytes of its first response come through, the head included.
    init(to port: Int, cut count: Int) throws {
        server = try RawServer { connection in
            guard let request = connection.readRequest(),
                let upstream = try? Socket.connect(to: .tcp("127.0.0.1", port)),
                // So that the server ends the connection after its response, and with it the loop below.
                (try? upstream.sendAll(request.dropLast() + "Connection: close\r\n\r\n")) != nil
            else { return }
            var left = connection.index == 0 ? count : .max
            while left > 0, let bytes = try? upstream.receive(atMost: min(left, 65_536)), !bytes.isEmpty {
                guard connection.send(bytes) else { return }
                left -= bytes.count
            }
        }
    }
}
