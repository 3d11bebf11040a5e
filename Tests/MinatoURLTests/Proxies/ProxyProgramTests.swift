import TestSupport
import Testing

@testable import MinatoURL

/// Through proxies that nobody here wrote, to a server over TLS and to one without.
@Suite(.watchdog, .enabled(if: ProxyProgram.areInstalled, "tinyproxy or dante is lacking; scripts/test installs both"))
struct ProxyProgramTests {
    private let server: HTTP2Server
    private let origin: RawServer
    private let configuration: URLOpener.Configuration

    init() throws {
        server = try HTTP2Server.nginx()
        origin = try RawServer { connection in connection.answerAll { _ in okay("page") } }
        var configuration = URLOpener.Configuration()
        configuration.tls.trust = .file(server.certificates.authority)
        self.configuration = configuration
    }

    private func opener(_ proxy: String) throws -> URLOpener {
        URLOpener(ProxyHandler(.fixed(try Proxy(proxy))), configuration: configuration)
    }

    /// The name is one for the proxy to look up: `localhost`.
    private func expectsBothPages(_ face: Face, by opener: URLOpener) async throws {
        for _ in 0..<2 {
            let secure = try await face.open(opener, "https://localhost:\(server.port)/small")
            #expect(try await secure.body.collect(upTo: 9) == Array("small".utf8))
            #expect(secure.head.head.httpVersion == "2" && secure.head.head.connection.isPeerVerified)
            let plain = try await face.open(opener, "http://localhost:\(origin.port)/x")
            #expect(try await plain.body.collect(upTo: 9) == Array("page".utf8))
        }
    }

    /// tinyproxy answers in HTTP/1.0, and ends the connection after each request and each refusal.
    @Test(arguments: Face.allCases, ["", "klem:s3cret@"])
    func tinyproxy(_ face: Face, _ user: String) async throws {
        let proxy = try ProxyProgram.tinyproxy(tunnelsTo: server.port, user.isEmpty ? nil : ("klem", "s3cret"))
        let opener = try opener("http://\(user)127.0.0.1:\(proxy.port)")
        try await expectsBothPages(face, by: opener)
        #expect(origin.requests.count == 2)
        #expect(origin.requests.allSatisfy { $0.hasPrefix("GET /x HTTP/1.") && $0.contains("\r\nVia: 1.1 ") })
        #expect(!origin.requests.contains { $0.contains("Proxy-Authorization") || $0.contains("s3cret") })

        let error = await #expect(throws: OpenError.self) {
            try await face.open(opener, "https://localhost:\(origin.port)/")
        }
        #expect(error?.code == .proxyRefused, "\(error as Any)")
        #expect(error?.detail.contains("opens no tunnel: 403") == true, "\(error as Any)")
        #expect(!"\(error as Any)".contains("s3cret"))
    }

    @Test(arguments: Face.allCases)
    func tinyproxyThatDoesNotKnowWhoAsks(_ face: Face) async throws {
        let proxy = try ProxyProgram.tinyproxy(tunnelsTo: server.port, ("klem", "s3cret"))
        let opener = try opener("http://127.0.0.1:\(proxy.port)")
        for url in ["https://localhost:\(server.port)/small", "http://localhost:\(origin.port)/x"] {
            let error = await #expect(throws: OpenError.self) { try await face.open(opener, url) }
            #expect(error?.code == .httpStatus && "\(error as Any)".contains("407"), "\(error as Any)")
        }
        #expect(origin.requests.isEmpty)
    }

    /// What danted logs of a refusal is what it was asked for: a name, not an address that was looked up here.
    @Test(arguments: Face.allCases)
    func dante(_ face: Face) async throws {
        let refused = try RawServer(isListening: false) { _ in }
        let proxy = try ProxyProgram.dante(refuses: refused.port)
        let opener = try opener("socks5://127.0.0.1:\(proxy.port)")
        try await expectsBothPages(face, by: opener)
        #expect(origin.requests.map { $0.hasPrefix("GET /x HTTP/1.1\r\n") } == [true, true])
        #expect(origin.peers.count == 1)

        let error = await #expect(throws: OpenError.self) {
            try await face.open(opener, "http://localhost:\(refused.port)/")
        }
        #expect(error?.code == .proxyRefused, "\(error as Any)")
        #expect(proxy.logLine(with: "block(")?.contains("localhost.\(refused.port)") == true)
    }
}
