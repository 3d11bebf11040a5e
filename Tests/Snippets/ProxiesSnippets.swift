import Minato
import TestSupport
import Testing

/// The code of the article "Proxies", and what it says. All of it is run.
@Suite("Proxies: the article", .watchdog)
struct ProxiesSnippets {
    private func openers() throws -> [URLOpener] {
        let direct = URLOpener(ProxyHandler(.none))  // whatever the environment says
        let proxy = try Proxy("http://proxy.example:3128")
        let office = URLOpener(ProxyHandler(.fixed(proxy, except: "localhost,10.0.0.0/8,.internal.example")))
        return [direct, office]
    }

    @Test("Who is reached without a proxy")
    func exceptions() throws {
        #expect(try openers().count == 2)
        let exceptions: NoProxy = "localhost,10.0.0.0/8,.internal.example"
        print(exceptions.covers("http://wiki.internal.example/"))  // true
        print(exceptions.covers("http://10.20.30.40/"))  // true
        #expect(exceptions.covers("http://wiki.internal.example/") && exceptions.covers("http://10.20.30.40/"))
        for (list, url, isCovered) in [
            ("*", "http://h.example/", true), ("*,a", "http://h.example/", false),
            ("example.com", "http://a.example.com/", true), ("example.com", "http://badexample.com/", false),
            ("example.com:8080", "http://example.com/", false), ("[::1]:8080", "http://[::1]:8080/", true),
            ("127.0.0.1", "http://2130706433/", true), ("::1", "http://[0:0::1]/", true),
            ("*.example.com", "http://a.example.com/", false), ("127.0.0.0/8", "http://localhost/", false),
        ] {
            #expect(NoProxy(list).covers(url) == isCovered, "\(list) \(url)")
        }
    }

    @Test("A function chooses")
    func custom() throws {
        let policy = ProxyPolicy.custom { (url) throws(OpenError) in
            url.hasPrefix("https://intranet.example/") ? nil : try Proxy("socks5://127.0.0.1:9050")
        }
        let opener = URLOpener(ProxyHandler(policy))
        _ = opener
        #expect(try policy.proxy(for: "https://intranet.example/x") == nil)
        #expect(try policy.proxy(for: "https://h.example/")?.description == "socks5://127.0.0.1:9050")
    }

    private func secured() throws -> URLOpener {
        var configuration = URLOpener.Configuration()
        configuration.tls.trust = .file("/etc/company/ca.pem")  // who has issued the proxy's certificate
        let proxy = try Proxy("https://proxy.example:3129")
        let opener = URLOpener(ProxyHandler(.fixed(proxy)), configuration: configuration)
        return opener
    }

    @Test("TLS to the proxy: trust is the opener's")
    func trust() async throws {
        let error = await openError { _ = try await secured().open("http://h.invalid/") }
        // No such file here, and no such name: nothing has been sent in either case.
        #expect([.tlsConfiguration, .nameNotFound].contains(error?.code), "\(error as Any)")
    }

    private func told(_ password: String) throws -> String {
        let proxy = try Proxy("http://klem:s3cret@proxy.example:3128")
        print(proxy)  // http://proxy.example:3128

        let passwords = PasswordManager()
        passwords.add(realm: nil, uri: "http://proxy.example:3128/", user: "klem", password: password)
        let opener = URLOpener(
            ProxyHandler(.fixed(try Proxy("http://proxy.example:3128"))),
            ProxyDigestAuthHandler(passwords), ProxyBasicAuthHandler(passwords))
        _ = opener
        return proxy.description
    }

    @Test("A proxy is told who asks when it asks, and unasked from then on; the server is not told")
    func asked() async throws {
        #expect(try told("s3cret") == "http://proxy.example:3128")
        let challenge = "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"R\"\r\nContent-Length: 0\r\n\r\n"
        try await withSite {
            $0.contains("\r\nProxy-Authorization: ") ? okay("page") : challenge
        } _: { site, seen in
            let proxy = site.replacing("http://", with: "http://klem:s3cret@")
            let opener = URLOpener(ProxyHandler(.fixed(try Proxy(proxy))))
            for _ in 0..<2 {
                let response = try await opener.open("http://h.invalid/x")
                #expect(text(try await response.body.collect(upTo: 9)) == "page")
            }
            let told = seen.all.map { $0.contains("\r\nProxy-Authorization: Basic a2xlbTpzM2NyZXQ=\r\n") }
            #expect(told == [false, true, true])
            #expect(seen.all.allSatisfy { $0.hasPrefix("GET http://h.invalid/x HTTP/1.1\r\n") })
        }
        // A 407 of somebody who is no proxy gets no answer.
        try await withSite { _ in
            challenge
        } _: { site, seen in
            #expect(
                await openError { _ = try await URLOpener().open(site.replacing("//", with: "//u:p@")) }?.status == 407)
            #expect(seen.all.count == 1)
        }
    }

    @Test("What is refused, and never by a direct connection")
    func refused() async throws {
        try await withSite { _ in
            "HTTP/1.1 302 Away\r\nLocation: http://evil.invalid/\r\n\r\n"
        } _: { site, seen in
            let opener = URLOpener(ProxyHandler(.fixed(try Proxy(site))))
            let error = await openError { _ = try await opener.open("https://h.invalid/") }
            #expect(error?.code == .proxyRefused && error?.response == nil, "\(error as Any)")
            #expect(seen.all.map { $0.hasPrefix("CONNECT h.invalid:443 HTTP/1.1\r\n") } == [true])

            var configuration = URLOpener.Configuration()
            configuration.network.route("h.invalid", 80, to: .tcp("127.0.0.1", 1))
            let both = URLOpener(ProxyHandler(.fixed(try Proxy(site))), configuration: configuration)
            #expect(await openError { _ = try await both.open("http://h.invalid/") }?.code == .badRequest)
            #expect(seen.all.count == 1)
        }
        let long = PasswordManager.Credentials(user: String(repeating: "u", count: 256), password: "p")
        #expect(#expect(throws: OpenError.self) { try Proxy("socks5://p", credentials: long) }?.code == .badProxy)
        #expect(#expect(throws: OpenError.self) { try Proxy("ftp://proxy") }?.code == .badProxy)
    }

    private func guarded() -> URLOpener {
        var configuration = URLOpener.Configuration()
        configuration.network.addressPolicy = .publicOnly
        let opener = URLOpener(ProxyHandler(.none), configuration: configuration)
        return opener
    }

    @Test("The address policy judges the proxy's address, and nothing else")
    func policy() async throws {
        try await withSite { _ in
            okay("page")
        } _: { site, seen in
            #expect(await openError { _ = try await guarded().open(site) }?.code == .addressRefused)
            var configuration = URLOpener.Configuration()
            configuration.network.addressPolicy = .publicOnly
            let inside = URLOpener(ProxyHandler(.fixed(try Proxy(site))), configuration: configuration)
            #expect(await openError { _ = try await inside.open("http://192.0.2.1/") }?.code == .addressRefused)
            let port = Int(site.split(separator: ":")[2])
            configuration.network.addressPolicy = .custom { $0.port == port }
            let allowed = URLOpener(ProxyHandler(.fixed(try Proxy(site))), configuration: configuration)
            #expect(try await allowed.open("http://10.0.0.1:9/").status == 200)
            #expect(seen.all.count == 1)
        }
    }
}
