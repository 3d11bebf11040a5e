import MinatoSocket
import TestSupport

@testable import MinatoURL

/// Transfers that share an opener and a loop with one that is given up, and must not notice: one that is under way all the time,
/// and one after another on a second connection.
final class Neighbour: Sendable {
    /// Whom they ask.
    final class Server: Sendable {
        fileprivate let raw: RawServer
        fileprivate let mayEnd = Gate()

        init() throws {
            let mayEnd = mayEnd
            raw = try RawServer { connection in
                while let request = connection.readRequest() {
                    guard request.hasPrefix("GET /held") else {
                        connection.send(okay("abc"))
                        continue
                    }
                    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")
                    mayEnd.wait()
                    connection.send("def")
                }
            }
        }
    }

    private let server: Server
    private let opener: URLOpener
    private let response: URLOpener.Response

    /// Begins the one that is under way.
    init(_ opener: URLOpener, _ server: Server? = nil) async throws {
        let server = if let server { server } else { try Server() }
        (self.opener, self.server) = (opener, server)
        response = try await opener.open(server.raw.url("/held"), timeout: .seconds(120))
    }

    /// Another transfer comes to its end.
    func isServed() async throws -> Bool {
        let body = try await opener.open(server.raw.url(), timeout: .seconds(60)).body.collect(upTo: 3)
        return body == Array("abc".utf8)
    }

    /// The one that was under way comes to its end, and all others have shared a connection.
    func isUnharmed() async throws -> Bool {
        server.mayEnd.open()
        return try await response.body.collect(upTo: 6) == Array("abcdef".utf8) && server.raw.peers.count == 2
    }
}
