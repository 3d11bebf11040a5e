import TestSupport
import Testing

@testable import MinatoURL

/// Beside Python's `http.cookiejar`: where both follow the same rule they do the same.
@Suite(.watchdog) struct CookieOracleTests {
    /// A jar of Python's, its rules as near to RFC 6265bis as they can be set.
    private static let python = """
        import email.message, http.cookiejar, random, sys, urllib.request
        class Response:
            def __init__(self, field):
                self.head = email.message.Message()
                self.head['Set-Cookie'] = field
            def info(self): return self.head
        def new_jar(strict=True):
            flags = http.cookiejar.DefaultCookiePolicy.DomainStrictNonDomain if strict else 0
            return http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(strict_ns_domain=flags))
        def receive(jar, url, field): jar.extract_cookies(Response(field), urllib.request.Request(url))
        def sent(jar, url):
            request = urllib.request.Request(url)
            jar.add_cookie_header(request)
            return request.get_header('Cookie') or ''

        """

    private static func sorted(_ field: String) -> [Substring] { field.split(separator: "; ").sorted() }

    /// How long the paths are in the order of sending is not Python's business alone: compared as sets, and the order apart.
    @Test func doesAsPythonWhereRulesAreTheSame() throws {
        let rows = try PythonTable.rows(
            Self.python + """
                random.seed(23)
                hosts = ['example.com', 'a.example.com', 'b.a.example.com', 'badexample.com', 'other.org', 'x.other.org']
                paths = ['/', '/x', '/x/', '/x/y', '/xy', '/x/y/z', '/y?x/y']
                def url(scheme=None):
                    return (scheme or random.choice(['http', 'https'])) + '://' + random.choice(hosts) + random.choice(paths)
                def maybe(chance, *options): return random.choice(options) if random.random() < chance else ''
                for _ in range(300):
                    jar = new_jar()
                    row('new')
                    for _ in range(random.randint(1, 12)):
                        secure = random.random() < .2
                        source = url('https' if secure else None)
                        name = random.choice(['s', 't']) if secure else random.choice(['a', 'b', 'A', 'c-d'])
                        field = name + '=' + random.choice(['1', '2', '"q"', 'x=y', '', 'a b'])
                        domains = [dot + h for h in hosts for dot in ('', '.')] + ['EXAMPLE.com', 'com', 'e.com']
                        field += maybe(.5, *(random.choice(['; Domain=', '; domain=']) + d for d in domains))
                        field += maybe(.4, '; Path=/', '; Path=/x', '; path=/x/', '; Path=/x/y', '; Path=/q')
                        field += maybe(.2, '; Max-Age=1000', '; Max-Age=0')
                        field += maybe(.2, '; Expires=Wed, 21 Oct 2099 07:28:00 GMT', '; Expires=Thu, 01-Jan-1970 00:00:00 GMT')
                        field += maybe(.2, '; HttpOnly', '; SameSite=Lax', '; unknown=x')
                        if secure: field += random.choice(['; Secure', '; secure', ';Secure'])
                        receive(jar, source, field)
                        row('set', source, field)
                        target = url()
                        row('get', target, sent(jar, target))
                """)
        #expect(rows.count > 3000)
        var jar = CookieJar()
        var story: [[String]] = []
        var count = 0
        for row in rows {
            let fields = row.map { $0 ?? "" }
            story.append(fields)
            switch fields[0] {
            case "set": jar.receive(fields[2], from: fields[1])
            case "get":
                let field = jar.field(for: fields[1]) ?? ""
                #expect(Self.sorted(field) == Self.sorted(fields[2]), "\(story)")
                let lengths = jar.cookies(for: fields[1]).map(\.path.utf8.count)
                #expect(lengths == lengths.sorted(by: >))
                count += field.isEmpty ? 0 : 1
            default: (jar, story) = (CookieJar(), [])
            }
        }
        // Not all of them nothing.
        #expect(count > 400)
    }

