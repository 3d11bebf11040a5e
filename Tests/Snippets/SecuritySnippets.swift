import Minato
import TestSupport
import Testing

/// The code of the article "Security of redirects and credentials", and what its tables say. All of it is run.
@Suite("Security of redirects and credentials: the article", .watchdog)
struct SecuritySnippets {
    private func insecure() -> URLOpener {
        let opener = URLOpener(RedirectHandler(allowsInsecure: true))
        return opener
    }

    @Test("Redirects that end an open")
    func refused() async throws {
        _ = insecure()
        for (location, code) in [
            ("http://h.example/", OpenError.Code.insecureRedirect), ("file:///etc/passwd", .unsupportedScheme),
            ("data:,x", .unsupportedScheme), ("https://[x", .badURL), ("/", .tooManyRedirects),
        ] {
            let mock = MockTransport { _ in .init(status: 302, fields: [("Location", location)], body: [7]) }
            let error = await openError { _ = try await URLOpener(transport: mock).open("https://h.example/") }
            #expect(error?.code == code && error?.response?.status == 302, "\(error as Any)")
            let isAllowed = await openError {
                _ = try await URLOpener(RedirectHandler(allowsInsecure: true), transport: mock).open(
                    "https://h.example/")
            }
            #expect(code != .insecureRedirect || isAllowed?.code == .tooManyRedirects)
        }
        let put = MockTransport { _ in .init(status: 307, fields: [("Location", "/x")]) }
        let request = try URLOpener.Request("http://h.example/", method: "PUT", body: [1])
        let error = await openError { _ = try await URLOpener(transport: put).open(request) }
        #expect(error?.code == .httpStatus && error?.response?.field("Location") == "/x" && put.requests.count == 1)
    }

    private func request(token: String, key: String, signature: String) throws -> URLOpener.Request {
        var request = try URLOpener.Request("https://api.example/report")
        try request.setField("Authorization", "Bearer \(token)")  // sensitive by its name
        try request.setField("X-Api-Key", key, sensitive: true)  // because you say so
        try request.setField("X-Signature", signature, unredirected: true)  // for this URL alone
        try request.setField("Accept-Language", "ja")  // goes along everywhere
        return request
    }

    @Test("What a redirect leaves behind, and that it does not come back")
    func dropped() async throws {
        let mock = MockTransport { request in
            let next = [
                "https://api.example/report": "/inside", "https://api.example/inside": "https://api.example:8443/",
                "https://api.example:8443/": "https://api.example/home",
            ]
            guard let location = next[request.url] else { return .init(status: 200) }
            return .init(status: 307, fields: [("Location", location)])
        }
        var request = try request(token: "t", key: "k", signature: "s")
        try request.setField("Host", "other.example")
        try request.setField("Content-Type", "text/plain")
        request.body = .bytes([1])
        request.skipsPeerVerification = true
        _ = try await URLOpener(transport: mock).open(request)
        let names = ["Authorization", "X-Api-Key", "X-Signature", "Host", "Accept-Language", "Content-Type"]
        let sent = mock.requests.map { request in names.filter { request.field($0) != nil } }
        let left = ["Accept-Language", "Content-Type"]
        #expect(sent == [names, names.filter { $0 != "X-Signature" }, left, left])
        #expect(mock.requests.map { $0.body?.bytes } == [[1], [1], [1], [1]])
        #expect(mock.requests.map(\.skipsPeerVerification) == [true, true, false, false])
    }

    @Test("A POST that becomes a GET loses its body and what describes it")
    func postBecomesGet() async throws {
        let mock = MockTransport { request in
            request.method == "GET" ? .init(status: 200) : .init(status: 303, fields: [("Location", "/x")])
        }
        var request = try URLOpener.Request("http://h.example/", body: [1])
        try request.setField("Content-Language", "ja")
        _ = try await URLOpener(transport: mock).open(request)
        #expect(mock.requests.last?.body == nil && mock.requests.last?.field("Content-Language") == nil)
    }

    private func inURL() throws -> URLOpener.Request {
        let request = try URLOpener.Request("https://klem:s3cret@www.example.com/")
        print(request.url)  // https://www.example.com/
        return request
    }

    @Test("User name and password of a URL answer a challenge of its origin, and nothing else")
    func credentialsInURL() async throws {
        let mock = MockTransport { request in
            switch (request.url, request.field("Authorization")) {
            case ("https://www.example.com/", .some):
                .init(status: 302, fields: [("Location", "https://u:p@other.example/")])
            default: .init(status: 401, fields: [("WWW-Authenticate", "Basic realm=\"R\"")])
            }
        }
        let request = try inURL()
        #expect(request.url == "https://www.example.com/" && !String(reflecting: request).contains("s3cret"))
        let error = await openError { _ = try await URLOpener(transport: mock).open(request) }
        #expect(error?.status == 401 && error?.url == "https://other.example/")
        let sent = mock.requests.map { $0.field("Authorization") }
        #expect(sent == [nil, "Basic a2xlbTpzM2NyZXQ=", nil])
    }

