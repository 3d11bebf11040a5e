import TestSupport
import Testing

@testable import MinatoURL

/// The value that programs look at, against libcurl's reading, which is what is opened: a URL must not have two hosts.
@Suite(.watchdog) struct URLAgreementTests {
    private static let pieces = [
        "good", "evil", ".", ":", "80", "@", "/", "\\", "?", "#", "[", "]", "::1", "[::1]", "%", "%2e", "%40", "%2F",
        ";", "&",
        "_", "//", "..", "\u{e9}", "\u{ff0f}", "1", "0x7f", "127.0.0.1", "%25eth0", "[fe80::A%25eth0]", "-", "~", "!",
        "a:b@", "|",
        "\"",
    ]

    @Test func hostsAreTheSame() throws {
        var generator = SeededGenerator(seed: 6)
        var opened = 0
        for _ in 0..<6000 {
            let text = "http://" + generator.text(of: Self.pieces, upTo: 9)
            guard let location = try? RequestURL(parsing: text) else { continue }
            opened += 1
            // What is opened is narrower.
            let url = try URLReference(text)
            #expect(url.port ?? 80 == location.origin.port, "\(text)")
            let credentials = url.user.map {
                PasswordManager.Credentials(
                    user: PercentEncoding.unquote($0), password: PercentEncoding.unquote(url.password ?? ""))
            }
            #expect(credentials == location.userInformation, "\(text)")
            // libcurl does not know an empty one.
            let fragments = [url.fragment, location.fragment].map { PercentEncoding.unquote($0 ?? "") }
            #expect(fragments[0] == fragments[1], "\(text)")
            // libcurl decodes the host, writes numbers as IPv4, and brackets before the zone.
            let host = PercentEncoding.unquote(url.host ?? "")
            let other = location.origin.host.filter { $0 != "[" && $0 != "]" }
            let isNumber = host.utf8.first.map { ASCIISet.digits.contains($0) } ?? false
            #expect(host == other || isNumber && other.utf8.allSatisfy { $0 < 0x3A }, "\(text)")
        }
        #expect(opened > 500)
    }
}
