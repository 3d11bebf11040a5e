import Minato
import MinatoSocket

/// A web site of one page, for the demonstration: HTTP/1.1, one request a connection, Basic authentication if wanted.
final class DemoHTTPServer: @unchecked Sendable {
    /// A request that came, as far as the demonstration cares.
    struct Request: Sendable {
        let line: String
        let isAuthorized: Bool
    }

    /// A page of more than 300 bytes, some of them not ASCII.
    static let page = """
        <!DOCTYPE html>
        <html lang="ja">
        <head><meta charset="utf-8"><title>港</title></head>
        <body>
        <h1>Minato 港</h1>
        <p>A port: a place where things come in and go out. This page is served by a small program on a TCPServer and \
        fetched with urlopen, which reads exactly as many bytes as it is asked for, unless the body ends first, \
        however many pieces it arrives in.</p>
        </body>
        </html>

        """

    private let server: TCPServer
    private let lock = Lock()
    /// Guarded by `lock`.
    private var seen: [Request] = []
    private var serving: ServingThread?

    /// Starts to serve on a port that the system chooses.
    init(body: [UInt8], realm: String? = nil, user: String = "", password: String = "") throws(SocketError) {
        server = try TCPServer(on: .tcp("127.0.0.1", 0))
        let expected = "Basic " + Self.base64(Array("\(user):\(password)".utf8))
        serving = try ServingThread { [self, server] () throws(SocketError) in
            try server.serveBlocking { connection, _ in
                let (line, authorization) = try Self.readHead(connection)
                let isAuthorized = authorization == expected
                self.lock.withLock { self.seen.append(Request(line: line, isAuthorized: isAuthorized)) }
                if let realm, !isAuthorized {
                    try connection.sendAll(Self.refusal(realm))
                } else {
                    try Self.send(body, over: connection)
                }
            }
        }
    }

    /// `127.0.0.1:PORT`.
    var authority: String { "\(server.address)" }

    /// The requests so far.
    var requests: [Request] { lock.withLock { seen } }

    /// Ends it.
    func stop() {
        server.shutdown()
        try? serving?.join()
    }

    /// Reads a request's head: its first line, and the value of its Authorization field.
    private static func readHead(_ connection: borrowing Socket) throws -> (line: String, authorization: String?) {
        var reader = SocketReader()
        var lines: [String] = []
        while let bytes = try reader.readLine(limit: 8192, from: connection), lines.count < 100 {
            let line = String(decoding: bytes.filter { $0 != 13 && $0 != 10 }, as: UTF8.self)
            if line.isEmpty { break }
            lines.append(line)
        }
        let field = "authorization:"
        let authorization = lines.first { $0.lowercased().hasPrefix(field) }
        return (lines.first ?? "", authorization.map { String($0.dropFirst(field.count).drop { $0 == " " }) })
    }

    private static func refusal(_ realm: String) -> String {
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"\(realm)\"\r\nContent-Length: 0\r\n"
            + "Connection: close\r\n\r\n"
    }

    /// Sends the page in pieces, as a network would.
    private static func send(_ body: [UInt8], over connection: borrowing Socket) throws {
        try connection.sendAll(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: \(body.count)\r\n"
                + "Connection: close\r\n\r\n")
        try connection.setOption(.noDelay, true)
        var rest = body[...]
        while !rest.isEmpty {
            try connection.sendAll(Array(rest.prefix(100)))
            rest = rest.dropFirst(100)
        }
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 {
                text.append(place <= group.count ? alphabet[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
