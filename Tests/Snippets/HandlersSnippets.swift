import Minato
import Synchronization
import TestSupport
import Testing

/// The code of the article "Handlers", and what it says. All of it is run.
@Suite("Handlers: the article", .watchdog)
struct HandlersSnippets {
    private let passwords: PasswordManager = {
        let passwords = PasswordManager()
        passwords.add(realm: nil, uri: "http://h.example/", user: "klem", password: "s3cret")
        return passwords
    }()

    @Test("An opener is made of handlers")
    func opener() {
        let opener = URLOpener(CookieHandler(), DigestAuthHandler(passwords), BasicAuthHandler(passwords))
        _ = opener
        #expect([ProxyHandler().order, CookieHandler().order] == [100, 150])
        #expect([DigestAuthHandler().order, ProxyDigestAuthHandler().order] == [490, 490])
        #expect([RedirectHandler().order, BasicAuthHandler().order, ProxyBasicAuthHandler().order] == [500, 500, 500])
        #expect(DataHandler().order == 500)
    }

    @Test("A handler is tested by a call")
    func called() throws {
        let exchange = URLOpener.Exchange(try URLOpener.Request("http://h.example/old"))
        let verdict = try RedirectHandler().examine(.init(status: 404), in: exchange)
        guard case .accept = verdict else { throw OpenError(.closed, url: "", detail: "\(verdict)") }
    }

