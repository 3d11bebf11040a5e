import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct RobotsRulesTests {
    private static func rules(_ text: String) -> RobotsRules { RobotsRules(Array(text.utf8)) }

    /// One pattern, disallowed: a path, and whether it matches.
    @Test(arguments: [
        ("/", "/", true), ("/", "/x", true), ("/fish", "/fish", true), ("/fish", "/fish.html", true),
        ("/fish", "/Fish", false),
        ("/fish", "/fis", false), ("/fish", "/a/fish", false), ("/fish/", "/fish", false), ("/fish/", "/fish/", true),
        ("/fish*", "/fish", true), ("/fish*", "/fishheads", true), ("/*.php", "/a/b.php?c=1", true),
        ("/*.php", "/.php", true),
        ("/*.php", "/a.PHP", false), ("/*.php$", "/a.php", true), ("/*.php$", "/a.php?x", false),
        ("/*.php$", "/a.php/", false),
        ("/*.php$", "/a.php.php", true), ("/fish*.php", "/fishheads/x.php", true), ("/fish*.php", "/Fish.php", false),
        ("/a$", "/a", true), ("/a$", "/ab", false), ("/$", "/", true), ("/$", "/x", false), ("/*", "/", true),
        ("*", "/x", true),
        ("*.gif$", "/a.gif", true), ("*.gif$", "/a.gif?", false), ("/a**b", "/axb", true), ("/a*b*c$", "/a1b2c", true),
        ("/a*b*c$", "/a1c2b", false), ("/a*bc*c$", "/abc", false), ("/a*a", "/a", false), ("/a*$", "/abc", true),
        ("/a$b", "/a$b", true), ("/a$b", "/a", false), ("/a?b", "/a?bc", true), ("/a?", "/a", false),
        ("x", "/x", false),
        // RFC 9309 section 2.2.2: octets, encoded or not.
        ("/foo/bar?baz=quz", "/foo/bar?baz=quz", true),
        ("/foo/bar?baz=https://foo.bar", "/foo/bar?baz=https://foo.bar", true),
        ("/foo/bar/\u{30c4}", "/foo/bar/%E3%83%84", true), ("/foo/bar/%E3%83%84", "/foo/bar/\u{30c4}", true),
        ("/foo/bar/%62%61%7A", "/foo/bar/baz", true), ("/foo/bar/baz", "/foo/bar/%62a%7a", true),
        ("/a%3cd", "/a%3Cd", true),
        ("/a%2Fb", "/a/b", false), ("/a/b", "/a%2fb", false), ("/a%2fb", "/a%2Fb", true), ("/%7ejoe", "/~joe", true),
        // Section 2.2.3: what is special is encoded to be meant.
        ("/path/file-with-a-%2A.html", "/path/file-with-a-*.html", true), ("/path/foo-%24", "/path/foo-$", true),
        ("/path/file-with-a-%2A.html", "/path/file-with-a-x.html", false), ("/a%23", "/a%23b", true),
        ("/100%", "/100%x", true),
        ("/a b", "/a%20b", true), ("//a", "//a/b", true), ("/a", "//h/a", false),
    ])
    func matches(_ pattern: String, _ path: String, _ isMatch: Bool) {
        let rules = Self.rules("User-agent: *\nDisallow: \(pattern)")
        #expect(rules.allows(path, for: "bot") == !isMatch)
        #expect(rules.allows("https://u:p@example.com:81\(path)#fragment", for: "bot") == !isMatch)
    }

    /// The longest rule counts, and the one that allows among equals: rules, path, whether it is allowed.
    @Test(arguments: [
        ("Allow: /p\nDisallow: /", "/page", true), ("Disallow: /\nAllow: /p", "/page", true),
        ("Allow: /folder\nDisallow: /folder", "/folder/page", true),
        ("Disallow: /folder\nAllow: /folder", "/folder/page", true),
        ("Allow: /page\nDisallow: /*.htm", "/page.htm", false), ("Allow: /page\nDisallow: /*.ph", "/page.php5", true),
        ("Allow: /$\nDisallow: /", "/", true), ("Allow: /$\nDisallow: /", "/page.htm", false),
        ("Allow: /example/page/\nDisallow: /example/page/disallowed.gif", "/example/page/disallowed.gif", false),
        ("Disallow:", "/x", true), ("Disallow:\nDisallow: /x", "/x", false), ("Allow:\nDisallow: /", "/x", false),
        ("", "/x", true), ("Disallow: /", "/robots.txt", true), ("Disallow: /", "/robots.txt#x", true),
        ("Disallow: /", "/robots.txt/", false), ("Disallow: /x # why", "/x", false), ("disallow:/x", "/x", false),
        ("DISALLOW \t: \t/x \t", "/x", false), ("Disallow /x", "/x", true), ("Noindex: /x", "/x", true),
        ("Disallow: /a%2", "/a%2b", false),
    ])
    func longestCounts(_ lines: String, _ path: String, _ isAllowed: Bool) {
        #expect(Self.rules("User-agent: *\n" + lines).allows(path, for: "bot") == isAllowed)
    }

    private static let groups = """
        \u{feff}Disallow: /before
        User-agent: A
        User-Agent: b/1.0

        Crawl-delay: 1.25
        User-agent: c-d_2 # and its comment
        Sitemap: https://example.com/1.xml
        Disallow: /abc

        Disallow: /more
        user-agent: *\r
        Request-rate: 3/20
        Disallow: /all\rDisallow: /cr
        User-agent: a
        Crawl-delay: 9
        Request-rate: 1 / 5
        Disallow: /again
        SITEMAP: /2.xml
        User-agent: empty
        User-agent: Free
        Allow: /
        """

    @Test(arguments: [
        ("A", "/abc", false), ("a/2.0 (x)", "/abc", false), ("a", "/again", false), ("a", "/all", true),
        ("a", "/more", false),
        ("B", "/abc", false), ("b", "/again", true), ("C-D_2", "/abc", false), ("c-d", "/abc", true),
        ("c-d", "/all", false),
        ("other", "/all", false), ("other", "/cr", false), ("other", "/abc", true), ("other", "/before", true),
        ("ab", "/abc", true), ("ab", "/all", false), ("free", "/all", true), ("EMPTY", "/all", true),
        ("", "/all", false),
        ("*", "/all", false),
    ])
    func groupsByProduct(_ product: String, _ path: String, _ isAllowed: Bool) {
        #expect(Self.rules(Self.groups).allows(path, for: product) == isAllowed)
    }

    @Test func readsTheRest() {
        let rules = Self.rules(Self.groups)
        #expect(rules.sitemaps == ["https://example.com/1.xml", "/2.xml"])
        for product in ["a", "b", "c-d_2"] { #expect(rules.crawlDelay(for: product) == .milliseconds(1250)) }
        #expect(rules.crawlDelay(for: "x") == nil && rules.crawlDelay(for: "free") == nil)
        #expect(rules.requestRate(for: "x") == .init(requests: 3, period: .seconds(20)))
        #expect(rules.requestRate(for: "a") == .init(requests: 1, period: .seconds(5)))
        #expect(rules.requestRate(for: "b") == nil)
    }

    @Test(arguments: [
        ("5", 5000), ("0", 0), ("0.5", 500), ("1.2345", 1234), ("10.05", 10050), ("1.", nil), (".5", nil), ("-1", nil),
        ("x", nil),
        ("1s", nil), ("999999999", 999_999_999_000), ("9999999999", nil), ("1.x", nil), ("1.000x", nil), ("1.5.5", nil),
        ("", nil),
    ])
    func readsDelays(_ text: String, _ milliseconds: Int?) {
        let rules = Self.rules("User-agent: *\nCrawl-delay: \(text)")
        #expect(rules.crawlDelay(for: "bot") == milliseconds.map { .milliseconds($0) })
    }

    @Test(arguments: ["1", "/", "1/", "/5", "1/5m", "a/b", "1/2/3", "-1/5", "1.5/2", "1/99999999999"])
    func refusesRates(_ text: String) {
        #expect(Self.rules("User-agent: *\nRequest-rate: \(text)").requestRate(for: "bot") == nil)
    }

    /// 401 and 403 are where Python says otherwise.
    @Test(arguments: [
        (200, false, true), (204, false, true), (301, true, true), (304, true, true), (400, true, true),
        (401, true, true),
        (403, true, true), (404, true, true), (410, true, true), (429, false, false), (500, false, false),
        (503, false, false), (599, false, false), (0, false, false),
    ])
    func statusDecides(_ status: Int, _ allowsPrivate: Bool, _ allowsPublic: Bool) {
        let rules = RobotsRules(status: status, body: Array("User-agent: *\nDisallow: /private".utf8))
        #expect(rules.allows("/private", for: "bot") == allowsPrivate)
        #expect(rules.allows("/public", for: "bot") == allowsPublic)
        #expect(rules.allows("/robots.txt", for: "bot"))
    }

    /// What stands beyond 500 KiB counts for nothing, and so does the line that crosses the border.
    @Test func reads500KiB() {
        let head = "User-agent: *\nDisallow: /first\n"
        let cut = "Disallow: /public-no-more"
        // The border lies behind `/public`.
        let filling = RobotsRules.maximumSize - head.utf8.count - "Disallow: /public".utf8.count
        let text = head + String(repeating: "#", count: filling - 1) + "\n" + cut + "\nDisallow: /last"
        let rules = Self.rules(text)
        #expect(!rules.allows("/first", for: "bot"))
        #expect(rules.allows("/public", for: "bot") && rules.allows("/last", for: "bot"))
        #expect(Self.rules(String(repeating: "x", count: 600_000)).allows("/", for: "bot"))
        #expect(
            !Self.rules(head + String(repeating: "\n", count: 100_000) + "Disallow: /near").allows("/near", for: "bot"))
    }

    /// Patterns that take a backtracking matcher for ever: this ends, or the watchdog does.
    @Test func isNotSlow() {
        let pattern = "/" + String(repeating: "a*", count: 50_000) + "b"
        let rules = Self.rules(
            "User-agent: *\nDisallow: \(pattern)\nDisallow: \(String(repeating: "*a", count: 60_000))$")
        #expect(rules.allows("/" + String(repeating: "a", count: 60_000), for: "bot") == false)
        #expect(rules.allows("/" + String(repeating: "a", count: 40_000), for: "bot"))
    }

    @Test func readsAnything() {
        #expect(RobotsRules([0xFF, 0x00, 0x0A, 0x3A]).allows("/", for: "bot"))
        let rules = RobotsRules(Array("User-agent: *\nDisallow: /".utf8) + [0xE9])
        #expect(!rules.allows("/%E9", for: "bot") && rules.allows("/x", for: "bot"))
        for url in ["", "#", "//", "http://", "http://h", "x"] {
            #expect(RobotsRules.allowsAll.allows(url, for: "bot"))
        }
        for url in ["", "#", "//", "http://", "http://h", "x"] {
            #expect(!RobotsRules.disallowsAll.allows(url, for: "bot"))
        }
    }

    /// Where every version of Python's follows the same rules: one plain rule for a path, groups told apart by whole names.
    @Test func doesAsPythonWhereRulesAreTheSame() throws {
        let rows = try PythonTable.rows(
            """
            import random, urllib.robotparser
            random.seed(24)
            paths = ['/', '/a', '/a/', '/a/b', '/ab', '/b', '/a.html', '/a?x=1', '/a/%7Eb', '/c%20d']
            for _ in range(1500):
                lines = []
                for agent in random.sample(['one', 'two', '*'], random.randint(0, 3)):
                    lines.append(random.choice(['User-agent: ', 'user-agent:', 'USER-AGENT : ']) + agent)
                    kind = random.choice(['Disallow', 'disallow'])
                    picked = random.choices(paths, k=random.randint(1, 3)) if random.random() < .9 else ['']
                    lines += [kind + ': ' + path + random.choice(['', ' ', ' # x']) for path in picked]
                    if random.random() < .3: lines.append('Crawl-delay: ' + random.choice(['3', 'x', '10']))
                    if random.random() < .3: lines.append('Request-rate: ' + random.choice(['1/5', '1', 'x/y']))
                    if random.random() < .3: lines.append('Sitemap: http://h/' + agent)
                    lines.append('')
                parser = urllib.robotparser.RobotFileParser()
                parser.parse(lines)
                agent, path = random.choice(['one', 'two', 'three', 'One/1.0']), random.choice(paths)
                rate = parser.request_rate(agent)
                row('\\n'.join(lines), agent, path, parser.can_fetch(agent, 'http://h' + path), parser.crawl_delay(agent),
                    rate and '%d/%d' % rate, ' '.join(parser.site_maps() or []))
            """)
        #expect(rows.count == 1500 && Set(rows.map { $0[3] }) == ["True", "False"])
        for row in rows {
            let (rules, product) = (Self.rules(row[0] ?? ""), row[1] ?? "")
            #expect((rules.allows(row[2] ?? "", for: product) ? "True" : "False") == row[3], "\(row)")
            #expect(rules.crawlDelay(for: product).map { "\($0.components.seconds)" } == row[4], "\(row)")
            #expect(rules.requestRate(for: product).map { "\($0.requests)/\($0.period.components.seconds)" } == row[5])
            #expect(rules.sitemaps.joined(separator: " ") == row[6])
        }
    }
}
