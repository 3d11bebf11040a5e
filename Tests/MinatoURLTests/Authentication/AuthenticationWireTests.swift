import TestSupport
import Testing

@testable import MinatoURL

/// What authentication puts on the wire and what it must not, against servers that send chosen bytes.
@Suite(.watchdog) struct AuthenticationWireTests {
    private static let canary = "c4n4ry"

    private static func unauthorized(_ challenges: String...) -> String {
        "HTTP/1.1 401 No\r\n" + challenges.map { "WWW-Authenticate: \($0)\r\n" }.joined() + "Content-Length: 0\r\n\r\n"
    }

    /// The target that is hashed is the one of the first line, byte for byte.
    @Test(arguments: [
        "", "/", "/a/../b/./c", "/a?", "/a?b", "/a?b=c?d", "/%41%2f%zz", "/a;b=c", "/x@y:z", "/\u{e9}?\u{e9}", "?q",
        "/a#f", "/a\"b",
        "/a\\b", "//a", "/?a/../b",
    ])
    func hashesTheTargetThatIsSent(_ rest: String) throws {
        let server = try RawServer { connection in
            connection.answerAll { request in
                request.contains("Authorization:") ? okay("") : Self.unauthorized("Digest realm=R, nonce=n, qop=auth")
            }
        }
        let url = "http://127.0.0.1:\(server.port)"
        let opener = URLOpener(DigestAuthHandler(Authentication.passwords(url)))
        for _ in 0..<2 { _ = try opener.openBlocking(url + rest, timeout: .seconds(10)).body.collect(upTo: 1) }
        #expect(server.requests.count == 3)
        for (request, count) in zip(server.requests.dropFirst(), 1...) {
            let target = request.split(separator: " ")[1]
            let field = request.split(separator: "\r\n").first { $0.hasPrefix("Authorization: ") }
            let parts = Authentication.parameters(field.map { String($0.dropFirst(15)) })
            let key = MD5.hexadecimal("Mufasa:R:Circle of Life")
            let answer = "\(key):n:0000000\(count):\(parts["cnonce"] ?? ""):auth:" + MD5.hexadecimal("GET:\(target)")
            #expect(parts["uri"] == String(target) && parts["response"] == MD5.hexadecimal(answer))
        }
    }

    /// Everything that a program might print of a value.
    private func printed(_ values: Any?...) -> String {
        var text = ""
        for value in values {
            text += "\(value as Any)" + String(reflecting: value)
            dump(value, to: &text)
        }
        return text
    }

    /// However it ends, credentials of the URL are in no first line, in no Referer, and in nothing that can be printed. The
    /// password itself is on the wire with Basic only.
    @Test(arguments: [
        (["Digest realm=R, nonce=n, qop=auth"], nil), (["Basic realm=R"], nil),
        (["Digest realm=R, nonce=n, algorithm=SHA-256", "Basic realm=R"], nil),
        (["Digest realm=R"], "badChallenge"), (["Digest realm=R, nonce=n, algorithm=X"], "unsupportedChallenge"),
        (["Basic realm=R, realm=S"], "badChallenge"), (["Negotiate"], "httpStatus"),
        (["Digest realm=R, nonce=n, qop=auth", "refuse"], "httpStatus"), (["Basic realm=R", "refuse"], "httpStatus"),
    ])
    func showsNothing(_ challenges: [String], _ code: String?) throws {
        let refuses = challenges.last == "refuse"
        let asked = challenges.filter { $0 != "refuse" }
        let server = try RawServer { connection in
            connection.answerAll { request in
                if request.contains("Authorization:") && !refuses { return okay("") }
                return "HTTP/1.1 401 No\r\n" + asked.map { "WWW-Authenticate: \($0)\r\n" }.joined()
                    + "Content-Length: 0\r\n\r\n"
            }
        }
        let url = "http://canary%75ser:\(Self.canary)@127.0.0.1:\(server.port)/a"
        var request = try URLOpener.Request(url)
        try request.setField("Referer", url)
        let handlers: [any OpenerHandler] = [DigestAuthHandler(), BasicAuthHandler()]
        let opener = URLOpener(handlers[0], handlers[1])
        var results: [Any?] = [request, opener, handlers]
        do throws(OpenError) {
            // Twice, so that there is a nonce to show.
            for _ in 0..<2 { results.append(try opener.openBlocking(request, timeout: .seconds(10))) }
            #expect(code == nil)
        } catch {
            #expect(error.code.rawValue == code)
            results.append(error)
            results.append(error.response)
        }
        let text = printed(results)
        #expect(!text.contains(Self.canary) && !text.contains("canary%75ser:"))
        let sent = server.requests.joined()
        #expect(!sent.contains(Self.canary) && !sent.contains("canary%75ser"))
        #expect(server.requests.allSatisfy { $0.contains("Referer: http://127.0.0.1:\(server.port)/a\r\n") })
        let encoded = Base64.encode("canaryuser:\(Self.canary)".utf8)
        let shows = sent.contains("Authorization: Basic")
        #expect(sent.contains(encoded) == shows && shows == (asked == ["Basic realm=R"]))
    }
}
