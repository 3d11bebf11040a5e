import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct RedirectTests {
    private typealias Reply = ScriptedTransport.Reply

    /// The transport's answer `status` to the first request, 200 to later ones.
    private func transport(_ status: Int, _ location: String?) -> ScriptedTransport {
        let fields = location.map { [("Location", $0)] } ?? []
        return ScriptedTransport(Reply(status: status, fields: fields, body: "moved"), Reply(status: 200, body: "end"))
    }

    private func open(
        _ request: URLOpener.Request, _ transport: ScriptedTransport, _ handlers: any OpenerHandler...
    ) throws(OpenError) -> URLOpener.BlockingResponse {
        try URLOpener(handlers, transport: transport).openBlocking(request)
    }

    /// Python's 25 cells, with POST 307 and 308 followed: the method that arrives, or nil when the redirect is the result.
    @Test(arguments: ["GET", "HEAD", "POST", "PUT", "DELETE"], [301, 302, 303, 307, 308])
    func followsByMethodAndStatus(_ method: String, _ status: Int) throws {
        let expected: String? =
            switch method {
            case "GET", "HEAD": method
            case "POST": status <= 303 ? "GET" : "POST"
            default: nil
            }
        let body: [UInt8]? = method == "POST" || method == "PUT" ? [1, 2] : nil
        let transport = transport(status, "/there")
        let request = try URLOpener.Request("http://h/", method: method, body: body)
        guard let expected else {
            let error = #expect(throws: OpenError.self) { try open(request, transport) }
            #expect(error?.code == .httpStatus && error?.blockingResponse?.status == status)
            #expect(try error?.blockingResponse?.body.collect(upTo: 9) == Array("moved".utf8))
            return
        }
        let response = try open(request, transport)
        #expect(response.url == "http://h/there")
        let last = try #require(transport.requests.last)
        #expect(last.method == expected)
        #expect(last.body?.bytes == (expected == "POST" ? [1, 2] : nil))
        #expect((last.field("Content-Type") != nil) == (expected == "POST"))
    }

    @Test(arguments: [300, 304, 305, 306, 399])
    func otherStatusesAreErrors(_ status: Int) throws {
        let error = #expect(throws: OpenError.self) {
            try open(URLOpener.Request("http://h/"), transport(status, "/there"))
        }
        #expect(error?.description == "open http://h/: \(status) (httpStatus)")
    }

    @Test func missingLocationIsTheResult() throws {
        let error = #expect(throws: OpenError.self) { try open(URLOpener.Request("http://h/"), transport(302, nil)) }
        #expect(error?.code == .httpStatus && error?.blockingResponse?.status == 302)
    }

    @Test(arguments: [
        ("http://i/x", "http://i/x"), ("/x", "http://h/x"), ("x", "http://h/a/x"), ("?y", "http://h/a/b?y"),
        ("#s", "http://h/a/b?q#s"), ("", "http://h/a/b?q#f"), ("//i:81", "http://i:81/#f"),
        ("../../../x", "http://h/x"),
        ("/\u{e9} \u{6771}", "http://h/%C3%A9%20%E6%9D%B1"), ("http://u:canary@i/", "http://i/"),
        ("HTTPS://I/x", "https://I/x"), ("/x#own", "http://h/x#own"),
    ])
    func resolvesLocation(_ location: String, _ expected: String) throws {
        let transport = transport(302, location)
        let response = try open(URLOpener.Request("http://h/a/b?q#f"), transport)
        let expected = expected.contains("#") ? expected : expected + "#f"
        #expect(response.url == expected)
        #expect(transport.requests.last?.location.userInformation == nil)
    }

    @Test(arguments: [
        ("file:///etc/passwd", OpenError.Code.unsupportedScheme), ("ftp://h/", .unsupportedScheme),
        ("gopher://h/", .unsupportedScheme),
        ("http://", .badURL), ("http:///x", .badURL), ("http://h:x/", .badURL),
        ("javascript:alert(1)", .unsupportedScheme),
        ("http://[/", .badURL), ("http:x", .badURL), ("data:,x", .unsupportedScheme),
    ])
    func refusesTargets(_ location: String, _ code: OpenError.Code) throws {
        let transport = transport(302, location)
        let error = #expect(throws: OpenError.self) { try open(URLOpener.Request("http://h/"), transport) }
        #expect(error?.code == code && error?.blockingResponse?.status == 302 && error?.url == "http://h/")
        #expect(transport.requests.count == 1)
    }

    @Test func refusesDowngradeUnlessAllowed() throws {
        let transport = transport(302, "http://h/")
        let request = try URLOpener.Request("https://h/")
        let error = #expect(throws: OpenError.self) { try open(request, transport) }
        #expect(error?.code == .insecureRedirect && transport.requests.count == 1)
        let allowed = self.transport(302, "http://h/")
        #expect(try open(request, allowed, RedirectHandler(allowsInsecure: true)).url == "http://h/")
    }

    @Test func endsEndlessChains() throws {
        let chain = ScriptedTransport { _, index in Reply(status: 302, fields: [("Location", "/\(index)")]) }
        #expect(throws: OpenError.self) { try open(URLOpener.Request("http://h/"), chain) }
        #expect(chain.requests.count == 11)
        let loop = transport(302, "/")
        let always = ScriptedTransport { request, _ in Reply(status: 302, fields: [("Location", "/")]) }
        let error = #expect(throws: OpenError.self) { try open(URLOpener.Request("http://h/"), always) }
        #expect(error?.code == .tooManyRedirects && always.requests.count == 5)
        #expect(error?.blockingResponse?.status == 302)
        #expect(try open(URLOpener.Request("http://h/"), loop).status == 200)
    }

    @Test func countsVisitsToAURLInALongerLoop() throws {
        let pingPong = ScriptedTransport { request, _ in
            Reply(status: 302, fields: [("Location", request.url.hasSuffix("a") ? "/b" : "/a")])
        }
        #expect(throws: OpenError.self) { try open(URLOpener.Request("http://h/a"), pingPong) }
        // b and a are reached four times each; the fifth b is refused.
        #expect(pingPong.requests.count == 9)
    }

    /// A target, and the fields that are left of all.
    @Test(arguments: [
        ("http://h/x", "authorization cookie proxy-authorization host x-secret x-plain"),
        ("http://H:80/x", "authorization cookie proxy-authorization host x-secret x-plain"),
        ("http://i/x", "x-plain"),
        ("http://h:81/x", "x-plain"),
        ("https://h/x", "x-plain"),
    ])
    func dropsWhatIsSecret(_ location: String, _ left: String) throws {
        let transport = transport(302, location)
        var request = try URLOpener.Request("http://h/")
        for name in ["authorization", "cookie", "proxy-authorization", "host"] { try request.addField(name, "canary") }
        try request.addField("x-secret", "canary", sensitive: true)
        try request.addField("x-plain", "1")
        try request.addField("x-once", "canary", unredirected: true)
        _ = try open(request, transport)
        let last = try #require(transport.requests.last)
        let names = last.fields.map(\.name).filter { $0 != "User-Agent" && $0 != "Accept-Encoding" }
        #expect(names.joined(separator: " ") == left)
        #expect(last.fields.contains { $0.value == "canary" } == (left != "x-plain"))
    }

    @Test func comesBackWithoutWhatWasDropped() throws {
        let transport = ScriptedTransport(
            Reply(status: 302, fields: [("Location", "http://i/")]),
            Reply(status: 302, fields: [("Location", "http://h/")]),
            Reply(status: 200))
        var request = try URLOpener.Request("http://h/")
        try request.addField("Cookie", "canary")
        _ = try open(request, transport)
        #expect(transport.requests.map { $0.field("Cookie") != nil } == [true, false, false])
    }
}
