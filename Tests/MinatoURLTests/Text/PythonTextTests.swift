import TestSupport
import Testing

@testable import MinatoURL

/// Against Python's urllib.parse, with inputs that nobody chose. Where the results differ a rule says why.
///
/// Quoting, unquoting and queries do not differ at all. A rule that a later Python makes needless does no harm.
@Suite(.watchdog) struct PythonTextTests {
    /// Answers a line of a word and its arguments in hexadecimal with a line of texts in hexadecimal and their number, or with
    /// `!` for an exception.
    private static let program = """
        import sys
        from urllib.parse import quote, quote_plus, unquote, unquote_plus, parse_qsl, urljoin, urlencode
        words = {
            'quote': lambda text, safe: [quote(text, safe=safe)],
            'quote_plus': lambda text, safe: [quote_plus(text, safe=safe)],
            'unquote': lambda text: [unquote(text)],
            'unquote_plus': lambda text: [unquote_plus(text)],
            'parse_qsl': lambda text: [part for pair in parse_qsl(text) for part in pair],
            'parse_qsl_blank': lambda text: [part for pair in parse_qsl(text, True) for part in pair],
            'urlencode': lambda *texts: [urlencode(list(zip(texts[::2], texts[1::2])))],
            'urljoin': lambda base, reference: [urljoin(base, reference)],
        }
        for line in sys.stdin:
            word, *arguments = line.rstrip('\\n').split(' ')
            try:
                texts = words[word](*[bytes.fromhex(argument).decode() for argument in arguments])
                print(len(texts), *[text.encode().hex() for text in texts])
            except ValueError:
                print('!')
        """

    private let python: ChildProcess

    init() throws {
        python = try ChildProcess.python(Self.program)
    }

    /// What Python makes of it; nil is an exception.
    private func answer(_ word: String, _ arguments: String...) throws -> [String]? {
        python.write(([word] + arguments.map(Self.hexadecimal)).joined(separator: " ") + "\n")
        let line = try #require(python.readLine())
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        return line == "!" ? nil : words.dropFirst().map { Self.text(String($0)) }
    }

    private static func hexadecimal(_ text: String) -> String {
        text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func text(_ hexadecimal: String) -> String {
        let digits = hexadecimal.utf8.map { UInt8(Character(Unicode.Scalar($0)).hexDigitValue ?? 0) }
        let bytes = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func quotes() throws {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<300 {
            let text = generator.anyText(upTo: 12)
            for safe in ["", "/", generator.anyText(upTo: 5)] {
                #expect(try answer("quote", text, safe) == [PercentEncoding.quote(text, safe: safe)])
                #expect(try answer("quote_plus", text, safe) == [PercentEncoding.quotePlus(text, safe: safe)])
            }
        }
    }

    private static let encodedPieces = [
        "%", "%4", "%41", "%e2%82%ac", "%E2%82", "%ff", "%c3", "%a9", "%00", "%f0%9f", "%ed%a0%80", "%c0%80", "%f4%90",
        "+", "a", "=", "&",
        "&", "=", "é", "\u{20ac}", ";", "%26", "%3d", "%2B", "zz", " ", "\r\n", "\0",
    ]

    @Test func unquotes() throws {
        var generator = SeededGenerator(seed: 8)
        for _ in 0..<600 {
            let text = generator.text(of: Self.encodedPieces, upTo: 10)
            #expect(try answer("unquote", text) == [PercentEncoding.unquote(text)])
            #expect(try answer("unquote_plus", text) == [PercentEncoding.unquotePlus(text)])
        }
    }

    @Test func parsesQueries() throws {
        var generator = SeededGenerator(seed: 9)
        func flat(_ query: URLQuery) -> [String] { query.fields.flatMap { [$0.name, $0.value] } }
        for _ in 0..<600 {
            let text = generator.text(of: Self.encodedPieces, upTo: 12)
            #expect(try answer("parse_qsl", text) == flat(URLQuery(parsing: text)))
            #expect(try answer("parse_qsl_blank", text) == flat(URLQuery(parsing: text, keepBlankValues: true)))
            let query = URLQuery([(text, generator.anyText(upTo: 5))])
            #expect(try answer("urlencode", query.fields[0].name, query.fields[0].value) == [query.urlencoded()])
        }
    }

    /// Where and why joining differs.
    private struct Deviation: Sendable {
        let reason: String
        let applies: @Sendable (_ base: URLSplit, _ reference: URLSplit) -> Bool
    }

    private static let deviations = [
        Deviation(reason: "a host that no host is, or a bad port, is refused; Python sees it when it is asked for") {
            $1.authority.map { (try? URLAuthority($0)) == nil } ?? false
        },
        Deviation(reason: "the fragment is that of the reference, none too (section 5.2.2)") {
            $1.text.isEmpty && $0.fragment != nil
        },
        Deviation(reason: "a component that is empty is not absent (section 5.3)") {
            $1.query == "" || $1.fragment == "" || $1.authority == ""
        },
        Deviation(reason: "an empty segment is a segment (section 5.2.4)") {
            $0.path.contains("//") || $1.path.contains("//")
        },
        Deviation(reason: "a semicolon is a character of a path (section 3.3), not a component") {
            $1.path.contains(";")
        },
        Deviation(reason: "dot segments go from a reference with a scheme or a host, too (section 5.2.2)") {
            ($1.scheme != nil || $1.authority != nil) && $1.path != URLSplit.removingDotSegments($1.path)
        },
    ]

    @Test func joins() throws {
        var generator = SeededGenerator(seed: 10)
        let bases = [
            "http://a", "http://a/b/c/d;p?q", "http://u:p@a:80/b/", "https://a/b#f", "ws://a//b/../c",
            "http://[::1]/x/../y/",
        ]
        let pieces = [
            "/", "/", "/", "a", "b", "..", ".", "../", "./", "?", "#", ";", "x=1", "%2e", "\u{e9}", "g:", "http:",
            "//h", ":", "@",
        ]
        var same = 0
        for _ in 0..<1500 {
            let base = bases[Int.random(in: 0..<bases.count, using: &generator)]
            let reference = generator.text(of: pieces, upTo: 6)
            let theirs = try answer("urljoin", base, reference)
            let ours = try? [URLReference(base).joined(reference, ignoringSameScheme: true).text]
            guard ours != theirs else {
                same += 1
                continue
            }
            let rule = Self.deviations.first { $0.applies(URLSplit(base), URLSplit(reference)) }
            #expect(rule != nil, "\(base) \(reference): \(ours as Any), Python \(theirs as Any)")
        }
        #expect(same > 900)
    }
}
