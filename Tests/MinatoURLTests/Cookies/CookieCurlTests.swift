import TestSupport
import Testing

@testable import MinatoURL

/// Beside curl: its cookie engine reads our files, and we read its.
@Suite(.watchdog) struct CookieCurlTests {
    /// What a server sets, by path. Over plain HTTP curl takes Secure from this machine itself only, as we do.
    private static let fields = [
        "host=1; Max-Age=1000", "all=2; Domain=example.com; Max-Age=1000; Path=/", "path=3; Path=/x",
        "deep=4; Path=/x/y/",
        "hidden=5; HttpOnly; Max-Age=1000", "empty=; Path=/",
        "spaces=a b ; Expires=Wed, 21 Oct 2099 07:28:00 GMT; Path=/",
        "gone=6; Max-Age=0", "foreign=7; Domain=other.org", "shared=8; Domain=com", "equal=a=b; path=/",
        "__Host-a=9; Path=/",
    ]

    private static let urls = [
        "http://www.example.com/", "http://www.example.com/x", "http://www.example.com/x/y/z", "http://example.com/x/y",
        "http://a.www.example.com/x", "http://other.org/", "http://localhost/", "http://127.0.0.1/x",
    ]

    private let directory: TemporaryDirectory
    private let server: RawServer

    init() throws {
        directory = try TemporaryDirectory()
        server = try RawServer { connection in
            connection.answerAll { request in
                let isSetting = request.utf8.starts(with: "GET /set".utf8)
                let secure = request.utf8.ranges(of: "Host: localhost".utf8).isEmpty ? [] : ["safe=s; Secure; Path=/"]
                let fields = isSetting ? Self.fields + secure : []
                return okay("", fields.map { "Set-Cookie: \($0)\r\n" }.joined())
            }
        }
    }

    /// Runs curl; every host is the test's server.
    private func curl(_ arguments: [String]) throws {
        let child = try ChildProcess(
            ["curl", "-q", "-sS", "--noproxy", "*", "--connect-to", "::127.0.0.1:\(server.port)"] + arguments)
        _ = child.readToEnd()
        let errors = child.readErrors()
        #expect(child.wait() == 0, "\(errors)")
    }

    private static func names(_ cookies: String) -> Set<String> { Set(cookies.split(separator: "; ").map(String.init)) }

    private func sentCookies(_ request: String?) -> Set<String> {
        let lines = (request ?? "").split(whereSeparator: \.isNewline)
        let prefix = "Cookie: "
        return Self.names(lines.first { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) } ?? "")
    }

    /// What the server's fields are to a jar of ours, without a network.
    private func ownJar() -> CookieJar {
        let jar = CookieJar()
        for field in Self.fields { jar.receive(field, from: "http://www.example.com/set") }
        for field in Self.fields + ["safe=s; Secure; Path=/"] { jar.receive(field, from: "http://localhost/set") }
        return jar
    }

    @Test func readsWhatCurlWrites() throws {
        let path = directory.file("curl.txt")
        try curl(["-c", path, "http://www.example.com/set", "http://localhost/set"])
        let jar = CookieJar()
        try jar.load(path)
        // An end is counted from when curl received it: a second or two apart.
        func comparable(_ jar: CookieJar) -> [String] {
            jar.cookies.map { cookie in
                "\(cookie.text) \(cookie.domain) \(cookie.isHostOnly) \(cookie.path) \(cookie.isSecure) \(cookie.isHTTPOnly) "
                    + "\(cookie.expires != nil)"
            }.sorted()
        }
        #expect(comparable(jar) == comparable(ownJar()))
        #expect(jar.cookies.count > 10)
        for (one, other) in zip(
            jar.cookies.compactMap(\.expires).sorted(), ownJar().cookies.compactMap(\.expires).sorted())
        {
            #expect(abs(one.secondsSince1970 - other.secondsSince1970) < 60)
        }
    }

    @Test func writesWhatCurlReads() throws {
        let jar = ownJar()
        let path = directory.file("ours.txt")
        try jar.save(to: path, includingSession: true)
        for url in Self.urls {
            try curl(["-b", path, url])
            #expect(sentCookies(server.requests.last) == Self.names(jar.field(for: url) ?? ""), "\(url)")
        }
        #expect(server.requests.count == Self.urls.count)
        #expect(Self.urls.filter { jar.field(for: $0) != nil }.count == 6)
    }

    /// The default path is without its last slash for us: RFC 6265bis section 5.1.4.
    @Test func curlKeepsTheSlashOfADefaultPath() throws {
        let path = directory.file("curl.txt")
        try curl(["-c", path, "http://www.example.com/set/it"])
        let jar = CookieJar()
        try jar.load(path)
        #expect(jar.cookies.filter { $0.name == "host" }.map(\.path) == ["/set/"])
        jar.receive("host=1", from: "http://h.example.com/set/it")
        #expect(jar.cookies.last?.path == "/set")
    }

    /// The only ones that curl reads otherwise than they were meant.
    @Test func namelessCookiesAreNamesToCurl() throws {
        let jar = CookieJar()
        jar.receive("token; Max-Age=1000", from: "http://www.example.com/")
        try jar.save(to: directory.file("ours.txt"))
        try curl(["-b", directory.file("ours.txt"), "http://www.example.com/"])
        #expect(sentCookies(server.requests.last) == ["token="] && jar.field(for: "http://www.example.com/") == "token")
    }
}
