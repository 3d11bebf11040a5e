import TestSupport
import Testing

@testable import MinatoURL

/// Challenges of proxies, without one.
@Suite(.watchdog) struct ProxyAuthTests {
    private typealias Reply = ScriptedTransport.Reply

    /// Sends every request by a proxy, as a handler that knows the rules would.
    private struct ByProxy: OpenerHandler {
        let url: String
        var order: Int { 100 }
        func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError) {
            request.proxy = try Proxy(url)
        }
    }

    private static func challenge(_ value: String) -> Reply {
        Reply(status: 407, fields: [("Proxy-Authenticate", value)])
    }

    private static func opener(
        _ transport: ScriptedTransport, _ proxy: String? = "http://proxy:3128", for uri: String = "http://proxy:3128/"
    ) -> URLOpener {
        let passwords = Authentication.passwords(uri)
        let handlers: [any OpenerHandler] = [ProxyBasicAuthHandler(passwords), ProxyDigestAuthHandler(passwords)]
        return URLOpener(handlers + (proxy.map { [ByProxy(url: $0)] } ?? []), transport: transport)
    }

    private static func sent(_ transport: ScriptedTransport) -> [String] {
        transport.requests.map { request in
            #expect(request.field("Authorization") == nil)
            guard let field = request.field("Proxy-Authorization") else { return "-" }
            let parts = Authentication.parameters(field)
            guard let nonce = parts["nonce"] else { return String(field.prefix(5)) }
            return "\(parts["uri"] ?? "?") \(nonce)/\((parts["nc"] ?? "").drop { $0 == "0" })"
        }
    }

    /// A plain proxy gets the whole URL as its target; for https it is asked for a tunnel.
    @Test func digest() throws {
        let transport = ScriptedTransport { _, index in
            index == 0
                ? Self.challenge(#"Basic realm="P", Digest realm="P", nonce="n", qop="auth", domain="/x""#)
                : Reply(status: 200)
        }
        let opener = Self.opener(transport)
        for url in ["http://h/a?b#c", "http://i:81/", "https://h/a"] { _ = try opener.openBlocking(url) }
        #expect(Self.sent(transport) == ["-", "http://h/a?b n/1", "http://i:81/ n/2", "h:443 n/3"])
        let parts = Authentication.parameters(transport.requests[3].field("Proxy-Authorization"))
        let key = MD5.hexadecimal("Mufasa:P:Circle of Life")
        let request = MD5.hexadecimal("CONNECT:h:443")
        #expect(parts["response"] == MD5.hexadecimal("\(key):n:00000003:\(parts["cnonce"] ?? ""):auth:\(request)"))
    }

    /// What the proxy took goes along from then on, redirects to other servers included.
    @Test func basic() throws {
        let transport = ScriptedTransport { request, index in
            if request.field("Proxy-Authorization") == nil { return Self.challenge("Basic realm=P") }
            return index == 1 ? Reply(status: 302, fields: [("Location", "http://i/")]) : Reply(status: 200)
        }
        let opener = Self.opener(transport)
        for url in ["http://h/", "http://j/"] { _ = try opener.openBlocking(url) }
        #expect(Self.sent(transport) == ["-", "Basic", "Basic", "Basic"])
    }

    @Test func basicIsForgottenWhenRefused() throws {
        let transport = ScriptedTransport { _, index in
            index == 0 || index == 2 ? Self.challenge("Basic realm=P") : Reply(status: 200)
        }
        let opener = Self.opener(transport)
        _ = try opener.openBlocking("http://h/")
        let error = #expect(throws: OpenError.self) { try opener.openBlocking("http://h/") }
        #expect(error?.blockingResponse?.status == 407)
        _ = try opener.openBlocking("http://h/")
        #expect(Self.sent(transport) == ["-", "Basic", "Basic", "-"])
    }

    /// A server cannot have what is for a proxy, a proxy not what is for a server, and another proxy nothing at all.
    @Test func nobodyElseGetsAnAnswer() throws {
        let challenges = ["Digest realm=P, nonce=n", "Basic realm=P"]
        for (status, name, proxy, place) in [
            (407, "Proxy-Authenticate", nil, "http://h/"), (407, "Proxy-Authenticate", nil, "http://proxy:3128/"),
            (401, "WWW-Authenticate", "http://proxy:3128", "http://proxy:3128/"),
            (407, "Proxy-Authenticate", "http://other:3128", "http://proxy:3128/"),
            (407, "Proxy-Authenticate", "http://proxy:3128", "http://h/"),
            (407, "Proxy-Authenticate", "https://proxy:3128", "http://proxy:3128/"),
            (407, "WWW-Authenticate", "http://proxy:3128", "http://proxy:3128/"),
        ] {
            let transport = ScriptedTransport(Reply(status: status, fields: challenges.map { (name, $0) }))
            let opener = Self.opener(transport, proxy, for: place)
            let error = #expect(throws: OpenError.self) { try opener.openBlocking("http://h/") }
            #expect(error?.blockingResponse?.status == status && Self.sent(transport) == ["-"])
        }
    }

    /// Both ask, one after the other: each gets its own, and a count is used once.
    @Test func proxyThenServer() throws {
        let transport = ScriptedTransport { _, index in
            switch index {
            case 0: Self.challenge("Digest realm=P, nonce=p, qop=auth")
            case 1: Reply(status: 401, fields: [("WWW-Authenticate", "Digest realm=S, nonce=s, qop=auth")])
            default: Reply(status: 200)
            }
        }
        let opener = URLOpener(
            [
                ByProxy(url: "http://proxy:3128"), DigestAuthHandler(Authentication.passwords("http://h/")),
                ProxyDigestAuthHandler(Authentication.passwords("http://proxy:3128/")),
            ], transport: transport)
        for _ in 0..<2 { _ = try opener.openBlocking("http://h/a") }
        let sent = transport.requests.map { request in
            ["Proxy-Authorization", "Authorization"].map { name in
                let parts = Authentication.parameters(request.field(name))
                return parts["nc"].map { "\(parts["uri"] ?? "?") \($0.suffix(1))" } ?? "-"
            }
        }
        #expect(
            sent == [["-", "-"], ["http://h/a 1", "-"], ["http://h/a 2", "/a 1"], ["http://h/a 3", "/a 2"]])
    }

    @Test func credentialsOfTheProxysURL() throws {
        let transport = ScriptedTransport { request, _ in
            request.field("Proxy-Authorization") == nil ? Self.challenge("Basic realm=P") : Reply(status: 200)
        }
        let opener = URLOpener([ByProxy(url: "http://a%40b:c@proxy:3128")], transport: transport)
        for _ in 0..<2 { _ = try opener.openBlocking("http://h/") }
        #expect(
            transport.requests.map { $0.field("Proxy-Authorization") } == [nil, "Basic YUBiOmM=", "Basic YUBiOmM="])
        let text = "\(transport.requests)" + String(reflecting: transport.requests)
        #expect(!text.contains("a@b") && !text.contains("YUBiOmM="))
    }

    @Test func malformedChallengeIsAnError() {
        let transport = ScriptedTransport(Self.challenge("Digest realm=P"))
        let error = #expect(throws: OpenError.self) { try Self.opener(transport).openBlocking("http://h/") }
        #expect(error?.code == .badChallenge && error?.blockingResponse?.status == 407)
    }

    /// In a tunnel it is the server that says 407: it gets no answer, and what the proxy knows stays.
    @Test(arguments: ["Basic realm=P", "Digest realm=P, nonce=n"])
    func aServerIsNoProxy(_ challenge: String) throws {
        let passwords = Authentication.passwords("http://proxy:3128/")
        let handlers: [any OpenerHandler] = [ProxyBasicAuthHandler(passwords), ProxyDigestAuthHandler(passwords)]
        var request = try URLOpener.Request("https://h/")
        request.proxy = try Proxy("http://proxy:3128")
        var asked = Authentication.head(407, [("Proxy-Authenticate", challenge)])
        func answers() throws -> [String] {
            try handlers.compactMap { handler in
                guard case .retry(let next, _) = try handler.examine(asked, in: URLOpener.Exchange(request)) else {
                    return nil
                }
                return next.field("Proxy-Authorization")
            }
        }
        #expect(try answers().count == 1)
        asked.note(isDecoded: false, isOfTunnel: true, URLOpener.ConnectionInfo())
        #expect(try answers().isEmpty)
        // Nor does it change what the proxy has been told.
        for handler in handlers {
            var next = request
            try handler.prepare(&next, in: URLOpener.Exchange(request))
            guard let before = next.field("Proxy-Authorization") else { continue }
            #expect(before.hasPrefix("Digest"))
            #expect(throws: Never.self) { try handler.examine(asked, in: URLOpener.Exchange(next)) }
            var later = request
            try handler.prepare(&later, in: URLOpener.Exchange(request))
            #expect(later.field("Proxy-Authorization") != nil)
        }
    }
}
