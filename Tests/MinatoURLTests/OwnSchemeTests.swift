import HTTPTypes
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// Schemes that only a handler of the program's own can answer.
@Suite(.watchdog) struct OwnSchemeTests {
    /// Answers two schemes, and keeps what it is asked for.
    private final class Memory: OpenerHandler {
        private let kept = Outcome.Kept<URLOpener.Request>()
        var asked: [URLOpener.Request] { kept.values }

        func answer(
            _ request: URLOpener.Request, in exchange: URLOpener.Exchange
        ) throws(OpenError) -> URLOpener.Answer? {
            guard ["mem", "gopher"].contains(request.location.origin.scheme) else { return nil }
            kept.append(request)
            let path = request.url.split(separator: "/").last.map { $0.split(separator: ":").last ?? $0 } ?? ""
            switch path {
            case "away": return .init(head: .init(status: 302, fields: [.location: "http://h.example/"]))
            case "inside": return .init(head: .init(status: 302, fields: [.location: "mem:page"]))
            case "relative": return .init(head: .init(status: 302, fields: [.location: "page"]))
            case "private":
                return .init(
                    head: .init(
                        status: 401, fields: [.wwwAuthenticate: "Basic realm=R", .setCookie: "a=1", .location: "x"]))
            case "digest":
                return .init(
                    head: .init(status: 401, fields: [.wwwAuthenticate: "Digest realm=R, nonce=n, qop=\"auth\""]))
            case "proxy":
                return .init(head: .init(status: 407, fields: [.proxyAuthenticate: "Basic realm=R"]))
            case "missing": return .init(head: .init(status: 404))
            default: return .init(head: .init(status: 200, fields: [.setCookie: "a=1"]), body: Array("page".utf8))
            }
        }
    }

    @Test(arguments: Face.allCases, ["mem:page", "mem:///page", "MEM:page#here", "gopher://u:p@h.example:70/page"])
    func handlersAnswer(_ face: Face, _ url: String) async throws {
        let memory = Memory()
        let response = try await face.open(URLOpener(memory), url)
        #expect(try await response.body.collect(upTo: 9) == Array("page".utf8))
        #expect(memory.asked.map(\.url) == [try URLOpener.Request(url).url])
        #expect(response.url == memory.asked.first?.url)
        let error = await #expect(throws: OpenError.self) { try await face.open(URLOpener(memory), "mem:missing") }
        #expect(error?.description == "open mem:missing: 404 (httpStatus)")
    }

    /// Neither to the host that it names nor to a proxy; a mock is not asked either.
    @Test(
        arguments: Face.allCases,
        ["gopher", "dict", "telnet", "smtp", "ws", "ftp", "ftps", "scp", "socks5", "mem", "httpx", "unix"])
    func withoutAHandlerNothingIsSent(_ face: Face, _ scheme: String) async throws {
        let server = try RawServer { $0.answerAll { _ in okay("abc") } }
        let url = "\(scheme)://127.0.0.1:\(server.port)/x"
        let mock = MockTransport { _ in .init(status: 200) }
        let proxy = ProxyHandler(.fixed(try Proxy("http://127.0.0.1:\(server.port)")))
        for opener in [URLOpener(), URLOpener(proxy, CookieHandler()), URLOpener(transport: mock)] {
            let error = await #expect(throws: OpenError.self) { try await face.open(opener, url) }
            #expect(error?.description == "handle \(url): no handler answers the scheme \(scheme) (unsupportedScheme)")
        }
        #expect(server.peers.isEmpty && mock.requests.isEmpty)
    }

    /// Were it given one, libcurl would not speak it.
    @Test(arguments: ["gopher", "dict", "telnet", "tftp", "file", "ftp", "smtp", "mem"])
    func libcurlSpeaksHTTPOnly(_ scheme: String) throws {
        let server = try RawServer { $0.answerAll { _ in okay("abc") } }
        let host = scheme == "file" ? "" : "127.0.0.1:\(server.port)"
        let request = try URLOpener.Request("\(scheme)://\(host)/etc/hostname")
        let limits = HopLimits(connect: .seconds(40), firstByte: .seconds(40), idle: nil, deadline: .none)
        let error = #expect(throws: OpenError.self) { try CurlTransport().performBlocking(request, limits) }
        #expect(error?.code == .unsupportedScheme && server.peers.isEmpty, "\(error as Any)")
    }

