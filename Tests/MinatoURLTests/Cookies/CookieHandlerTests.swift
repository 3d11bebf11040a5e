import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct CookieHandlerTests {
    private typealias Reply = ScriptedTransport.Reply

    private static func reply(_ status: Int, _ fields: (String, String)...) -> Reply {
        Reply(status: status, fields: fields)
    }

    private func opener(_ jar: CookieJar, _ transport: ScriptedTransport, _ more: any OpenerHandler...) -> URLOpener {
        URLOpener([CookieHandler(jar)] + more, transport: transport)
    }

    @Test func keepsWhatComesAndSendsIt() throws {
        let transport = ScriptedTransport(
            Self.reply(
                200, ("Set-Cookie", "a=1"), ("set-cookie", "b=2; Path=/x"), ("Set-Cookie", "c=3; Domain=evil.org")),
            Self.reply(200))
        let test = TestJar()
        let opener = opener(test.jar, transport)
        _ = try opener.openBlocking("http://h.com/x")
        _ = try opener.openBlocking("http://h.com/x")
        _ = try opener.openBlocking("http://other.com/x")
        #expect(transport.requests.map { $0.field("Cookie") } == [nil, "b=2; a=1", nil])
    }

    /// From a redirect, from an error, and from a challenge that is answered.
    @Test func takesFromEveryResponse() throws {
        let transport = ScriptedTransport(
            Self.reply(302, ("Set-Cookie", "a=1"), ("Location", "/next")),
            Self.reply(401, ("Set-Cookie", "b=2"), ("WWW-Authenticate", "Basic realm=R")),
            Self.reply(503, ("Set-Cookie", "c=3")))
        let test = TestJar()
        let passwords = PasswordManager()
        passwords.add(realm: nil, uri: "http://h.com/", user: "u", password: "p")
        let opener = opener(test.jar, transport, BasicAuthHandler(passwords))
        let error = #expect(throws: OpenError.self) { try opener.openBlocking("http://h.com/") }
        #expect(error?.blockingResponse?.status == 503)
        #expect(transport.requests.map { $0.field("Cookie") } == [nil, "a=1", "a=1; b=2"])
        #expect(transport.requests.allSatisfy { $0.fields.count { $0.isNamed("Cookie") } <= 1 })
        #expect(test.field("http://h.com/") == "a=1; b=2; c=3")
    }

    @Test func takesNothingFromAProxy() throws {
        let transport = ScriptedTransport(Self.reply(407, ("Set-Cookie", "a=1; Secure")))
        let test = TestJar()
        #expect(throws: OpenError.self) { try opener(test.jar, transport).openBlocking("https://h.com/") }
        #expect(test.jar.cookies.isEmpty)
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func sendsEachPlaceItsOwn(_ status: Int) throws {
        let transport = ScriptedTransport(
            Self.reply(status, ("Location", "http://evil.org/")), Self.reply(status, ("Location", "http://a.h.com/")),
            Self.reply(status, ("Location", "https://h.com/")), Self.reply(200))
        let test = TestJar()
        for field in ["host=1; Path=/", "all=2; Domain=h.com", "safe=3; Secure"] {
            test.take(field, from: "https://h.com/")
        }
        test.take("evil=4", from: "http://evil.org/")
        // http, so that the redirects lead from nothing private; what is secure is not sent.
        _ = try opener(test.jar, transport).openBlocking("http://h.com/")
        #expect(
            transport.requests.map { $0.field("Cookie") } == [
                "host=1; all=2", "evil=4", "all=2", "host=1; all=2; safe=3",
            ])
    }

    /// The program's own field, plain or unredirected: what each request carries.
    @Test(arguments: [
        (false, ["own=1", "own=1", "own=1", "b=2"]), (true, ["own=1", "own=1", "a=1", "b=2"]),
    ])
    func leavesTheProgramsOwnField(_ isUnredirected: Bool, _ sent: [String]) throws {
        let transport = ScriptedTransport(
            Self.reply(401, ("WWW-Authenticate", "Basic realm=R")), Self.reply(302, ("Location", "/next")),
            Self.reply(302, ("Location", "http://b.com/")), Self.reply(200))
        let test = TestJar()
        test.take("a=1", from: "http://a.com/")
        test.take("b=2", from: "http://b.com/")
        let passwords = PasswordManager()
        passwords.add(realm: nil, uri: "http://a.com/", user: "u", password: "p")
        var request = try URLOpener.Request("http://a.com/")
        try request.addField("Cookie", "own=1", unredirected: isUnredirected)
        _ = try opener(test.jar, transport, BasicAuthHandler(passwords)).openBlocking(request)
        #expect(transport.requests.map { $0.field("Cookie") ?? "" } == sent)
    }

    /// It has to know the way that a request takes, and to see responses that another handler answers.
    @Test func comesBetweenProxiesAndAnswers() {
        let handler = CookieHandler()
        #expect(ProxyHandler(.none).order < handler.order && handler.kind == nil)
        let passwords = PasswordManager()
        let others: [any OpenerHandler] = [
            RedirectHandler(), BasicAuthHandler(passwords), DigestAuthHandler(passwords),
            ProxyDigestAuthHandler(passwords),
        ]
        #expect(others.allSatisfy { handler.order < $0.order })
    }

    /// What goes to a proxy leaves the machine, whatever the host is called.
    @Test func bringsNothingSecureToAProxyForThisMachine() throws {
        let proxy = try Proxy("http://proxy.example:3128")
        for (policy, sent) in [(ProxyPolicy.none, "a=1; b=2"), (.fixed(proxy), "b=2")] {
            let transport = ScriptedTransport(Self.reply(200, ("Set-Cookie", "c=3; Secure")))
            let test = TestJar()
            test.take("a=1; Secure", from: "http://localhost/")
            test.take("b=2", from: "http://localhost/")
            _ = try opener(test.jar, transport, ProxyHandler(policy)).openBlocking("http://localhost/")
            #expect(transport.requests.map { $0.field("Cookie") } == [sent])
            #expect(test.jar.cookies.map(\.name) == (sent == "b=2" ? ["a", "b"] : ["a", "b", "c"]))
        }
    }

    @Test func showsNoValue() throws {
        let transport = ScriptedTransport(Self.reply(404, ("Set-Cookie", "b=c4n4ry")))
        let test = TestJar()
        test.take("a=c4n4ry; Path=/", from: "http://h.com/")
        test.take("c4n4ry", from: "http://h.com/")
        let opener = opener(test.jar, transport)
        let error = #expect(throws: OpenError.self) { try opener.openBlocking("http://h.com/") }
        let values: [Any?] = [
            test.jar, test.jar.cookies, CookieHandler(test.jar), opener, error, transport.requests,
        ]
        var text = ""
        for value in values {
            text += "\(value as Any)" + String(reflecting: value)
            dump(value, to: &text)
        }
        #expect(!text.contains("c4n4ry") && text.contains("a=(hidden); <h.com>; Path=/"))
        #expect(transport.requests.first?.field("Cookie") == "a=c4n4ry; c4n4ry")
    }

    /// Over a connection: bytes as they come, and as they go.
    @Test func carriesBytesOverTheWire() throws {
        let server = try RawServer { connection in
            while let request = connection.readRequest() {
                var reply = Array("HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n".utf8)
                reply += Array("Set-Cookie: a=\"\u{6771} 1\"; Path=/\r\nSet-Cookie:b=2;Secure\r\n".utf8)
                reply += Array("Set-Cookie: latin=".utf8) + [0xE9] + Array("\r\nset-cookie: c\r\n\r\n".utf8)
                connection.send(request.utf8.starts(with: "GET /next".utf8) ? Array(okay("done").utf8) : reply)
            }
        }
        let opener = URLOpener(CookieHandler())
        #expect(try opener.openBlocking(server.url(), timeout: .seconds(10)).status == 200)
        let fields = server.requests.map { $0.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("Cookie:") } }
        #expect(fields == [[], ["Cookie: a=\"\u{6771} 1\"; b=2; c"]])
    }

    @Test func threadsShareAJar() throws {
        let test = TestJar()
        let outcome = Outcome()
        for thread in 0..<4 {
            try outcome.run {
                for number in 0..<200 {
                    test.take("t\(thread)-\(number % 40)=\(number); Max-Age=9", from: "http://h.com/")
                    _ = test.field("http://h.com/")
                    if number % 50 == 49 { test.jar.remove { $0.name == "t\(thread)-0" } }
                }
            }
        }
        #expect(outcome.wait(4))
        #expect(test.jar.cookies.count == 4 * 39)
    }
}