    private func staff(_ password: String) -> PasswordManager {
        let passwords = PasswordManager()
        passwords.add(realm: "Staff", uri: "https://www.example.com/staff/", user: "klem", password: password)
        return passwords
    }

    @Test(
        "Where a password goes",
        arguments: [
            ("https://www.example.com/staff/today", true), ("https://WWW.EXAMPLE.COM:443/%73taff/today?x", true),
            ("https://www.example.com/staff", false), ("https://www.example.com/staffroom/", false),
            ("https://www.example.com/staff/../public", false), ("http://www.example.com/staff/", false),
            ("https://www.example.com:8443/staff/", false), ("https://www.example.com.evil.example/staff/", false),
        ])
    func scope(_ url: String, _ isSent: Bool) {
        #expect((staff("s3cret").find(realm: "Staff", uri: url) != nil) == isSent)
    }

    private func both(_ passwords: PasswordManager) -> URLOpener {
        let opener = URLOpener(DigestAuthHandler(passwords), BasicAuthHandler(passwords))
        return opener
    }

    @Test("Digest before Basic, and each password once")
    func order() async throws {
        let passwords = PasswordManager()
        let offer =
            "HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic realm=\"R\"\r\nContent-Length: 0\r\n"
            + "WWW-Authenticate: Digest realm=\"R\", nonce=\"n\", algorithm=MD5, qop=\"auth\"\r\n"
            + "WWW-Authenticate: Digest realm=\"R\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\"\r\n\r\n"
        try await withSite { _ in
            offer
        } _: { site, seen in
            passwords.add(realm: "R", uri: site, user: "klem", password: "s3cret")
            let error = await openError { _ = try await both(passwords).open(site) }
            #expect(error?.status == 401)
            let sent = seen.all.map { $0.contains("\r\nAuthorization: Digest username=\"klem\"") }
            #expect(sent == [false, true] && seen.all[1].contains("algorithm=SHA-256"))
        }
    }

    private func unasked(_ password: String) -> PasswordManager {
        let passwords = PasswordManager(priorAuthentication: true)
        passwords.add(
            realm: nil, uri: "https://api.example/v1/", user: "klem", password: password, isAuthenticated: true)
        return passwords
    }

    @Test("Prior authentication saves the challenge, at its place")
    func prior() async throws {
        let mock = MockTransport { _ in .init(status: 200) }
        let opener = URLOpener(BasicAuthHandler(unasked("s3cret")), transport: mock)
        for path in ["v1/x", "v2/x"] { _ = try await opener.open("https://api.example/\(path)") }
        #expect(mock.requests.map { $0.field("Authorization") != nil } == [true, false])
    }

    private func publicOnly() -> URLOpener {
        var configuration = URLOpener.Configuration()
        configuration.network.addressPolicy = .publicOnly
        let opener = URLOpener(ProxyHandler(.none), configuration: configuration)
        return opener
    }

    @Test("An address policy sees addresses, however they are written")
    func addresses() async throws {
        try await withSite { _ in
            okay("secret")
        } _: { site, seen in
            let port = site.split(separator: ":")[2]
            for host in ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"] {
                let error = await openError { _ = try await publicOnly().open("http://\(host):\(port)/") }
                #expect(error?.code == .addressRefused, "\(error as Any)")
            }
            #expect(seen.all.isEmpty)
        }
    }

    @Test("Controls are refused, wherever they stand")
    func controls() throws {
        for control in ["\r", "\n", "\r\n", "\0", "\u{1}", "\u{7F}"] {
            #expect(throws: OpenError.self) { try URLOpener.Request("http://h.example/\(control)") }
            #expect(throws: OpenError.self) { try URLOpener.Request("http://h.example/", method: "GET\(control)") }
            var request = try URLOpener.Request("http://h.example/")
            #expect(throws: OpenError.self) { try request.setField("A\(control)", "b") }
            #expect(throws: OpenError.self) { try request.setField("A", "b\(control)") }
            var form = MultipartForm()
            if !["\r", "\n", "\r\n"].contains(control) {
                #expect(throws: OpenError.self) { try form.append("a\(control)", "b") }
            }
            #expect(!CookieJar().receive("a=b\(control)c", from: "http://h.example/"))
        }
        var request = try URLOpener.Request("http://h.example/")
        #expect(throws: OpenError.self) { try request.setMethod("CONNECT") }
    }

    @Test("What is printed shows no secret")
    func shown() throws {
        let request = try request(token: "s3cret", key: "s3cret", signature: "abc")
        print(request.fields)  // [Authorization: (hidden), X-Api-Key: (hidden), X-Signature: abc, Accept-Language: ja]
        let line = "[Authorization: (hidden), X-Api-Key: (hidden), X-Signature: abc, Accept-Language: ja]"
        #expect("\(request.fields)" == line)
        let error = #expect(throws: OpenError.self) { try URLOpener.Request("http://u:s3cret@h.example/ x") }
        #expect(error?.description.contains("s3cret") == false && error?.description.contains("\n") == false)
    }
}
