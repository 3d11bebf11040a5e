import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct URLReferenceTests {
    /// scheme, user, password, host, port, path, query, fragment; a dash is absent.
    @Test(arguments: [
        ("", "- - - - - '' - -"), ("g", "- - - - - 'g' - -"), ("//h", "- - - 'h' - '' - -"), ("?", "- - - - - '' '' -"),
        ("#", "- - - - - '' - ''"), ("//", "- - - '' - '' - -"), ("file:///etc", "'file' - - '' - '/etc' - -"),
        ("HTTP://Us:Pa@Host:80/P?Q#F", "'HTTP' 'Us' 'Pa' 'host' 80 '/P' 'Q' 'F'"),
        ("http://h:/", "'http' - - 'h' - '/' - -"), ("http://h:00080", "'http' - - 'h' 80 '' - -"),
        ("http://h:0", "'http' - - 'h' 0 '' - -"), ("http://h:65535", "'http' - - 'h' 65535 '' - -"),
        ("http://@h", "'http' '' - 'h' - '' - -"), ("http://:@h", "'http' '' '' 'h' - '' - -"),
        ("http://u@h", "'http' 'u' - 'h' - '' - -"), ("http://u:@h", "'http' 'u' '' 'h' - '' - -"),
        ("http://a:b:c@h", "'http' 'a' 'b:c' 'h' - '' - -"), ("http://a@b@h", "'http' 'a@b' - 'h' - '' - -"),
        ("http://a:80@h:81", "'http' 'a' '80' 'h' 81 '' - -"),
        ("http://u%40:%3a@h", "'http' 'u%40' '%3a' 'h' - '' - -"),
        ("http://[::1]", "'http' - - '::1' - '' - -"),
        ("http://[FE80::A%25Eth0]:1", "'http' - - 'fe80::a%25Eth0' 1 '' - -"),
        ("http://[v1.Fe]:80/", "'http' - - 'v1.fe' 80 '/' - -"),
        ("http://a%41.b_c~!/", "'http' - - 'a%41.b_c~!' - '/' - -"),
        ("http://1.2.3.4/", "'http' - - '1.2.3.4' - '/' - -"), ("mailto:u@h", "'mailto' - - - - 'u@h' - -"),
        ("a:b:c", "'a' - - - - 'b:c' - -"), ("1:2", "- - - - - '1:2' - -"), ("a/b:c", "- - - - - 'a/b:c' - -"),
        ("a+-.1:", "'a+-.1' - - - - '' - -"), (":", "- - - - - ':' - -"),
        ("http://h/é?ü#ß", "'http' - - 'h' - '/é' 'ü' 'ß'"),
        ("http://h/a\\b%zz", "'http' - - 'h' - '/a\\b%zz' - -"), ("http://e#@g/", "'http' - - 'e' - '' - '@g/'"),
        ("http://e?@g/", "'http' - - 'e' - '' '@g/' -"), ("/?a?b#c#d", "- - - - - '/' 'a?b' 'c#d'"),
        ("http:h", "'http' - - - - 'h' - -"), ("http:///x", "'http' - - '' - '/x' - -"),
    ])
    func parses(_ text: String, _ components: String) throws {
        let url = try URLReference(text)
        let texts = [url.scheme, url.user, url.password, url.host] + [nil, url.path, url.query, url.fragment]
        var shown = texts.map { $0.map { "'\($0)'" } ?? "-" }
        shown[4] = url.port.map { "\($0)" } ?? "-"
        #expect(shown.joined(separator: " ") == components)
        #expect(url.text == text)
        #expect(try URLReference(url.text) == url)
    }

    @Test(arguments: [
        (" http://h", "a space or control in the URL"), ("http://h/a b", "a space or control in the URL"),
        ("http://h/\r\nX:y", "a space or control in the URL"), ("http://h/\n", "a space or control in the URL"),
        ("\0", "a space or control in the URL"), ("a\u{7f}", "a space or control in the URL"),
        ("ht\ttp://h", "a space or control in the URL"), ("?\u{80}", "a space or control in the URL"),
        ("#\u{9f}", "a space or control in the URL"), ("http://h\\@i/", "a backslash or a character that is not ASCII"),
        ("//é/", "a backslash or a character that is not ASCII"),
        ("//h\u{ff03}@i", "a backslash or a character that is not ASCII"),
        ("//h:\u{661}", "a backslash or a character that is not ASCII"),
        ("//[a@b/", "a bracket in the user information"),
        ("//a]@b/", "a bracket in the user information"), ("//[::1/", "a bracket is not closed"),
        ("//[::1]a/", "something follows the bracket"), ("//[::1]]", "something follows the bracket"),
        ("//a[::1]/", "a character in the host that no host has"), ("//::1/", "the port is not a number"),
        ("//[1.2.3.4]", "no IPv6 address between the brackets"), ("//[]", "no IPv6 address between the brackets"),
        ("//[::1%]", "no IPv6 address between the brackets"), ("//[v1.]", "no IPv6 address between the brackets"),
        ("//[v.a]", "no IPv6 address between the brackets"), ("//[v1.@]", "a bracket in the user information"),
        ("//h%zz", "a character in the host that no host has"), ("//a<b", "a character in the host that no host has"),
        ("//a|b", "a character in the host that no host has"), ("//h:65536", "the port is over 65535"),
        ("//h:99999999999999999999", "the port is over 65535"), ("//h:-1", "the port is not a number"),
        ("//h:+1", "the port is not a number"), ("//h:8a", "the port is not a number"),
        ("//h:1:2", "the port is not a number"),
        ("//[::1]:x", "the port is not a number"),
    ])
    func refuses(_ text: String, _ detail: String) {
        let error = #expect(throws: OpenError.self) { try URLReference(text) }
        #expect(error?.code == .badURL && error?.operation == .parse)
        #expect(error?.detail.hasPrefix(detail) == true)
    }

    @Test func errorIsOneLine() {
        let error = #expect(throws: OpenError.self) { try URLReference("http://u:canary@h:99999/") }
        #expect(error?.description == "parse http://h:99999/: the port is over 65535 (badURL)")
    }

    /// Against the kernel's reading, which knows neither zones in text nor future versions.
    @Test func addressesAreThoseOfSockets() throws {
        var generator = SeededGenerator(seed: 3)
        let pieces = [
            ":", "::", ":", "0", "1", "ffff", "A", "12345", "g", "1.2.3.4", "256.1.1.1", "01.2.3.4", "1.2.3",
            "0:0:0:0:0:0",
        ]
        var texts = (0..<3000).map { _ in generator.text(of: pieces, upTo: 9) }
        for count in 0...9 {
            let groups = Array(repeating: "1", count: count).joined(separator: ":")
            texts += [
                groups, groups + "::", "::" + groups, groups + "::1", groups + ":", ":" + groups, groups + ":1.2.3.4",
            ]
        }
        var valid = 0
        for text in texts {
            let isAddress = text.contains(":") && (try? SocketAddress(host: text, port: 1)) != nil
            #expect(IPLiteral.isValid(Array(text.utf8)[...]) == isAddress, "\(text)")
            valid += isAddress ? 1 : 0
        }
        #expect(valid > 50)
    }

    @Test func showsNoPassword() throws {
        let url = try URLReference("http://canary:canary@h:80/?q#f")
        var text = "\(url)" + String(reflecting: url)
        dump(url, to: &text)
        dump([url], to: &text)
        #expect(!text.contains("canary") && text.hasPrefix("http://h:80/?q#f"))
        #expect(url.removingUserInformation().text == "http://h:80/?q#f")
        #expect(url.removingUserInformation().user == nil && url.removingUserInformation().port == 80)
        #expect(try URLReference("http://a@b@h/").description == "http://h/")
        #expect(try URLReference("g").removingUserInformation().text == "g")
    }

    @Test func removesAndReplaces() throws {
        let url = try URLReference("http://u:p@h/a?b#c")
        #expect(url.removingFragment().text == "http://u:p@h/a?b" && url.removingFragment().user == "u")
        #expect(url.replacingQuery(["q": "a b#"]).text == "http://u:p@h/a?q=a+b%23#c")
        #expect(
            url.replacingQuery([:]).text == "http://u:p@h/a?#c" && url.replacingQuery(nil).text == "http://u:p@h/a#c")
        #expect(url.target == "/a?b")
        #expect(try URLReference("http://h?q").target == "/?q" && URLReference("http://h").target == "/")
    }

    @Test func comparesBytes() throws {
        let (composed, decomposed) = (try URLReference("/\u{e9}"), try URLReference("/e\u{301}"))
        #expect(composed != decomposed && Set([composed, decomposed, composed]).count == 2)
    }

    @Test func joinedHasTheAuthorityOfItsText() throws {
        let base = try URLReference("http://u:p@h:1/a/b")
        for reference in ["c", "//i:2/x", "//h:1/x", "https://j", "", "?q", "#f", "mailto:x", "//"] {
            let joined = try base.joined(reference)
            let again = try URLReference(joined.text)
            #expect(
                joined == again && joined.host == again.host && joined.port == again.port && joined.user == again.user)
        }
        #expect(throws: OpenError.self) { try base.joined("//h:x") }
    }
}
