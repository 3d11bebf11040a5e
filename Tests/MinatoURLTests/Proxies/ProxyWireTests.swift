import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// What goes to a proxy, and what to the server behind it, byte for byte.
@Suite(.watchdog) struct ProxyWireTests {
    private static let challenge =
        "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=R\r\nContent-Length: 0\r\n\r\n"

    private func opener(_ proxy: String, _ configuration: URLOpener.Configuration = .init()) throws -> URLOpener {
        URLOpener(ProxyHandler(.fixed(try Proxy(proxy))), configuration: configuration)
    }

    private static func lines(_ request: String) -> [String] {
        request.split(whereSeparator: \.isNewline).map(String.init)
    }

    /// Fails unless a name is never looked up here: the one in these URLs does not exist.
    @Test(arguments: Face.allCases)
    func asksAnHTTPProxyForTheWholeURL(_ face: Face) async throws {
        let proxy = try RawServer { connection in
            connection.answerAll { $0.contains("Proxy-Authorization:") ? okay("page") : Self.challenge }
        }
        let opener = try opener("http://klem:s3cret@127.0.0.1:\(proxy.port)")
        for _ in 0..<2 {
            let response = try await face.open(opener, "http://u:p@h.invalid/x?y#z")
            #expect(try await response.body.collect(upTo: 9) == Array("page".utf8))
        }
        let requests = proxy.requests.map(Self.lines)
        #expect(requests.map(\.first) == Array(repeating: "GET http://h.invalid/x?y HTTP/1.1", count: 3))
        #expect(requests.allSatisfy { $0.contains("Host: h.invalid") && !$0.contains { $0.hasPrefix("Proxy-Con") } })
        let answers = requests.map { $0.filter { $0.hasPrefix("Proxy-Authorization: ") } }
        #expect(
            answers == [
                [], ["Proxy-Authorization: Basic a2xlbTpzM2NyZXQ="], ["Proxy-Authorization: Basic a2xlbTpzM2NyZXQ="],
            ])
        #expect(proxy.peers.count == 1)
    }

    /// A proxy that knows who asks by the connection must not take one for another.
    @Test(arguments: Face.allCases)
    func connectionsBelongToOneUserOfAProxy(_ face: Face) async throws {
        let server = try RawServer { connection in connection.answerAll { _ in okay("page") } }
        let address = "127.0.0.1:\(server.port)"
        let proxies = [
            "a": try Proxy("http://klem:s3cret@\(address)"), "b": try Proxy("http://klem:other@\(address)"),
            "c": try Proxy("http://\(address)"),
        ]
        let opener = URLOpener(ProxyHandler(.custom { (url) throws(OpenError) in proxies[String(url.suffix(1))] }))
        var connections: [Int] = []
        for path in ["a", "b", "c", "a", "b", "c"] {
            let response = try await face.open(opener, "http://h.invalid/\(path)")
            #expect(try await response.body.collect(upTo: 9) == Array("page".utf8))
            connections.append(server.peers.count)
        }
        #expect(connections == [1, 2, 3, 3, 3, 3])
    }

    /// However many users a program has, their idle connections are few; a transfer under way is not one of those.
    @Test func connectionsOfManyUsersAreNotKept() async throws {
        let gate = Gate()
        let server = try RawServer { connection in
            connection.answerAll { request in
                if request.contains("/held") { gate.wait() }
                return okay("page")
            }
        }
        let users = CurlTransport.maximumDrivers + 5
        let opener = URLOpener(
            ProxyHandler(
                .custom { (url) throws(OpenError) in
                    try Proxy("http://user\(url.split(separator: "/").last ?? ""):p@127.0.0.1:\(server.port)")
                }))
        async let held = opener.open("http://h.invalid/held")
        while server.requests.isEmpty { await Task.yield() }
        for user in 0..<users {
            let response = try await opener.open("http://h.invalid/\(user)")
            #expect(try await response.body.collect(upTo: 9) == Array("page".utf8))
        }
        gate.open()
        #expect(try await held.body.collect(upTo: 9) == Array("page".utf8))
        // The one of the first user was closed, that of the last one not.
        for (user, connections) in [(users - 1, users + 1), (0, users + 2)] {
            let response = try await opener.open("http://h.invalid/\(user)")
            _ = try await response.body.collect(upTo: 9)
            #expect(server.peers.count == connections)
        }
    }

    /// Each refusal of a tunnel, and what becomes of it; none is taken for an answer of the server.
    @Test(
        arguments: Face.allCases,
        [
            ("HTTP/1.1 403 No\r\n\r\n", OpenError.Code.proxyRefused, "the proxy opens no tunnel: 403 No"),
            (
                "HTTP/1.1 302 Found\r\nLocation: http://evil.invalid/\r\n\r\n", .proxyRefused,
                "opens no tunnel: 302 Found"
            ),
            ("HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic realm=R\r\n\r\n", .proxyRefused, "opens no tunnel: 401 Who"),
            ("", .proxyRefused, "the proxy ended the connection instead of opening a tunnel"),
            ("SSH-2.0-x\r\n", .badStatusLine, ""), (Self.challenge, .httpStatus, "407"),
        ])
    func refusedTunnels(_ face: Face, _ row: (answer: String, code: OpenError.Code, text: String)) async throws {
        let proxy = try RawServer { connection in
            _ = connection.readRequest()
            connection.send(row.answer)
        }
        let opener = try opener("http://127.0.0.1:\(proxy.port)")
        let error = await #expect(throws: OpenError.self) { try await face.open(opener, "https://h.invalid:8443/x") }
        #expect(error?.code == row.code && "\(error as Any)".contains(row.text), "\(error as Any)")
        #expect(
            proxy.requests.allSatisfy { $0.hasPrefix("CONNECT h.invalid:8443 HTTP/1.1\r\nHost: h.invalid:8443\r\n") })
    }

    /// The challenge to a request for a tunnel is answered; of the request itself the proxy sees nothing.
    @Test(arguments: Face.allCases)
    func answersForATunnel(_ face: Face) async throws {
        let proxy = try RawServer { connection in
            guard let request = connection.readRequest() else { return }
            connection.send(request.contains("Proxy-Auth") ? "HTTP/1.1 503 Later\r\n\r\n" : Self.challenge)
        }
        let opener = try opener("http://klem:s3cret@127.0.0.1:\(proxy.port)")
        var request = try URLOpener.Request("https://u:p@h.invalid/c4n4ry")
        try request.addField("X", "c4n4ry")
        let error = await #expect(throws: OpenError.self) { try await face.open(opener, request) }
        #expect(
            error?.code == .proxyRefused && error?.detail == "the proxy opens no tunnel: 503 Later", "\(error as Any)")
        #expect(proxy.requests.count == 2 && !proxy.requests.contains { $0.contains("c4n4ry") })
        #expect(proxy.requests.last?.contains("\r\nProxy-Authorization: Basic a2xlbTpzM2NyZXQ=\r\n") == true)
    }

    /// SOCKS5 gets the name, and user name and password where it asks for them.
    @Test(arguments: Face.allCases, ["", "klem:s3cret@"])
    func socks(_ face: Face, _ user: String) async throws {
        let seen = Guarded<[[UInt8]]>([])
        let proxy = try RawServer { connection in
            guard let count = connection.read(2).last else { return }
            let methods = connection.read(Int(count))
            connection.send([5, methods.contains(2) ? 2 : 0])
            if methods.contains(2) {
                let name = connection.read(Int(connection.read(2).last ?? 0))
                let password = connection.read(Int(connection.readByte() ?? 0))
                seen.withLock { $0 += [name, password] }
                connection.send([1, 0])
            }
            let head = connection.read(5)
            let target = connection.read(Int(head.last ?? 0) + 2)
            seen.withLock { $0 += [Array(head.prefix(4)), target] }
            connection.send([5, 0, 0, 1, 127, 0, 0, 1, 0, 80])
            connection.answerAll { _ in okay("page") }
        }
        let opener = try opener("socks5://\(user)127.0.0.1:\(proxy.port)")
        for _ in 0..<2 {
            let response = try await face.open(opener, "http://h.invalid/x")
            #expect(try await response.body.collect(upTo: 9) == Array("page".utf8))
        }
        let credentials = user.isEmpty ? [] : [Array("klem".utf8), Array("s3cret".utf8)]
        #expect(seen.withLock { $0 } == credentials + [[5, 1, 0, 3], Array("h.invalid".utf8) + [0, 80]])
        #expect(proxy.requests.allSatisfy { $0.hasPrefix("GET /x HTTP/1.1\r\n") && !$0.contains("Proxy-") })
    }

    @Test(arguments: Face.allCases)
    func socksThatRefuses(_ face: Face) async throws {
        let proxy = try RawServer { connection in
            guard let count = connection.read(2).last else { return }
            _ = connection.read(Int(count))
            connection.send([5, 0])
            _ = connection.read(5 + 9 + 2)
            connection.send([5, 2, 0, 1, 0, 0, 0, 0, 0, 0])
        }
        let opener = try opener("socks5://127.0.0.1:\(proxy.port)")
        let error = await #expect(throws: OpenError.self) { try await face.open(opener, "https://h.invalid/") }
        #expect(error?.code == .proxyRefused, "\(error as Any)")
    }

    /// Never past the proxy, and never by connections of others.
    @Test(arguments: Face.allCases)
    func whatCannotBeDoneIsRefused(_ face: Face) async throws {
        var configuration = URLOpener.Configuration()
        configuration.network.route("h.invalid", 80, to: .tcp("127.0.0.1", 1))
        let routed = try opener("http://127.0.0.1:1", configuration)
        let error = await #expect(throws: OpenError.self) { try await face.open(routed, "http://h.invalid/") }
        #expect(error?.detail == "there is a route to the server, and a proxy too")
    }
}

