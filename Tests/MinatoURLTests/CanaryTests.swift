import TestSupport
import Testing

@testable import MinatoURL

/// A secret in every place that takes one: never at another origin, never in anything that is printed.
@Suite(.watchdog) struct CanaryTests {
    private static let canary = "c4n4ry"

    /// Everything that a program might print of a value.
    private func printed(_ values: Any?...) -> String {
        var text = ""
        for value in values {
            text += "\(value as Any)" + String(reflecting: value)
            dump(value, to: &text)
        }
        return text
    }

    private func request(_ server: RawServer, _ method: String) throws -> URLOpener.Request {
        var request = try URLOpener.Request(
            "http://klem:\(Self.canary)@127.0.0.1:\(server.port)/", method: method,
            body: method == "GET" ? nil : Array("body".utf8))
        for name in ["Authorization", "Cookie", "Proxy-Authorization"] { try request.addField(name, Self.canary) }
        try request.addField("X-Sensitive", Self.canary, sensitive: true)
        try request.addField("X-Unredirected", "once", unredirected: true)
        return request
    }

    @Test(arguments: [301, 302, 303, 307, 308], ["GET", "POST"])
    func staysAtItsOrigin(_ status: Int, _ method: String) throws {
        let target = try RawServer { connection in
            connection.answerAll { request in
                // Asks for credentials too: those of the first URL are not for this place.
                "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"R\"\r\nContent-Length: 0\r\n\r\n"
            }
        }
        let passwords = PasswordManager()
        let origin = try RawServer { connection in
            connection.answerAll { _ in
                "HTTP/1.1 \(status) Moved\r\nLocation: \(target.url("/x"))\r\nContent-Length: 0\r\n\r\n"
            }
        }
        passwords.add(realm: "R", uri: origin.url(), user: "klem", password: Self.canary)
        passwords.add(realm: "R", uri: "https://127.0.0.1:\(target.port)/", user: "klem", password: Self.canary)
        let opener = URLOpener(BasicAuthHandler(passwords))
        // The second time over connections that are there already.
        for _ in 0..<2 {
            let request = try request(origin, method)
            let error = #expect(throws: OpenError.self) { try opener.openBlocking(request, timeout: .seconds(40)) }
            #expect(error?.blockingResponse?.status == 401 && error?.url == target.url("/x"))
            let text = printed(error, error?.blockingResponse, request, opener, passwords)
            #expect(!text.contains(Self.canary) && text.contains("401"))
        }
        #expect(origin.requests.allSatisfy { $0.contains(Self.canary) } && origin.requests.count == 2)
        #expect(!target.requests.contains { $0.contains(Self.canary) } && target.requests.count == 2)
        #expect(!target.requests.contains { $0.contains("once") })
        #expect(origin.peers.count == 1 && target.peers.count == 1)
    }

    @Test func errorsOfEveryPhaseAreClean() throws {
        let server = try RawServer { connection in
            guard let request = connection.readRequest() else { return }
            switch request.dropFirst(5).prefix(1) {
            case "1": connection.send("garbage")
            case "2": connection.send("HTTP/1.1 302 Found\r\nLocation: http://u:\(Self.canary)@h:x/\r\n\r\n")
            case "3": connection.send("HTTP/1.1 302 Found\r\nLocation: ftp://u:\(Self.canary)@h/\r\n\r\n")
            case "4": connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
            default: return
            }
        }
        for path in 0..<5 {
            let error = #expect(throws: OpenError.self) {
                var request = try request(server, "GET")
                try request.setURL("http://klem:\(Self.canary)@127.0.0.1:\(server.port)/\(path)")
                try _ = URLOpener().openBlocking(request, timeout: .seconds(40)).body.read(9)
            }
            let text = printed(error)
            #expect(!text.contains(Self.canary))
        }
        for url in [
            "http://u:\(Self.canary)@h:x/", "ftp://u:\(Self.canary)@h/", "u:\(Self.canary)@h",
            "http://a:\(Self.canary)@ /",
        ] {
            let error = #expect(throws: OpenError.self) { try URLOpener.Request(url) }
            let text = printed(error)
            #expect(!text.contains(Self.canary))
        }
    }
}
