import TestSupport
import Testing

@testable import MinatoURL

/// What is taken from a Set-Cookie field, and what is not.
@Suite(.watchdog) struct CookieReceivingTests {
    /// URL, field, what is kept: `name|value|description without name and value`.
    @Test(arguments: [
        // Name and value (section 5.6).
        ("http://h.com/a/b", "a=1", "a|1|; <h.com>; Path=/a"),
        ("http://h.com/", " a\t= 1 2 ", "a|1 2|; <h.com>; Path=/"),
        ("http://h.com/", "a=b=c", "a|b=c|; <h.com>; Path=/"), ("http://h.com/", "a=", "a||; <h.com>; Path=/"),
        ("http://h.com/", "token", "|token|; <h.com>; Path=/"), ("http://h.com/", "=a=b", "|a=b|; <h.com>; Path=/"),
        ("http://h.com/", "a=\"x y\"", "a|\"x y\"|; <h.com>; Path=/"),
        ("http://h.com/", "a=1;", "a|1|; <h.com>; Path=/"),
        ("http://h.com/", "a=\u{e9}", "a|\u{e9}|; <h.com>; Path=/"),
        ("http://h.com/", "a=x\ty", "a|x\ty|; <h.com>; Path=/"),
        ("http://h.com/", "a=1;;; ; b=2 ;=; x", "a|1|; <h.com>; Path=/"),
        // Domain.
        ("http://a.h.com/", "a=1; Domain=h.com", "a|1|; Domain=h.com; Path=/"),
        ("http://a.h.com/", "a=1; domain=.H.COM", "a|1|; Domain=h.com; Path=/"),
        ("http://h.com/", "a=1; Domain=h.com", "a|1|; Domain=h.com; Path=/"),
        ("http://h.com/", "a=1; Domain=", "a|1|; <h.com>; Path=/"),
        ("http://h.com/", "a=1; Domain=.", "a|1|; <h.com>; Path=/"),
        ("http://h.com/", "a=1; Domain", "a|1|; <h.com>; Path=/"),
        ("http://h.com/", "a=1; Domain=x.org; Domain=", "a|1|; <h.com>; Path=/"),
        ("http://a.h.com/", "a=1; Domain=x.org; Domain=h.com", "a|1|; Domain=h.com; Path=/"),
        ("http://H.COM./", "a=1", "a|1|; <h.com>; Path=/"),
        ("http://a.h.com./", "a=1; Domain=h.com", "a|1|; Domain=h.com; Path=/"),
        ("http://co.uk/", "a=1; Domain=co.uk", "a|1|; <co.uk>; Path=/"),
        ("http://h/", "a=1; Domain=h", "a|1|; <h>; Path=/"),
        ("http://10.0.0.1/", "a=1; Domain=10.0.0.1", "a|1|; <10.0.0.1>; Path=/"),
        ("http://[::1]/", "a=1; Domain=[::1]", "a|1|; <[::1]>; Path=/"),
        ("http://10.1/", "a=1", "a|1|; <10.0.0.1>; Path=/"),
        // Path.
        ("http://h.com/a/b/", "a=1", "a|1|; <h.com>; Path=/a/b"), ("http://h.com", "a=1", "a|1|; <h.com>; Path=/"),
        ("http://h.com/a?b/c", "a=1", "a|1|; <h.com>; Path=/"),
        ("http://h.com/x", "a=1; Path=/y/z", "a|1|; <h.com>; Path=/y/z"),
        ("http://h.com/x/y", "a=1; Path=z", "a|1|; <h.com>; Path=/x"),
        ("http://h.com/x/y", "a=1; Path=/z; Path=", "a|1|; <h.com>; Path=/x"),
        ("http://h.com/x/", "a=1; PATH=/z ; path=/w", "a|1|; <h.com>; Path=/w"),
        // Times: the clock stands at 2027-01-15T08:00:00Z; no more than 400 days.
        ("http://h.com/", "a=1; Max-Age=60", "a|1|; <h.com>; Path=/; Expires=2027-01-15T08:01:00Z"),
        (
            "http://h.com/", "a=1; Expires=Sat, 16 Jan 2027 00:00:00 GMT",
            "a|1|; <h.com>; Path=/; Expires=2027-01-16T00:00:00Z"
        ),
        (
            "http://h.com/", "a=1; Max-Age=60; Expires=Sat, 16 Jan 2027 00:00:00 GMT",
            "a|1|; <h.com>; Path=/; Expires=2027-01-15T08:01:00Z"
        ),
        ("http://h.com/", "a=1; Max-Age=60; Max-Age=120", "a|1|; <h.com>; Path=/; Expires=2027-01-15T08:02:00Z"),
        ("http://h.com/", "a=1; Max-Age=60; Max-Age=x", "a|1|; <h.com>; Path=/; Expires=2027-01-15T08:01:00Z"),
        (
            "http://h.com/", "a=1; Max-Age=99999999999999999999999",
            "a|1|; <h.com>; Path=/; Expires=2028-02-19T08:00:00Z"
        ),
        (
            "http://h.com/", "a=1; Expires=Sat, 16 Jan 2099 00:00:00 GMT",
            "a|1|; <h.com>; Path=/; Expires=2028-02-19T08:00:00Z"
        ),
        ("http://h.com/", "a=1; Max-Age=; Max-Age=+5; Max-Age=-; Max-Age=1.5; Expires=0", "a|1|; <h.com>; Path=/"),
        // Flags.
        ("https://h.com/", "a=1; Secure", "a|1|; <h.com>; Path=/; Secure"),
        ("https://h.com/", "a=1; SECURE=no", "a|1|; <h.com>; Path=/; Secure"),
        ("http://localhost/", "a=1; Secure", "a|1|; <localhost>; Path=/; Secure"),
        ("http://127.9.9.9/", "a=1; Secure", "a|1|; <127.9.9.9>; Path=/; Secure"),
        ("http://[::1]:81/", "a=1; Secure", "a|1|; <[::1]>; Path=/; Secure"),
        ("http://h.com/", "a=1; HttpOnly", "a|1|; <h.com>; Path=/; HttpOnly"),
        ("http://h.com/", "a=1; SameSite=strict", "a|1|; <h.com>; Path=/; SameSite=Strict"),
        ("http://h.com/", "a=1; SameSite=Strict; SameSite=LAX", "a|1|; <h.com>; Path=/; SameSite=Lax"),
        ("http://h.com/", "a=1; SameSite=Lax; SameSite=x", "a|1|; <h.com>; Path=/"),
        ("https://h.com/", "a=1; SameSite=None; Secure", "a|1|; <h.com>; Path=/; Secure; SameSite=None"),
        // Prefixes.
        ("https://h.com/x/y", "__Secure-a=1; Secure; Domain=h.com", "__Secure-a|1|; Domain=h.com; Path=/x; Secure"),
        ("https://h.com/x/y", "__host-a=1; Secure; Path=/", "__host-a|1|; <h.com>; Path=/; Secure"),
        ("https://h.com/x", "__Host-a=1; Secure; Path=x", "__Host-a|1|; <h.com>; Path=/; Secure"),
    ])
    func keeps(_ url: String, _ field: String, _ kept: String) {
        let test = TestJar()
        #expect(test.take(field, from: url) == nil)
        let cookies = test.jar.cookies.map { cookie in
            "\(cookie.name)|\(cookie.value)|" + cookie.description.drop { $0 != ";" }
        }
        #expect(cookies == [kept])
    }