    /// URL, field, URL asked for then, what we send, what Python sends as it comes.
    private static let deviations = [
        // A cookie without a Domain is for the host alone.
        ("http://example.com/", "a=1", "http://a.example.com/", "", "a=1"),
        // Domains that strangers share.
        ("http://x.co.uk/", "a=1; Domain=co.uk", "http://y.co.uk/", "", "a=1"),
        // A Secure cookie over http, and one that hides it.
        ("http://example.com/", "a=1; Secure", "https://example.com/", "", "a=1"),
        ("http://127.0.0.1/", "a=1; Secure", "http://127.0.0.1/", "a=1", ""),
        // The prefixes, and SameSite=None.
        ("http://example.com/", "__Host-a=1; Path=/", "http://example.com/", "", "__Host-a=1"),
        ("http://example.com/", "a=1; SameSite=None", "http://example.com/", "", "a=1"),
        // Of two attributes with the same name the last counts.
        ("http://example.com/x", "a=1; Path=/y; Path=/x", "http://example.com/x", "a=1", ""),
        // A cookie without a name is a value.
        ("http://example.com/", "=1", "http://example.com/", "1", ""),
        // The dot at the end of a host.
        ("http://example.com/", "a=1", "http://example.com./", "a=1", ""),
    ]

    @Test func saysWherePythonDiffers() throws {
        let rows = try PythonTable.rows(
            Self.python + """
                for source, field, target in zip(sys.argv[1::3], sys.argv[2::3], sys.argv[3::3]):
                    jar = new_jar(strict=False)
                    receive(jar, source, field)
                    row(sent(jar, target))
                """, Self.deviations.flatMap { [$0.0, $0.1, $0.2] })
        for ((source, field, target, ours, python), row) in zip(Self.deviations, rows) {
            let jar = CookieJar()
            jar.receive(field, from: source)
            #expect(jar.field(for: target) ?? "" == ours, "\(source) \(field)")
            #expect(row[0] == python, "\(source) \(field)")
        }
        #expect(rows.count == Self.deviations.count)
    }

    private static let fields = [
        ("http://www.example.com/", "host=1; Max-Age=1000"),
        ("http://www.example.com/", "all=2; Domain=example.com; Max-Age=9"),
        ("https://www.example.com/x/y", "path=3; Path=/x; Secure; Max-Age=1000"),
        ("http://127.0.0.1/", "ip=4; Max-Age=1000"),
        ("http://www.example.com/", "hidden=5; HttpOnly; Max-Age=1000; SameSite=Lax"),
        ("http://www.example.com/", "empty=; Max-Age=9"),
        ("http://www.example.com/", "token; Max-Age=1000"),
        ("http://www.example.com/", "spaces= \"a b\" ; Max-Age=1000"),
        ("http://www.example.com/", "session=6"),
    ]

    /// A file of ours as Python reads it, and one that Python writes as we do.
    @Test(arguments: [false, true])
    func sharesFilesWithPython(_ includingSession: Bool) throws {
        let directory = try TemporaryDirectory()
        let jar = CookieJar()
        for (url, field) in Self.fields { #expect(jar.receive(field, from: url)) }
        let path = directory.file("ours.txt")
        try jar.save(to: path, includingSession: includingSession)
        let rows = try PythonTable.rows(
            """
            import http.cookiejar
            session = sys.argv[3] == 'true'
            jar = http.cookiejar.MozillaCookieJar(sys.argv[1])
            # 0 is the year 1970 to it.
            jar.load(ignore_discard=session, ignore_expires=session)
            for c in jar:
                row(c.name, c.value, c.domain, c.path, c.secure, c.expires, c.has_nonstandard_attr('HTTPOnly'))
                if c.expires == 0: c.expires = None
            jar.save(sys.argv[2], ignore_discard=session, ignore_expires=session)
            """, [path, directory.file("theirs.txt"), "\(includingSession)"])
        let kept = jar.cookies.filter { includingSession || $0.expires != nil }
        let expected = kept.map { cookie -> [String?] in
            [
                // To Python a cookie without a name is a name without a value.
                cookie.name.isEmpty ? cookie.value : cookie.name, cookie.name.isEmpty ? nil : cookie.value,
                (cookie.isHostOnly ? "" : ".") + cookie.domain, cookie.path, cookie.isSecure ? "True" : "False",
                "\(cookie.expires?.secondsSince1970 ?? 0)", cookie.isHTTPOnly ? "True" : "False",
            ]
        }
        func text(_ rows: [[String?]]) -> [String] { rows.map { "\($0)" }.sorted() }
        #expect(text(rows) == text(expected))
        let other = CookieJar()
        try other.load(directory.file("theirs.txt"))
        #expect(Set(other.cookies.map(\.text)) == Set(kept.map(\.text)))
        #expect(Set(other.cookies.map(\.description)) == Set(kept.map(\.description).map(Self.withoutSameSite)))
    }

    private static func withoutSameSite(_ text: String) -> String {
        text.split(separator: "; SameSite=Lax").joined()
    }
}
