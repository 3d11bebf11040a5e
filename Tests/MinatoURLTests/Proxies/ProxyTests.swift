import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct ProxyTests {
    /// What is written, what is shown, what libcurl gets, user name, password.
    @Test(arguments: [
        ("proxy", "http://proxy:80", "http://proxy:80", nil, nil),
        ("Proxy.Example:3128", "http://proxy.example:3128", "http://proxy.example:3128", nil, nil),
        ("http://proxy/", "http://proxy:80", "http://proxy:80", nil, nil),
        ("HTTPS://proxy", "https://proxy:443", "https://proxy:443", nil, nil),
        ("socks5://proxy", "socks5://proxy:1080", "socks5h://proxy:1080", nil, nil),
        ("socks5h://proxy:9050/path?q", "socks5://proxy:9050", "socks5h://proxy:9050", nil, nil),
        ("http://[::1]:3128", "http://[::1]:3128", "http://[::1]:3128", nil, nil),
        ("http://[FE80::1%25lo]:1", "http://[fe80::1%25lo]:1", "http://[fe80::1%25lo]:1", nil, nil),
        ("http://127.1:3128", "http://127.0.0.1:3128", "http://127.0.0.1:3128", nil, nil),
        ("u:p@proxy", "http://proxy:80", "http://proxy:80", "u", "p"),
        ("http://u@proxy", "http://proxy:80", "http://proxy:80", "u", ""),
        ("http://us%20er:p%40w%zz@proxy", "http://proxy:80", "http://proxy:80", "us er", "p@w%zz"),
        ("http://u/s:p/w@proxy:1", "http://proxy:1", "http://proxy:1", "u/s", "p/w"),
        ("http://u:a@b@proxy:1/", "http://proxy:1", "http://proxy:1", "u", "a@b"),
    ])
    func reads(_ text: String, _ shown: String, _ curl: String, _ user: String?, _ password: String?) throws {
        let proxy = try Proxy(text)
        #expect(proxy.description == shown && proxy.curlText == curl)
        #expect(proxy.location.text == shown + "/" && proxy.location.userInformation == nil)
        #expect(proxy.credentials?.user == user && proxy.credentials?.password == password)
    }

    @Test(arguments: [
        ("", "it has no host"), ("http://", "it has no host"), ("u:p@", "it has no host"),
        ("http:/proxy", "no \"//\" and host after the scheme"), ("file:/x", "no \"//\" and host after the scheme"),
        ("socks4://proxy", "its scheme is not http, https, socks5 or socks5h"),
        ("ftp://proxy", "its scheme is not http, https, socks5 or socks5h"),
        ("http://proxy?x", "it has no host"), ("http://proxy#x", "it has no host"), ("proxy/x", "it has no host"),
        ("http://a b", "a space or control in the URL"),
        ("http://pr\u{f6}xy", "a backslash or a character that is not ASCII before the path"),
        ("http://proxy:99999", "the port is over 65535"),
        ("http://proxy:x", "the port is not a number"),
    ])
    func refuses(_ text: String, _ why: String) {
        let error = #expect(throws: OpenError.self) { try Proxy(text) }
        #expect(error?.code == .badProxy && error?.detail == "the proxy cannot be used: \(why)")
    }

    @Test func takesCredentialsApart() throws {
        let given = PasswordManager.Credentials(user: "u%20", password: "p@/")
        #expect(try Proxy("http://a:b@proxy", credentials: given).credentials == given)
        let long = PasswordManager.Credentials(user: String(repeating: "u", count: 256), password: "p")
        #expect(try Proxy("http://proxy", credentials: long).credentials == long)
        #expect(throws: OpenError.self) { try Proxy("socks5://proxy", credentials: long) }
        for text in ["http://a%3Ab:p@proxy", "http://a:p%0a@proxy"] {
            #expect(#expect(throws: OpenError.self) { try Proxy(text) }?.code == .badCredentials)
        }
    }

    @Test(arguments: [
        "http://klem:c4n4ry@proxy", "socks4://klem:c4n4ry@proxy", "http:/klem:c4n4ry@proxy", "klem:c4n4ry@a b",
        "socks4://CORP/klem:c4n4ry@proxy:1080", "http://CORP/klem:c4n4ry@proxy:99999",
        "http://CORP/klem:c4n4ry%0a@proxy:3128", "http://klem:12/c4n4ry@proxy:99999", "http:/CORP/klem:c4n4ry@proxy",
        "http://klem:c4n4ry@", "http://klem:c4n4ry%0a@proxy", "http://a:c4n4ry@b:c4n4ry@proxy:x",
    ])
    func showsNoSecret(_ text: String) throws {
        var shown = ""
        do throws(OpenError) {
            let proxy = try Proxy(text)
            var request = try URLOpener.Request("http://h/")
            request.proxy = proxy
            shown += "\(proxy)" + String(reflecting: proxy) + String(reflecting: request)
            dump(proxy, to: &shown)
            dump(ProxyPolicy.fixed(proxy), to: &shown)
            dump(ProxyHandler(.environment(ProxyEnvironment([("http_proxy", text)]))), to: &shown)
            dump(request, to: &shown)
        } catch {
            shown += "\(error)" + String(reflecting: error)
            dump(error, to: &shown)
        }
        #expect(!shown.contains("c4n4ry") && !shown.contains("klem"))
        #expect(shown.contains("proxy"))
    }

    /// The vectors of Python's own tests of `_parse_proxy`.
    @Test func splitsAsPythonDoes() throws {
        let rows = try PythonTable.rows(
            """
            import json
            for case in json.load(open(sys.argv[1]))['rows']:
                row(*case['arguments'], case['error'], *(case['result'] or []))
            """, [PythonTable.vectors("parse_proxy.json")])
        #expect(rows.count == 10)
        for row in rows {
            let parts = ProxyText(row[0] ?? "")
            #expect((parts == nil) == (row[1] != nil), "\(row)")
            guard let parts else { continue }
            #expect([parts.scheme, parts.user, parts.password, parts.hostPort] == Array(row[2...]), "\(row)")
        }
    }
}