    @Test(arguments: [
        ("http://h.com/", "", CookieRefusal.empty), ("http://h.com/", "=", .empty),
        ("http://h.com/", " ; Path=/", .empty),
        ("http://h.com/", "a=1\0", .control), ("http://h.com/", "a=1; x=\u{7f}", .control),
        ("http://h.com/", "a=\r\nb", .control),
        ("http://h.com/", "a=\u{85}", .control), ("http://h.com/", "\u{9f}=b", .control),
        ("http://h.com/", "a=1; Domain=x.org", .foreignDomain),
        ("http://h.com/", "a=1; Domain=a.h.com", .foreignDomain),
        ("http://badh.com/", "a=1; Domain=h.com", .foreignDomain),
        ("http://h.com/", "a=1; Domain=h.com.", .foreignDomain),
        ("http://h.com/", "a=1; Domain=..h.com", .foreignDomain),
        ("http://a.k.com/", "a=1; Domain=\u{212a}.com", .foreignDomain),
        ("http://a.h.com/", "a=1; Domain=.\u{301}h.com", .foreignDomain),
        ("http://h.com/", "a=1; Domain=org", .foreignDomain),
        ("http://h.com/", "a=1; Domain=com", .publicSuffix), ("http://h.co.uk/", "a=1; Domain=.CO.UK", .publicSuffix),
        ("http://a.github.io/", "a=1; Domain=github.io", .publicSuffix),
        ("http://a.co.uk./", "a=1; Domain=co.uk", .publicSuffix),
        ("http://10.0.0.1/", "a=1; Domain=0.0.1", .foreignDomain),
        ("http://10.0.0.1/", "a=1; Domain=1", .foreignDomain),
        ("http://[::1]/", "a=1; Domain=1]", .foreignDomain),
        ("http://h.com/", "a=1; Secure", .insecureWay), ("http://a.localhost/", "a=1; Secure", .insecureWay),
        ("http://127.com/", "a=1; Secure", .insecureWay), ("http://[::2]/", "a=1; Secure", .insecureWay),
        ("http://h.com/", "a=1; SameSite=None", .sameSiteNone),
        ("https://h.com/", "__Secure-a=1", .prefix), ("https://h.com/", "__SECURE-a=1", .prefix),
        ("http://h.com/", "__Secure-a=1", .prefix), ("http://h.com/", "__Secure-a=1; Secure", .insecureWay),
        ("https://h.com/", "__Host-a=1; Path=/", .prefix), ("https://h.com/", "__Host-a=1; Secure", .prefix),
        ("https://h.com/", "__hOsT-a=1; Secure; Path=/x", .prefix),
        ("https://h.com/", "__Host-a=1; Secure; Path=/; Domain=h.com", .prefix),
        ("https://h.com/", "=__Host-a=1; Secure; Path=/", .prefix), ("https://h.com/", "__Secure-a; Secure", .prefix),
        ("no URL", "a=1", .noPlace), ("ftp://h.com/", "a=1", .noPlace),
    ])
    func refuses(_ url: String, _ field: String, _ why: CookieRefusal) {
        let test = TestJar()
        #expect(test.take(field, from: url) == why)
        #expect(test.jar.cookies.isEmpty && !test.jar.receive(field, from: url))
    }

