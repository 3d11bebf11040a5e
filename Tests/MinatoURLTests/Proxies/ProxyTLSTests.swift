import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// Proxies that are spoken to over TLS.
@Suite(.watchdog) struct ProxyTLSTests {
    private static let canary = CanaryTests.canary

    private func opener(
        _ proxy: String, _ certificates: TestCertificates, _ change: (inout URLOpener.TLS) -> Void = { _ in }
    ) throws -> URLOpener {
        var configuration = URLOpener.Configuration()
        configuration.tls.trust = .file(certificates.authority)
        change(&configuration.tls)
        return URLOpener(ProxyHandler(.fixed(try Proxy(proxy))), configuration: configuration)
    }

    /// A tunnel within TLS for https, TLS alone for http; each connection is used again.
    @Test(arguments: Face.allCases)
    func leadsThrough(_ face: Face) async throws {
        let server = try HTTP2Server.nginx()
        let proxy = try TLSProxy(server.certificates.issue("proxy"))
        let text = try ChildProcess(["cat", server.certificates.authority]).readToEnd()
        for trust in [URLOpener.TLS.Trust.file(server.certificates.authority), .pem(text)] {
            let before = try proxy.notes().count
            let opener = try opener(proxy.url, server.certificates) { $0.trust = trust }
            for _ in 0..<2 {
                let secure = try await face.open(opener, server.url("small"))
                #expect(try await secure.body.collect(upTo: 9) == Array("small".utf8))
                #expect(secure.head.head.httpVersion == "2" && secure.head.head.connection.isPeerVerified)
                let plain = try await face.open(opener, "http://h.invalid/x")
                #expect(try await plain.body.collect(upTo: 9) == Array("page".utf8))
                #expect(!plain.head.head.connection.isPeerVerified)
            }
            let lines = try proxy.notes().dropFirst(before).map { String($0.prefix { $0 != "\r\n" }) }
            // No HTTP/2 with the proxy, which libcurl does not speak to one before 8.1.
            #expect(lines.filter { $0.hasPrefix("handshake: h2") }.isEmpty)
            #expect(lines.filter { $0.hasPrefix("handshake") }.count == 2, "\(lines)")
            #expect(
                lines.filter { !$0.hasPrefix("handshake") } == [
                    "CONNECT 127.0.0.1:\(server.port) HTTP/1.1", "GET http://h.invalid/x HTTP/1.1",
                    "GET http://h.invalid/x HTTP/1.1",
                ])
        }
    }

    /// What has been decrypted once waits for nobody: neither layer keeps the end back.
    @Test(arguments: Face.allCases)
    func largeBodiesAreWhole(_ face: Face) async throws {
        let server = try HTTP2Server.nginx()
        let proxy = try TLSProxy(server.certificates.issue("proxy"))
        let response = try await face.open(opener(proxy.url, server.certificates), server.url("large"))
        let body = try await response.body.collect(upTo: 5 << 20)
        #expect(body.count == 4 << 20 && body.allSatisfy { $0 == 7 })
    }

    /// Told when it asks, and unasked from then on; in a tunnel the server is told nothing.
    @Test(arguments: Face.allCases)
    func tellsItWhoAsks(_ face: Face) async throws {
        let server = try HTTP2Server.nginx()
        let proxy = try TLSProxy(server.certificates.issue("proxy"), user: "klem:\(Self.canary)")
        let passwords = Authentication.passwords(proxy.url + "/", user: "klem", password: Self.canary)
        var configuration = URLOpener.Configuration()
        configuration.tls.trust = .file(server.certificates.authority)
        let openers = [
            try opener(proxy.url.replacing("//", with: "//klem:\(Self.canary)@"), server.certificates),
            URLOpener(
                ProxyHandler(.fixed(try Proxy(proxy.url))), ProxyBasicAuthHandler(passwords),
                configuration: configuration),
        ]
        for opener in openers {
            let before = try proxy.notes().count
            for url in ["http://h.invalid/x", server.url("small"), "http://h.invalid/y"] {
                #expect(try await face.open(opener, url).status == 200)
            }
            let heads = try proxy.notes().dropFirst(before).filter { !$0.hasPrefix("handshake") }
            #expect(heads.map { $0.contains("\r\nProxy-Authorization: Basic ") } == [false, true, true, true])
        }
        // What was saved for https is not for the same proxy without.
        let plain = try RawServer { connection in
            connection.answerAll { _ in
                "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=R\r\nContent-Length: 0\r\n\r\n"
            }
        }
        let others = Authentication.passwords("https://127.0.0.1:\(plain.port)/", user: "u", password: Self.canary)
        let opener = URLOpener(
            ProxyHandler(.fixed(try Proxy("http://127.0.0.1:\(plain.port)"))), ProxyBasicAuthHandler(others))
        let error = await #expect(throws: OpenError.self) { try await face.open(opener, "http://h.invalid/") }
        #expect(error?.status == 407 && plain.requests.count == 1)
    }

    /// One that is not what it says gets nothing: no request, no password, not even where the server's certificate is skipped.
    @Test(arguments: Face.allCases)
    func refusesOthersAndTellsThemNothing(_ face: Face) async throws {
        let certificates = try TestCertificates()
        try certificates.makeAuthority("stranger")
        let rows: [(TLSProxy, OpenError.Code, URLOpener.TLS.Trust)] = [
            (
                try TLSProxy(certificates.issue("wrong", for: "DNS:other.example")), .tlsWrongName,
                .file(certificates.authority)
            ),
            (
                try TLSProxy(certificates.issue("old", valid: ("20200101000000Z", "20200201000000Z"))), .tlsExpired,
                .file(certificates.authority)
            ),
            (
                try TLSProxy(certificates.issue("foreign", by: "stranger")), .tlsUnknownIssuer,
                .file(certificates.authority)
            ),
            (try TLSProxy(certificates.issue("right")), .tlsUnknownIssuer, .system),
            (try TLSProxy(certificates.issue("right"), versions: "old"), .tlsTooOld, .file(certificates.authority)),
        ]
        for (proxy, code, trust) in rows {
            let text = proxy.url.replacing("//", with: "//klem:\(Self.canary)@")
            let opener = try opener(text, certificates) { $0.trust = trust }
            let urls = ["http://h.invalid/\(Self.canary)", "https://h.invalid/\(Self.canary)"]
            for (url, skips) in [(urls[0], false), (urls[1], false), (urls[0], true), (urls[1], true)] {
                var request = try URLOpener.Request(url)
                request.skipsPeerVerification = skips
                // Sent unasked where anything is.
                try request.addField("Proxy-Authorization", "Basic \(Self.canary)")
                let error = await #expect(throws: OpenError.self) { try await face.open(opener, request) }
                #expect(error?.code == code && error?.operation == .connect, "\(error as Any)")
                #expect(error?.detail.hasPrefix("the proxy \(proxy.url): ") == true, "\(error as Any)")
                #expect(error?.description.contains("klem") == false)
            }
            // A name is looked at after the handshake.
            #expect(try proxy.notes(afterEndOf: 4).filter { !$0.hasPrefix("handshake") } == [])
        }
        // The same request to one that is what it says: the test would see what it looks for.
        let proxy = try TLSProxy(certificates.issue("right"))
        var request = try URLOpener.Request("http://h.invalid/")
        try request.addField("Proxy-Authorization", "Basic \(Self.canary)")
        #expect(try await face.open(opener(proxy.url, certificates), request).status == 200)
        #expect(try proxy.notes().contains { $0.contains(Self.canary) })
    }

    /// The oldest version of the opener holds for proxies; what is no TLS is none.
    @Test(arguments: Face.allCases, ["http://h.invalid/", "https://h.invalid/"])
    func handshakesThatFail(_ face: Face, _ url: String) async throws {
        let certificates = try TestCertificates()
        let proxy = try TLSProxy(certificates.issue("right"), versions: "1.2")
        let modern = try opener(proxy.url, certificates) { $0.minimumVersion = .tls13 }
        var error = await #expect(throws: OpenError.self) { try await face.open(modern, url) }
        #expect(error?.code == .tlsTooOld && error?.detail.hasPrefix("the proxy ") == true, "\(error as Any)")

        let plain = try RawServer { connection in
            _ = connection.readByte()
            connection.send("HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        let address = "https://127.0.0.1:\(plain.port)"
        error = await #expect(throws: OpenError.self) { try await face.open(opener(address, certificates), url) }
        #expect(error?.code == .tlsHandshakeFailed && error?.operation == .connect, "\(error as Any)")
        #expect(error?.detail.hasPrefix("the proxy \(address): ") == true, "\(error as Any)")

        let broken = try opener(proxy.url, certificates) { $0.trust = .file("/nowhere") }
        error = await #expect(throws: OpenError.self) { try await face.open(broken, url) }
        #expect(error?.code == .tlsConfiguration, "\(error as Any)")

        let asking = try TLSProxy(certificates.issue("asking"), asking: (.required, certificates.authority))
        error = await #expect(throws: OpenError.self) { try await face.open(opener(asking.url, certificates), url) }
        #expect(error?.code == .tlsCertificateRequired, "\(error as Any)")
        #expect(error?.detail.hasPrefix("the proxy \(asking.url): ") == true, "\(error as Any)")
    }

    /// The proxy is not shown our certificate, nor need its key be one of those that are pinned: the server's has to be.
    @Test(arguments: Face.allCases)
    func certificateAndPinsAreForServers(_ face: Face) async throws {
        let server = try HTTP2Server.nginx("ssl_verify_client optional_no_ca; add_header X-Client $ssl_client_verify;")
        let certificates = server.certificates
        let proxy = try TLSProxy(certificates.issue("proxy"), asking: (.optional, certificates.authority))
        let me = try certificates.issue("me")
        let (ofServer, ofProxy) = (try certificates.keyHash("server"), try certificates.keyHash("proxy"))
        let right = try opener(proxy.url, certificates) {
            $0.clientCertificate = .init(certificate: me + ".pem", key: me + ".key")
            $0.pinnedKeys = [ofServer]
        }
        let response = try await face.open(right, server.url("small"))
        #expect(response.head.field("X-Client").map { $0 != "NONE" } == true)
        #expect(try await face.open(right, "http://h.invalid/").status == 200)
        let handshakes = try proxy.notes().filter { $0.hasPrefix("handshake") }
        #expect(handshakes.count == 2 && handshakes.allSatisfy { $0.hasSuffix("certificate not shown") })

        let wrong = try opener(proxy.url, certificates) { $0.pinnedKeys = [ofProxy] }
        let error = await #expect(throws: OpenError.self) { try await face.open(wrong, server.url("small")) }
        #expect(error?.code == .tlsPinMismatch, "\(error as Any)")
    }

    /// What is wrong with the server behind it is not the proxy's, and has its own code there too.
    @Test(arguments: Face.allCases)
    func serversAreToldApart(_ face: Face) async throws {
        let certificates = try TestCertificates()
        try certificates.makeAuthority("stranger")
        let proxy = try TLSProxy(certificates.issue("proxy"))
        let opener = try opener(proxy.url, certificates)
        // As a server, a proxy over TLS does for a handshake.
        let rows = [
            (try TLSProxy(certificates.issue("foreign", by: "stranger")), OpenError.Code.tlsUnknownIssuer),
            (try TLSProxy(certificates.issue("wrong", for: "DNS:other.example")), .tlsWrongName),
            (
                try TLSProxy(certificates.issue("old", valid: ("20200101000000Z", "20200201000000Z"))),
                .tlsExpired
            ), (try TLSProxy(certificates.issue("right"), versions: "old"), .tlsTooOld),
        ]
        for (server, code) in rows {
            let error = await #expect(throws: OpenError.self) { try await face.open(opener, server.url + "/x") }
            #expect(error?.code == code && error?.operation == .connect, "\(error as Any)")
            #expect(error?.detail.contains("the proxy") == false && error?.detail.contains("SYSCALL") == false)
        }
        let server = try HTTP2Server.nginx()
        var request = try URLOpener.Request(server.url("small"))
        request.skipsPeerVerification = true
        let response = try await face.open(opener, request)
        #expect(try await response.body.collect(upTo: 9) == Array("small".utf8))
        // Nobody listens there, and the proxy ends the connection.
        let error = await #expect(throws: OpenError.self) { try await face.open(opener, "https://127.0.0.2:1/") }
        #expect(error?.code == .proxyRefused, "\(error as Any)")
    }

    @Test(
        arguments: [
            ("TLSv1.3 (OUT), TLS alert, unknown CA (560):\n", .tlsUnknownIssuer, "unknown CA"),
            ("TLSv1.2 (OUT), TLS alert, certificate expired (557):\n", .tlsExpired, "certificate expired"),
            ("TLSv1.2 (OUT), TLS alert, bad certificate (554):\n", .tlsPeerNotVerified, "bad certificate"),
            ("TLSv1.1 (OUT), TLS alert, protocol version (582):\n", .tlsTooOld, "protocol version"),
            ("TLSv1.3 (OUT), TLS alert, close notify (256):\n", nil, nil),
            ("TLSv1.3 (IN), TLS alert, unknown CA (560):\n", nil, nil), ("TLSv1.3 (OUT), TLS alert, ", nil, nil),
            ("TLSv1.3 (OUT), TLS alert, (", nil, nil), ("(560): (OUT), TLS alert, ", nil, nil), ("", nil, nil),
            ("TLSv1.3 (OUT), TLS alert, unknown CA (99999999999999999999):", nil, nil),
        ] as [(String, OpenError.Code?, String?)])
    func readsAlerts(_ report: String, _ code: OpenError.Code?, _ name: String?) {
        let alert = TLSAlert(report: Array(report.utf8))
        #expect(alert?.code == code && alert?.name == name)
    }
}
