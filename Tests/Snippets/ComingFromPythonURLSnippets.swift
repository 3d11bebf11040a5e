import Minato
import TestSupport
import Testing

/// The code of the article "Coming from Python" that opens URLs, over a mock, in a process of its own: it installs openers for all of it.
@Suite("Coming from Python: the article, on URLs", .watchdog)
struct ComingFromPythonURLSnippets {
    @Test("The programs run")
    func run() async throws {
        await #expect(processExitsWith: .success) {
            let mock = URLPrograms.world()
            URLOpener.install(URLOpener(transport: mock))
            try await URLPrograms.first300Bytes()
            try URLPrograms.first300BytesBlocking()
            try await URLPrograms.form()
            try await URLPrograms.put(key: "k")
            try await URLPrograms.missing()
            try await URLPrograms.timeout()
            try await URLPrograms.data()
            try await URLPrograms.robots()
            let sent = mock.requests.map { "\($0.method) \($0.url)" }
            let expected = [
                "GET https://www.cnn.co.jp/", "GET https://www.cnn.co.jp/", "POST http://www.example.com/register",
                "PUT https://api.example.com/items/7", "GET http://www.example.com/missing",
                "GET http://www.example.com/",
                "GET https://www.example.com/robots.txt",
            ]
            try #require(sent == expected, "\(sent)")
            try #require(text(mock.requests[2].body?.bytes ?? []) == "name=Minato&kind=port")
            try #require(mock.requests[3].fields.contains { $0.name == "X-API-key" && $0.value == "k" })
        }
    }

    @Test("Cookies go into the file and come out of it")
    func cookies() async throws {
        let mock = MockTransport { _ in
            .init(status: 200, fields: [("Set-Cookie", "id=7; Secure"), ("Set-Cookie", "a=b; Max-Age=60")])
        }
        let directory = try TemporaryDirectory()
        let path = try directory.write("cookies.txt", [])
        try await URLPrograms.cookies(mock, path, data: [1])
        let jar = CookieJar()
        try jar.load(path)
        #expect(jar.field(for: "https://www.example.com/x") == "id=7; a=b")
        // What Python makes of the same file.
        let python = try ChildProcess.python(
            """
            import http.cookiejar, sys
            jar = http.cookiejar.MozillaCookieJar(sys.argv[1])
            jar.load(ignore_discard=True, ignore_expires=True)
            print(sorted((cookie.name, cookie.value, cookie.domain) for cookie in jar))
            """, path)
        let expected = "[('a', 'b', 'www.example.com'), ('id', '7', 'www.example.com')]\n"
        #expect(python.readToEnd() == expected)
        #expect(python.wait() == 0)
    }

    @Test("Both languages print the same text")
    func texts() throws {
        let python = try ChildProcess.python(
            """
            from urllib.parse import parse_qs, quote, unquote, urldefrag, urlencode, urljoin, urlsplit
            print(quote('/a b/港'), unquote('caf%C3%A9'))
            print(urlencode({'q': 'two ports', 'page': 1}))
            print(parse_qs('a=1&b=2&a=3')['a'])
            print(urljoin('http://h/a/b?q', '../c#d'))
            parts = urlsplit('http://klem:secret@[::1]:8080/a/b?q=1#here')
            print(parts.hostname, parts.port, parts.path, parts.username)
            print(urldefrag('http://h/a#b').url)
            """)
        #expect(
            python.readToEnd() == """
                /a%20b/%E6%B8%AF café
                q=two+ports&page=1
                ['1', '3']
                http://h/c#d
                ::1 8080 /a/b klem
                http://h/a

                """)
        #expect(python.wait() == 0)
        try URLPrograms.texts()
        #expect(PercentEncoding.quote("/a b/港") == "/a%20b/%E6%B8%AF")
        #expect(PercentEncoding.unquote("caf%C3%A9") == "café")
        let query: URLQuery = ["q": "two ports", "page": "1"]
        #expect(query.urlencoded() == "q=two+ports&page=1")
        #expect(try URLQuery(parsing: "a=1&b=2&a=3").values("a") == ["1", "3"])
        #expect(try URLReference("http://h/a/b?q").joined("../c#d").text == "http://h/c#d")
        let parts = try URLReference("http://klem:secret@[::1]:8080/a/b?q=1#here")
        #expect(parts.host == "::1" && parts.port == 8080 && parts.path == "/a/b" && parts.user == "klem")
        #expect(try URLReference("http://h/a#b").removingFragment().text == "http://h/a")
    }
}

/// The programs, as the article has them.
enum URLPrograms {
    /// What answers them.
    static func world() -> MockTransport {
        MockTransport { request in
            switch request.url {
            case "http://www.example.com/missing": .init(status: 404, body: Array("no such page".utf8))
            case "https://www.example.com/robots.txt":
                .init(status: 200, body: Array("User-agent: ExampleBot\nDisallow: /shop\nCrawl-delay: 5\n".utf8))
            default: .init(status: 200, fields: [("ETag", "\"7\"")], body: [UInt8](repeating: 0x78, count: 400))
            }
        }
    }

    static func first300Bytes() async throws {
        let response = try await urlopen("https://www.cnn.co.jp")
        print(String(decoding: try await response.body.read(300), as: UTF8.self))
    }

    static func first300BytesBlocking() throws {
        let response = try urlopenBlocking("https://www.cnn.co.jp")
        print(String(decoding: try response.body.read(300), as: UTF8.self))
    }

