import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct NoProxyTests {
    /// List, URL, whether it is covered.
    @Test(arguments: [
        ("", "http://h/", false), ("*", "http://h/", true), ("*", "http://[::1]/", true), ("a,*", "http://h/", false),
        ("example.com", "http://example.com/", true), ("example.com", "http://EXAMPLE.com:81/", true),
        ("example.com", "http://a.example.com/", true), ("example.com", "http://badexample.com/", false),
        (".example.com", "http://example.com/", true), ("..example.com", "http://a.b.example.com/", true),
        ("EXAMPLE.com", "https://a.Example.Com/", true), ("example.com", "http://example.com.evil/", false),
        ("a.example.com", "http://example.com/", false), ("*.example.com", "http://a.example.com/", false),
        ("a, \texample.com ,b", "http://example.com/", true), ("a example.com", "http://example.com/", false),
        ("example.com:81", "http://a.example.com:81/", true), ("example.com:81", "http://example.com/", false),
        ("example.com:x", "http://example.com/", false), ("example.com:", "http://example.com/", false),
        ("example.com:65616", "http://example.com/", false), (":80", "http://h/", false), (".", "http://h/", false),
        ("localhost", "http://localhost/", true), ("h", "no URL", false), ("*", "ftp://h/", false),
        ("10.0.0.1", "http://10.0.0.1/", true), ("10.0.0.1", "http://10.0.0.2/", false),
        ("10.0.0.1:81", "http://10.0.0.1:81/", true), ("10.0.0.1:81", "http://10.0.0.1/", false),
        ("0.0.1", "http://10.0.0.1/", false), ("10.0.0.0/8", "http://10.255.0.1/", true),
        ("10.0.0.0/8", "http://11.0.0.1/", false), ("10.1.2.3/8", "http://10.9.9.9/", true),
        ("10.0.0.0/9", "http://10.127.0.1/", true), ("10.0.0.0/9", "http://10.128.0.1/", false),
        ("10.0.0.0/32", "http://10.0.0.0/", true), ("10.0.0.0/32", "http://10.0.0.1/", false),
        ("0.0.0.0/0", "http://1.2.3.4/", true), ("0.0.0.0/0", "http://[::1]/", false),
        ("0.0.0.0/0", "http://h/", false),
        ("10.0.0.0/33", "http://10.0.0.0/", false), ("10.0.0.0/-1", "http://10.0.0.0/", false),
        ("10.0.0.0/", "http://10.0.0.0/", false), ("10.0.0.0/8/8", "http://10.0.0.0/", false),
        ("h/8", "http://h/", false), ("10.0.0.0/99999999999999999999", "http://10.0.0.0/", false),
        ("10.0.0.0/8", "http://0xA.1/", true), ("10.0.0.0/8", "http://10.com/", false),
        ("::1", "http://[::1]/", true), ("[::1]", "http://[0:0::1]:81/", true), ("[::1]:81", "http://[::1]:81/", true),
        ("[::1]:81", "http://[::1]/", false), ("2001:db8::/32", "http://[2001:DB8:1::9]/", true),
        ("[2001:db8::]/32", "http://[2001:db8:1::9]/", true), ("2001:db8::/32", "http://[2001:db9::]/", false),
        ("fe80::/10", "http://[fe80::1%25lo]/", true), ("::/0", "http://[::1]/", true),
        ("::/129", "http://[::1]/", false),
        ("10.0.0.0/8", "http://[::ffff:10.1.1.1]/", true), ("::ffff:10.0.0.0/104", "http://10.1.1.1/", true),
        ("::ffff:10.0.0.0/90", "http://10.1.1.1/", false), ("::ffff:10.0.0.1", "http://10.0.0.1/", true),
        ("[::1", "http://[::1]/", false), ("[::1]x", "http://[::1]/", false), ("fe80::1%lo", "http://[fe80::1]/", true),
        ("[fe80::1%lo]:80", "http://[fe80::1%25lo]/", true), ("[10.0.0.1]", "http://10.0.0.1/", false),
    ])
    func covers(_ list: String, _ url: String, _ isCovered: Bool) {
        #expect(NoProxy(list).covers(url) == isCovered)
    }

    /// Where rules are the same: made-up lists and hosts.
    @Test func coversWhatPythonBypasses() throws {
        let rows = try PythonTable.rows(
            """
            import random, urllib.request
            random.seed(20)
            names = ['example.com', 'EXAMPLE.Com', 'a.example.com', 'b.a.example.com', 'badexample.com', 'com',
                     'example.com.org', 'localhost', 'h', 'x-y.example.com', 'xample.com']
            hosts = names + ['127.0.0.1', '[::1]', '10.0.0.1']
            entries = hosts + ['*', '*.example.com', '', 'a b', 'example.com:x', 'h:']
            for _ in range(4000):
                picked = []
                for _ in range(random.choice([0, 1, 1, 2, 3, 5])):
                    entry = random.choice(entries)
                    if entry in hosts and random.random() < .3: entry += random.choice([':8080', ':8081'])
                    entry = random.choice(['', '', '', '.', '..']) + entry if '[' not in entry else entry
                    picked.append(random.choice(['', '', ' ', '\\t']) + entry + random.choice(['', '', ' ']))
                listed = ','.join(picked)
                host = random.choice(hosts) + random.choice(['', '', ':8080', ':8081', ':9'])
                row(listed, host, urllib.request.proxy_bypass_environment(host, {'no': listed}))
            """)
        #expect(rows.count == 4000)
        #expect(Set(rows.map { $0[2] }) == ["True", "False"])
        for row in rows {
            let isCovered = NoProxy(row[0] ?? "").covers("http://\(row[1] ?? "")/")
            #expect((isCovered ? "True" : "False") == row[2], "\(row)")
        }
    }

    /// Where they are not: list, host, what Python says; we say the opposite.
    private static let deviations = [
        // An address has no end that would be a domain.
        ("0.0.1", "127.0.0.1", "True"),
        // Addresses are compared, not their texts.
        ("::1", "[::1]", "False"), ("[0::1]", "[::1]", "False"), ("127.0.0.1", "127.1", "False"),
        // Networks.
        ("10.0.0.0/8", "10.0.0.1", "False"), ("2001:db8::/32", "[2001:db8::1]", "False"),
        // The port of a URL that names none.
        ("example.com:80", "example.com", "False"),
        // The dot at the end.
        ("example.com", "example.com.", "False"), ("example.com.", "example.com", "False"),
        (".", "example.com.", "True"),
    ]

    @Test func saysWherePythonDiffers() throws {
        let arguments = Self.deviations.flatMap { [$0.0, $0.1] }
        let rows = try PythonTable.rows(
            """
            import urllib.request
            for listed, host in zip(sys.argv[1::2], sys.argv[2::2]):
                row(urllib.request.proxy_bypass_environment(host, {'no': listed}))
            """, arguments)
        #expect(rows.map { $0[0] } == Self.deviations.map(\.2))
        for (list, host, python) in Self.deviations {
            #expect(NoProxy(list).covers("http://\(host)/") == (python == "False"), "\(list) \(host)")
        }
    }
}
