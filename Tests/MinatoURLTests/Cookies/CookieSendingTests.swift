import TestSupport
import Testing

@testable import MinatoURL

/// Whom a cookie is sent to, in which order, and how long.
@Suite(.watchdog) struct CookieSendingTests {
    /// Where a cookie `a=1` came from with which attributes, and a URL that gets it or does not.
    @Test(arguments: [
        ("http://h.com/", "", "http://h.com/x", true), ("http://h.com/", "", "http://H.COM.:81/", true),
        ("http://h.com/", "", "https://h.com/", true), ("http://h.com/", "", "http://a.h.com/", false),
        ("http://a.h.com/", "", "http://h.com/", false), ("http://h.com/", "", "http://xh.com/", false),
        ("http://h.com/", "Domain=h.com", "http://a.b.h.com/", true),
        ("http://h.com/", "Domain=h.com", "http://xh.com/", false),
        ("http://a.h.com/", "Domain=h.com", "http://h.com/", true),
        ("http://a.h.com/", "Domain=h.com", "http://b.h.com/", true),
        ("http://10.0.0.1/", "Domain=10.0.0.1", "http://10.0.0.1/", true), ("http://10.1/", "", "http://0xa.1/", true),
        ("http://h.com/a/b", "", "http://h.com/a", true), ("http://h.com/a/b", "", "http://h.com/a/c/d", true),
        ("http://h.com/a/b", "", "http://h.com/a/", true), ("http://h.com/a/b", "", "http://h.com/ab", false),
        ("http://h.com/a/b", "", "http://h.com/", false), ("http://h.com/a/b", "", "http://h.com/a?x", true),
        ("http://h.com/", "Path=/a/", "http://h.com/a", false), ("http://h.com/", "Path=/a/", "http://h.com/a/b", true),
        ("http://h.com/", "Path=/a", "http://h.com/%61", false),
        ("http://h.com/", "Path=/a", "http://h.com/b/../a", false),
        ("http://h.com/", "Path=/", "http://h.com", true), ("http://h.com/", "Path=/A", "http://h.com/a", false),
        ("https://h.com/", "Secure", "http://h.com/", false), ("https://h.com/", "Secure", "https://h.com:8443/", true),
        ("https://h.com/", "Secure; Domain=h.com", "http://a.h.com/", false),
        ("https://localhost/", "Secure", "http://localhost:81/", true),
        ("http://127.0.0.1/", "Secure", "http://127.0.0.1/", true),
        ("http://h.com/", "HttpOnly; SameSite=Strict", "http://h.com/", true),
        ("http://h.com/", "", "ftp://h.com/", false), ("http://h.com/", "", "h.com", false),
    ])
    func sends(_ source: String, _ attributes: String, _ url: String, _ isSent: Bool) {
        let test = TestJar()
        #expect(test.take("a=1; \(attributes)", from: source) == nil)
        #expect(test.field(url) == (isSent ? "a=1" : ""))
        #expect(test.jar.cookies(for: url).map(\.name) == (isSent ? ["a"] : []))
    }

    @Test func longerPathsThenOlderOnesComeFirst() {
        let test = TestJar()
        for field in [
            "a=1; Path=/", "b=2; Path=/x/y", "c=3; Path=/x", "d=4; Path=/; Domain=h.com", "e=5; Path=/x/y", "f",
        ] {
            test.take(field, from: "http://h.com/x/y/z")
        }
        #expect(test.field("http://h.com/x/y/z") == "b=2; e=5; f; c=3; a=1; d=4")
        // A new value keeps the place; another path is another cookie, and so is one for all hosts below.
        test.take("b=6; Path=/x/y", from: "http://h.com/")
        test.take("a=7; Path=/; Domain=h.com", from: "http://h.com/")
        #expect(test.field("http://h.com/x/y/z") == "b=6; e=5; f; c=3; a=1; d=4; a=7")
        #expect(test.jar.cookies.map(\.value) == ["1", "6", "3", "4", "5", "f", "7"])
    }

    /// Names that look the same are not the same bytes.
    @Test func namesAreBytes() {
        let test = TestJar()
        for name in ["\u{e9}", "e\u{301}", "A", "a"] { test.take("\(name)=1", from: "http://h.com/") }
        #expect(test.jar.cookies.count == 4)
    }

    @Test func endsInTime() {
        let test = TestJar()
        test.take("a=1; Max-Age=10", from: "http://h.com/")
        test.take("b=1; Max-Age=20", from: "http://h.com/")
        test.take("c=1", from: "http://h.com/")
        test.pass(9)
        #expect(test.field("http://h.com/") == "a=1; b=1; c=1")
        test.pass(1)
        #expect(test.field("http://h.com/") == "b=1; c=1" && test.jar.cookies.count == 2)
        // A clock that goes back does not bring it back.
        test.pass(-5)
        #expect(test.jar.cookies.count == 2)
        test.pass(400 * 86_400)
        #expect(test.field("http://h.com/") == "c=1")
    }