    @Test func refusesBytesThatAreNotUTF8() {
        #expect(TestJar().take(Array("a=".utf8) + [0xE9], from: "http://h.com/") == .notUTF8)
        #expect(TestJar().take(Array("a=1; x=".utf8) + [0xE9], from: "http://h.com/") == .notUTF8)
    }

    /// 4096 bytes of name and value, 1024 of an attribute: one more is too many.
    @Test func limitsSizes() {
        let test = TestJar()
        let long = String(repeating: "x", count: 4095)
        #expect(test.take("a=\(long)", from: "http://h.com/") == nil)
        #expect(test.take("ab=\(long)", from: "http://h.com/") == .tooLarge)
        #expect(test.take(long + "yz", from: "http://h.com/") == .tooLarge)
        #expect(test.take("\u{e9}=\(long)", from: "http://h.com/") == .tooLarge)
        let path = "/" + String(repeating: "p", count: 1023)
        #expect(test.take("b=1; Path=\(path); Max-Age=1", from: "http://h.com/") == nil)
        #expect(test.take("c=1; Path=\(path)p; Domain=\(path)p", from: "http://h.com/") == nil)
        #expect(test.jar.cookies.map(\.path) == ["/", path, "/"])
    }

    /// Without a list nobody knows which domains strangers share.
    @Test func keepsToTheHostWithoutAList() {
        let test = TestJar(suffixes: nil)
        #expect(test.take("a=1; Domain=co.uk", from: "http://h.co.uk/") == nil)
        #expect(test.take("b=1; Domain=h.co.uk", from: "http://h.co.uk/") == nil)
        #expect(test.take("c=1; Domain=x.org", from: "http://h.co.uk/") == .foreignDomain)
        #expect(test.jar.cookies.allSatisfy { $0.isHostOnly && $0.domain == "h.co.uk" })
        #expect(test.field("http://h.co.uk/") == "a=1; b=1")
        #expect(test.field("http://x.h.co.uk/") == "" && test.field("http://co.uk/") == "")
    }

    /// What libpsl says. It is there wherever libcurl was built with it.
    @Test func asksTheSystemForSuffixes() throws {
        #expect(CookieJar.knowsPublicSuffixes)
        let suffixes = try #require(PublicSuffixes.ofSystem)
        for domain in ["com", "co.uk", "github.io", "kawasaki.jp", "x.ck", "localhost", "xn--p1ai"] {
            #expect(suffixes.contains(domain), "\(domain)")
        }
        for domain in ["example.com", "bbc.co.uk", "a.github.io", "city.kawasaki.jp", "www.ck", "a.localhost"] {
            #expect(!suffixes.contains(domain), "\(domain)")
        }
        let jar = CookieJar()
        #expect(!jar.receive("a=1; Domain=co.uk", from: "https://bbc.co.uk/"))
        #expect(jar.receive("a=1; Domain=bbc.co.uk", from: "https://www.bbc.co.uk/"))
        #expect(jar.field(for: "http://bbc.co.uk/") == "a=1")
    }
}