    // Compiled only: it replaces the opener that the others use.
    /// Only compiled: there is no such file.
    static func retrieving() throws {
        let file = try urlretrieveBlocking("http://www.example.com/large.iso", to: "large.iso", resume: true) { now in
            print(now.byteCount, "of", now.totalCount.map(String.init) ?? "?")
        }
        print(file.byteCount, "bytes,", file.resumedAt, "of them from an earlier call")
    }

    static func basicAuthentication() async throws {
        let passwords = PasswordManager()
        passwords.add(
            realm: "PDQ Application", uri: "https://mahler:8092/site-updates.py",
            user: "klem", password: "kadidd!ehopper")
        let opener = URLOpener(BasicAuthHandler(passwords))
        URLOpener.install(opener)  // for the whole program
        let response = try await urlopen("http://www.example.com/login.html")
        print(response.status)
    }

    // Compiled only: the host is not ours.
    static func managers(password: String) async throws {
        let manager = PasswordManager()
        manager.add(realm: nil, uri: "https://www.example.com/staff/", user: "klem", password: password)
        let opener = URLOpener(BasicAuthHandler(manager), DigestAuthHandler(manager))
        let response = try await opener.open("https://www.example.com/staff/today")
        print(response.status)
    }

    static func form() async throws {
        let form: URLQuery = ["name": "Minato", "kind": "port"]
        let response = try await urlopen("http://www.example.com/register", body: Array(form.urlencoded().utf8))
        print(response.status, String(decoding: try await response.body.collect(upTo: 1_000_000), as: UTF8.self))
    }

    static func put(key: String) async throws {
        var request = try URLOpener.Request(
            "https://api.example.com/items/7", method: "PUT", body: Array(#"{"name": "Minato"}"#.utf8))
        try request.setField("Content-Type", "application/json")
        try request.setField("X-API-key", key, sensitive: true)
        let response = try await urlopen(request)
        print(response.status, response.field("ETag") ?? "")
    }

    static func missing() async throws {
        do {
            let response = try await urlopen("http://www.example.com/missing")
            print(try await response.body.collect(upTo: 1_000_000).count)
        } catch {
            // The response of an error status is readable, as Python's HTTPError is.
            if let response = error.response {
                print(response.status, String(decoding: try await response.body.collect(upTo: 10_000), as: UTF8.self))
            } else {
                print("no answer:", error)
            }
        }
    }

    static func timeout() async throws {
        let minute = Deadline.after(.seconds(60))
        let response = try await urlopen("http://www.example.com/", timeout: .seconds(10), deadline: minute)
        print(try await response.body.collect(upTo: 1_000_000).count)
    }

    static func cookies(_ mock: MockTransport, _ path: String, data: [UInt8]) async throws {
        let jar = CookieJar()
        try jar.load(path)
        let opener = URLOpener(CookieHandler(jar), transport: mock)
        _ = try await opener.open("https://www.example.com/login", body: data)
        try jar.save(to: path, includingSession: true)
    }

    // Compiled only: as above, with a file and a host that are not ours.
    static func cookies(data: [UInt8]) async throws {
        let jar = CookieJar()
        try jar.load("cookies.txt")
        let opener = URLOpener(CookieHandler(jar))
        _ = try await opener.open("https://www.example.com/login", body: data)
        for cookie in jar.cookies {
            print(cookie.name, cookie.domain)
        }
        try jar.save(to: "cookies.txt", includingSession: true)
    }

    static func proxies() throws -> [URLOpener] {
        let office = URLOpener(ProxyHandler(.fixed(try Proxy("http://proxy.example:3128"))))
        let direct = URLOpener(ProxyHandler(.none))
        return [office, direct]
    }

    // Compiled only: the files are not there.
    static func context() async throws -> Int {
        var configuration = URLOpener.Configuration()
        configuration.tls.trust = .file("/etc/company/ca.pem")
        configuration.tls.clientCertificate = .init(certificate: "/etc/me/cert.pem", key: "/etc/me/key.pem")
        let opener = URLOpener(configuration: configuration)
        let response = try await opener.open("https://intranet.example/")
        return response.status
    }

    static func data() async throws {
        let response = try await urlopen("data:text/plain;charset=utf-8;base64,5riv")
        let content = try await response.body.collect(upTo: 100)
        print(response.field("Content-Type") ?? "", String(decoding: content, as: UTF8.self))
    }

    static func texts() throws {
        print(PercentEncoding.quote("/a b/港"), PercentEncoding.unquote("caf%C3%A9"))
        let query: URLQuery = ["q": "two ports", "page": "1"]
        print(query.urlencoded())
        print(try URLQuery(parsing: "a=1&b=2&a=3").values("a"))
        print(try URLReference("http://h/a/b?q").joined("../c#d"))
        let parts = try URLReference("http://klem:secret@[::1]:8080/a/b?q=1#here")
        print(parts.host ?? "", parts.port ?? 80, parts.path, parts.user ?? "")
        print(try URLReference("http://h/a#b").removingFragment())
    }

    static func robots() async throws {
        var rules = RobotsRules.disallowsAll  // when nobody answers
        do {
            let response = try await urlopen("https://www.example.com/robots.txt", deadline: .after(.seconds(30)))
            // A byte more than is used, so that a file that goes on is noticed.
            rules = RobotsRules(try await response.body.read(RobotsRules.maximumSize + 1))
        } catch {
            if let status = error.status { rules = RobotsRules(status: status) }
        }
        let delay = rules.crawlDelay(for: "ExampleBot") ?? .zero
        print(rules.allows("https://www.example.com/shop", for: "ExampleBot"), delay)
        guard !rules.allows("https://www.example.com/shop", for: "ExampleBot") else {
            throw OpenError(.closed, url: "", detail: "the rules were not read")
        }
    }
}