    @Test(arguments: [
        "Max-Age=0", "Max-Age=-1", "Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "Max-Age=0; Expires=Sat, 16 Jan 2099 00:00:00 GMT",
    ])
    func removesByExpiring(_ attribute: String) {
        let test = TestJar()
        test.take("a=1; Max-Age=10", from: "http://h.com/")
        test.take("a=1; Path=/x", from: "http://h.com/")
        #expect(test.take("a=; \(attribute)", from: "http://h.com/") == nil)
        #expect(test.jar.cookies.map(\.path) == ["/x"])
    }

    /// A secure cookie `s` at `/login`, and what may be set over http (section 5.7, step 16).
    @Test(arguments: [
        ("http://h.com/", "s=2; Path=/login", false), ("http://h.com/", "s=2; Path=/login/en", false),
        ("http://h.com/", "s=2; Path=/", true), ("http://h.com/", "s=2; Path=/foo", true),
        ("http://h.com/", "S=2; Path=/login", true), ("http://a.h.com/", "s=2; Path=/login", false),
        ("http://a.h.com/", "s=2; Path=/login; Domain=h.com", false), ("http://x.org/", "s=2; Path=/login", true),
        ("https://h.com/", "s=2; Path=/login", true), ("http://xh.com/", "s=2; Path=/login", true),
    ])
    func hidesNoSecureCookie(_ url: String, _ field: String, _ isTaken: Bool) {
        let test = TestJar()
        test.take("s=1; Path=/login; Secure; Domain=h.com; Max-Age=10", from: "https://h.com/")
        #expect(test.take(field, from: url) == (isTaken ? nil : .hidesSecure))
        // When it has ended there is nothing to hide.
        test.pass(10)
        #expect(test.take(field, from: url) == nil)
    }

    @Test func removes() {
        let test = TestJar()
        for field in ["a=1", "b=1; Max-Age=9", "c=1; Path=/x"] { test.take(field, from: "http://h.com/") }
        test.jar.remove { $0.name == "c" }
        #expect(test.field("http://h.com/x") == "a=1; b=1")
        test.jar.removeSessionCookies()
        #expect(test.field("http://h.com/x") == "b=1")
        test.jar.removeAll()
        #expect(test.jar.cookies.isEmpty && test.jar.field(for: "http://h.com/") == nil)
    }

    @Test func keeps180OfOneDomain() {
        let test = TestJar()
        test.take("first=1; Secure", from: "https://h.com/")
        for number in 0..<179 { test.take("n\(number)=1", from: "https://h.com/") }
        test.take("other=1", from: "https://a.h.com/")
        #expect(test.jar.cookies.count == 181)
        // Sent later than the others: not the one to go.
        test.take("n0=1; Path=/used", from: "https://h.com/used")
        #expect(test.jar.cookies.count == 181 && test.jar.cookies.contains { $0.path == "/used" })
        #expect(!test.jar.cookies.contains { $0.name == "n0" && $0.path == "/" })
        test.take("late=1", from: "https://h.com/")
        let names = test.jar.cookies.map(\.name)
        #expect(names.contains("first") && names.contains("other") && names.contains("late") && !names.contains("n1"))
        // Only when all the others are secure a secure one goes; and a new one that is not goes first.
        for number in 0..<180 { test.take("s\(number)=1; Secure", from: "https://h.com/") }
        #expect(test.jar.cookies.count == 181 && test.jar.cookies.filter(\.isSecure).count == 180)
        test.take("plain=1", from: "https://h.com/")
        #expect(!test.jar.cookies.contains { $0.name == "plain" })
    }

    @Test func keeps3000InAll() {
        let test = TestJar()
        for number in 0..<150 { test.take("g\(number)=1", from: "https://greedy.com/") }
        for host in 0..<57 {
            for number in 0..<50 { test.take("n\(number)=1", from: "https://h\(host).com/") }
        }
        #expect(test.jar.cookies.count == 3000)
        // 100 of the domain that has more than 50 go first, then whatever was not used for longest.
        #expect(test.field("http://h0.com/").utf8.count > 50)
        for number in 0..<150 { test.take("x=1", from: "https://x\(number).com/") }
        let domains = test.jar.cookies.map(\.domain)
        #expect(domains.count == 3000)
        #expect(domains.filter { $0 == "greedy.com" }.isEmpty && domains.filter { $0 == "h0.com" }.count == 50)
        #expect(domains.filter { $0 == "h1.com" }.count == 50)
        test.take("y=1", from: "http://y.com/")
        #expect(test.jar.cookies.filter { $0.domain == "h1.com" }.count == 49)
    }

    /// Among domains that have no more than their share nothing but use counts.
    @Test func sparesNoSecureCookieOfAFairDomain() {
        let test = TestJar()
        test.take("old=1; Secure", from: "https://first.com/")
        for number in 0..<3000 { test.take("n=1", from: "https://h\(number).com/") }
        #expect(test.jar.cookies.count == 3000 && test.jar.cookies.first?.domain == "h0.com")
    }
}