    /// From a server never, and not from one URL of such a scheme to another; to http they lead.
    @Test(arguments: Face.allCases)
    func redirectsDoNotLeadThere(_ face: Face) async throws {
        let mock = MockTransport { request in
            request.url == "http://h.example/away"
                ? .init(status: 302, fields: [("Location", "gopher://h/page")])
                : .init(status: 200, body: Array("http".utf8))
        }
        let memory = Memory()
        let opener = URLOpener(memory, transport: mock)
        for url in ["http://h.example/away", "mem:inside", "mem:relative", "gopher://h/relative"] {
            let error = await #expect(throws: OpenError.self) { try await face.open(opener, url) }
            #expect(error?.code == .unsupportedScheme && error?.status == 302, "\(error as Any)")
        }
        #expect(memory.asked.map(\.url) == ["mem:inside", "mem:relative", "gopher://h/relative"])
        let response = try await face.open(opener, "mem:away")
        #expect(try await response.body.collect(upTo: 9) == Array("http".utf8) && response.url == "http://h.example/")
    }

    /// Passwords and cookies of the host stay out of it, and none is taken from there.
    @Test(arguments: Face.allCases)
    func handlersForServersLeaveItAlone(_ face: Face) async throws {
        let memory = Memory()
        let jar = CookieJar()
        #expect(jar.receive("session=c4n4ry", from: "http://h.example/"))
        let passwords = PasswordManager(priorAuthentication: true)
        for scheme in ["gopher", "http"] {
            passwords.add(realm: nil, uri: scheme + "://h.example/", user: "u", password: "p", isAuthenticated: true)
        }
        let choosy = ProxyPolicy.custom { (url) throws(OpenError) in
            throw OpenError(.badProxy, url: url, detail: "asked")
        }
        let opener = URLOpener(
            [
                memory, CookieHandler(jar), ProxyHandler(choosy), BasicAuthHandler(passwords),
                DigestAuthHandler(passwords), ProxyBasicAuthHandler(passwords),
            ], transport: CurlTransport())
        for (path, status) in [("private", 401), ("digest", 401), ("proxy", 407)] {
            let url = "gopher://u:c4n4ry@h.example/\(path)"
            let error = await #expect(throws: OpenError.self) { try await face.open(opener, url) }
            #expect(error?.status == status, "\(error as Any)")
        }
        _ = try await face.open(opener, "gopher://h.example/page")
        #expect(memory.asked.count == 4)
        for request in memory.asked {
            #expect(
                Set(request.fields.map(\.name)).isSubset(of: ["User-Agent", "Accept-Encoding"]), "\(request.fields)")
        }
        #expect(jar.cookies.map(\.name) == ["session"])
    }

    /// Another handler can send a request on to such a URL; the cookies of the server do not go along.
    @Test func cookiesDoNotGoAlong() async throws {
        struct Leading: OpenerHandler {
            func examine(
                _ head: URLOpener.ResponseHead, in exchange: URLOpener.Exchange
            ) throws(OpenError) -> URLOpener.Verdict {
                guard exchange.hops.isEmpty else { return .accept }
                var request = exchange.request
                try request.setURL("gopher://h.example/page")
                return .retry(request, because: .other)
            }
        }
        let memory = Memory()
        let jar = CookieJar()
        #expect(jar.receive("session=c4n4ry", from: "http://h.example/"))
        let mock = MockTransport { _ in .init(status: 200) }
        _ = try await URLOpener(memory, CookieHandler(jar), Leading(), transport: mock).open("http://h.example/")
        #expect(mock.requests.map { $0.field("Cookie") } == ["session=c4n4ry"])
        #expect(memory.asked.map { $0.field("Cookie") } == [nil])
    }
}