/// Through squid, to a server over TLS and to one without.
@Suite(.watchdog, .enabled(if: SquidProxy.isInstalled, "squid is not installed, which scripts/test does"))
struct SquidWireTests {
    /// Both schemes, over HTTP/2 in a tunnel and over HTTP/1.1 without one, with TLS to squid and without; the server gets none
    /// of it.
    @Test(arguments: Face.allCases, [(true, "http"), (false, "http"), (true, "https"), (false, "https")])
    func leadsThrough(_ face: Face, _ row: (isDigest: Bool, scheme: String)) async throws {
        let server = try HTTP2Server.nginx()
        let certificate = row.scheme == "https" ? try server.certificates.issue("squid") : nil
        let squid = try SquidProxy(
            [("klem", "kadidd!ehopper")], realm: "R", usesOfNonce: 50, certificate: certificate)
        let url = "\(row.scheme)://\(squid.address)"
        let passwords = Authentication.passwords(url + "/", user: "klem", password: "kadidd!ehopper")
        let origin = try RawServer { connection in connection.answerAll { _ in okay("page") } }
        var configuration = URLOpener.Configuration()
        configuration.tls.trust = .file(server.certificates.authority)
        let handler: any OpenerHandler =
            row.isDigest ? ProxyDigestAuthHandler(passwords) : ProxyBasicAuthHandler(passwords)
        let opener = URLOpener(ProxyHandler(.fixed(try Proxy(url))), handler, configuration: configuration)
        for _ in 0..<2 {
            let secure = try await face.open(opener, server.url("small"))
            #expect(try await secure.body.collect(upTo: 9) == Array("small".utf8))
            #expect(secure.head.head.httpVersion == "2" && secure.head.head.connection.isPeerVerified)
            let plain = try await face.open(opener, origin.url("/x"))
            #expect(try await plain.body.collect(upTo: 9) == Array("page".utf8))
        }
        #expect(!origin.requests.contains { $0.contains("Proxy-Authorization") })
    }
}