    struct StaysAtHome: OpenerHandler {
        func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError) {
            guard try URLReference(request.url).host == URLReference(exchange.original.url).host else {
                throw OpenError(
                    .init(rawValue: "leavesHome"), url: request.url, detail: "the redirect leads to another host")
            }
        }
    }

    @Test("What has happened is in the exchange")
    func exchange() async throws {
        let mock = MockTransport { request in
            switch request.url {
            case "http://h.example/": .init(status: 302, fields: [("Location", "/inside")])
            case "http://h.example/inside": .init(status: 302, fields: [("Location", "http://other.example/")])
            default: .init(status: 200)
            }
        }
        let error = await openError {
            _ = try await URLOpener(StaysAtHome(), transport: mock).open("http://h.example/")
        }
        #expect(error?.description == "handle http://other.example/: the redirect leads to another host (leavesHome)")
        #expect(mock.requests.map(\.url) == ["http://h.example/", "http://h.example/inside"])
    }

    struct APIKeyHandler: OpenerHandler {
        let key: String

        func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError) {
            guard request.url.hasPrefix("https://api.example/") else { return }
            try request.setField("X-Api-Key", key, sensitive: true, unredirected: true)
        }
    }

    @Test("A key goes where it belongs, hop by hop")
    func key() async throws {
        let mock = MockTransport { request in
            switch request.url {
            case "https://api.example/a": .init(status: 302, fields: [("Location", "/b")])
            case "https://api.example/b":
                .init(status: 302, fields: [("Location", "https://api.example.evil.example/")])
            default: .init(status: 200)
            }
        }
        _ = try await URLOpener(APIKeyHandler(key: "s3cret"), transport: mock).open("https://api.example/a")
        #expect(mock.requests.map { $0.field("X-Api-Key") } == ["s3cret", "s3cret", nil])
        #expect(!String(reflecting: mock.requests).contains("s3cret"))
    }

    struct NoRedirects: OpenerHandler {
        var kind: URLOpener.HandlerKind? { .redirect }
    }

    private func unredirected() -> URLOpener {
        let opener = URLOpener(NoRedirects(), DigestAuthHandler(passwords))
        return opener
    }

    @Test("A handler of a kind replaces the default one")
    func kind() async throws {
        try await withSite { _ in
            redirect(302, to: "/elsewhere")
        } _: { site, seen in
            let error = await openError { _ = try await unredirected().open(site) }
            #expect(error?.status == 302 && error?.response?.field("Location") == "/elsewhere")
            #expect(seen.all.count == 1)
        }
    }

    struct TokenHandler: OpenerHandler {
        let token: @Sendable () -> String

        func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError) {
            guard request.url.hasPrefix("https://api.example/") else { return }
            try request.setField("Authorization", "Bearer \(token())", unredirected: true)
        }

        func examine(
            _ head: URLOpener.ResponseHead, in exchange: URLOpener.Exchange
        ) throws(OpenError) -> URLOpener.Verdict {
            guard head.status == 440, exchange.hops.isEmpty else { return .accept }
            return .retry(exchange.request, because: .other)
        }
    }

    @Test("A handler asks again once, and one that never gives up is stopped")
    func verdicts() async throws {
        let count = Mutex(0)
        let handler = TokenHandler { count.withLock { count in "\(increment(&count))" } }
        let mock = MockTransport { request in
            .init(status: request.field("Authorization") == "Bearer 2" ? 200 : 440)
        }
        #expect(try await URLOpener(handler, transport: mock).open("https://api.example/").status == 200)
        #expect(mock.requests.map { $0.field("Authorization") } == ["Bearer 1", "Bearer 2"])
        // Now the tokens are 3 and 4, both stale.
        let refused = await openError { _ = try await URLOpener(handler, transport: mock).open("https://api.example/") }
        #expect(refused?.status == 440 && mock.requests.count == 4)

        struct Stubborn: OpenerHandler {
            func examine(
                _ head: URLOpener.ResponseHead, in exchange: URLOpener.Exchange
            ) throws(OpenError) -> URLOpener.Verdict {
                .retry(exchange.request, because: .other)
            }
        }
        let other = MockTransport { _ in .init(status: 200) }
        let error = await openError { _ = try await URLOpener(Stubborn(), transport: other).open("http://h.example/") }
        #expect(error?.code == .tooManyRetries && other.requests.count == 50)
    }

    @Test("The first that does not accept decides, and what it throws or fails with has the response")
    func failing() async throws {
        struct Failing: OpenerHandler {
            var throwing: Bool
            func examine(
                _ head: URLOpener.ResponseHead, in exchange: URLOpener.Exchange
            ) throws(OpenError) -> URLOpener.Verdict {
                if throwing { throw OpenError(.init(rawValue: "mine"), url: exchange.request.url, detail: "no") }
                return .fail(.init(rawValue: "mine"), "no")
            }
        }
        for throwing in [true, false] {
            let opener = URLOpener(
                Failing(throwing: throwing),
                transport: MockTransport { _ in .init(status: 302, fields: [("Location", "/x")]) })
            let error = await openError { _ = try await opener.open("http://h.example/") }
            #expect(error?.description == "handle http://h.example/: no (mine)" && error?.response?.status == 302)
        }
    }

    struct BuiltIn: OpenerHandler {
        let pages: [String: String]

        func answer(
            _ request: URLOpener.Request, in exchange: URLOpener.Exchange
        ) throws(OpenError) -> URLOpener.Answer? {
            guard request.url.hasPrefix("built-in:") else { return nil }
            guard let page = pages[String(request.url.dropFirst(9))] else { return .init(head: .init(status: 404)) }
            return .init(head: .init(status: 200, reason: "OK"), body: Array(page.utf8))
        }
    }

    @Test("A handler that answers by itself is judged as a server would be")
    func answers() async throws {
        let opener = URLOpener(BuiltIn(pages: ["port": "港"]))
        let response = try await opener.open("built-in:port")
        #expect(text(try await response.body.collect(upTo: 9)) == "港" && response.remoteAddress == nil)
        let error = await openError { _ = try await opener.open("built-in:other") }
        #expect(error?.status == 404 && error?.response != nil)
    }

    @Test("Schemes of handlers' own")
    func schemes() async throws {
        let opener = URLOpener(BuiltIn(pages: [:]), ProxyHandler(.fixed(try Proxy("http://127.0.0.1:1"))))
        #expect(await openError { _ = try await opener.open("gopher://h.example:70/x") }?.code == .unsupportedScheme)
        #expect(await openError { _ = try await opener.open("BUILT-IN:x") }?.status == 404)
        for url in ["klem:secret@host", "mem:a@b", "localhost:80/", "mem:a b"] {
            #expect(#expect(throws: OpenError.self) { try URLOpener.Request(url) }?.code == .badURL)
        }
        #expect(try URLOpener.Request("gopher://klem:secret@host:70/x").url == "gopher://host:70/x")
        #expect(try URLOpener.Request("mem:///x").url == "mem:///x")
        let leading = MockTransport { _ in .init(status: 302, fields: [("Location", "built-in:port")]) }
        let led = await openError {
            _ = try await URLOpener(BuiltIn(pages: ["port": "港"]), transport: leading).open("http://h.example/")
        }
        #expect(led?.code == .unsupportedScheme && led?.status == 302)
    }

    @Test("data: URLs")
    func data() async throws {
        let opener = URLOpener()
        let response = try await opener.open("data:text/plain;charset=utf-8;base64,5riv")
        print(response.field("Content-Type") ?? "")  // text/plain;charset=utf-8
        #expect(response.field("Content-Type") == "text/plain;charset=utf-8")
        #expect(text(try await response.body.collect(upTo: 9)) == "港")
        #expect(await openError { _ = try await opener.open("data:,x", body: []) }?.code == .badRequest)
        let leading = URLOpener(transport: MockTransport { _ in .init(status: 302, fields: [("Location", "data:,x")]) })
        #expect(await openError { _ = try await leading.open("http://h.example/") }?.code == .unsupportedScheme)
    }

    struct Log: OpenerHandler {
        var order: Int { 1 }
        let write: @Sendable (String) -> Void

        func examine(
            _ head: URLOpener.ResponseHead, in exchange: URLOpener.Exchange
        ) throws(OpenError) -> URLOpener.Verdict {
            write("\(exchange.hops.count) \(exchange.request) \(head.status)")
            return .accept
        }
    }

    @Test("A handler that watches sees redirects and challenges, and no secret")
    func log() async throws {
        let mock = MockTransport { request in
            if request.url.hasSuffix("/") { return .init(status: 301, fields: [("Location", "/in")]) }
            guard request.field("Authorization") == nil else { return .init(status: 200) }
            return .init(status: 401, fields: [("WWW-Authenticate", "Basic realm=\"R\"")])
        }
        let seen = SeenRequests()
        let opener = URLOpener(Log { seen.append($0) }, BasicAuthHandler(passwords), transport: mock)
        _ = try await opener.open("http://u:s3cret@h.example/")
        #expect(
            seen.all == [
                "0 GET http://h.example/ 301", "1 GET http://h.example/in 401", "2 GET http://h.example/in 200",
            ])
    }
}

private func increment(_ number: inout Int) -> Int {
    number += 1
    return number
}
