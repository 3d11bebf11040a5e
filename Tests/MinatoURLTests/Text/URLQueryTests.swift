import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct URLQueryTests {
    @Test func keepsOrderAndDuplicates() throws {
        var query: URLQuery = ["b": "1", "a": "x y", "b": "2"]
        query.append("", "")
        #expect(query.urlencoded() == "b=1&a=x+y&b=2&=")
        #expect(query.urlencoded(spacesAsPlus: false) == "b=1&a=x%20y&b=2&=")
        #expect(query.value("b") == "1" && query.values("b") == ["1", "2"] && query.value("c") == nil)
        #expect(query.values("c") == [] && query.value("") == "")
        #expect(query == URLQuery([("b", "1"), ("a", "x y"), ("b", "2"), ("", "")]))
        #expect(URLQuery([.init("k", "&=+;%#/?é")]).urlencoded() == "k=%26%3D%2B%3B%25%23%2F%3F%C3%A9")
    }

    @Test func namesAreComparedLetterForLetter() throws {
        let query = try URLQuery(parsing: "e%CC%81=1&%C3%A9=2")
        #expect(query.values("\u{e9}") == ["2"] && query.value("e\u{301}") == "1")
    }

    @Test(arguments: [
        ("a&b=1", OpenError.Code.badQuery, "parse: no equals sign in field 1 (badQuery)"),
        ("a=1&&b=2", .badQuery, "parse: no equals sign in field 2 (badQuery)"),
        ("a=1&", .badQuery, "parse: no equals sign in field 2 (badQuery)"),
        ("a=%zz", .badEncoding, "parse: a percent sign without two hexadecimal digits (badEncoding)"),
        ("%ff=1", .badEncoding, "parse: the decoded bytes are not UTF-8 (badEncoding)"),
    ])
    func refusesStrictly(_ text: String, _ code: OpenError.Code, _ description: String) throws {
        let error = #expect(throws: OpenError.self) { try URLQuery(parsing: text, strictly: true) }
        #expect(error?.code == code && error?.description == description)
        #expect(throws: Never.self) { try URLQuery(parsing: text) }
    }

    @Test func strictlyIsNotBlank() throws {
        #expect(try URLQuery(parsing: "a=&b=1", strictly: true) == ["b": "1"])
        #expect(try URLQuery(parsing: "a=&b=1", keepBlankValues: true, strictly: true) == ["a": "", "b": "1"])
        #expect(try URLQuery(parsing: "", strictly: true).fields.isEmpty)
    }

    @Test(arguments: [("", 0), ("a", 1), ("a=1", 1), ("a=1&b=2", 2), ("&&", 3), ("a=1&", 2)])
    func countsFields(_ text: String, _ count: Int) throws {
        #expect(throws: Never.self) { try URLQuery(parsing: text, maximumFieldCount: count) }
        guard count > 0 else { return }
        let error = #expect(throws: OpenError.self) { try URLQuery(parsing: text, maximumFieldCount: count - 1) }
        #expect(error?.description == "parse: \(count) fields, more than \(count - 1) (limitExceeded)")
    }

    private static let separators: [(String, Unicode.Scalar, URLQuery)] = [
        ("a=1;b=2&c=3", ";", ["a": "1", "b": "2&c=3"]), ("a=1é b=2", "é", ["a": "1", " b": "2"]),
        // CR LF is one character of Swift's, and so is a separator with an accent.
        ("a=1&\u{301}b=2", "&", ["a": "1", "\u{301}b": "2"]), ("a=1\r\nb=2", "\n", ["a": "1\r", "b": "2"]),
        ("a=\u{301}b", "&", ["a": "\u{301}b"]),
    ]

    @Test(arguments: separators)
    func splitsAtTheSeparator(_ text: String, _ separator: Unicode.Scalar, _ result: URLQuery) throws {
        #expect(try URLQuery(parsing: text, separator: separator) == result)
    }

    @Test func roundTrips() throws {
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<300 {
            let query = URLQuery(
                (0..<Int.random(in: 0...5, using: &generator)).map { _ in
                    (generator.anyText(upTo: 6), generator.anyText(upTo: 6))
                })
            for text in [query.urlencoded(), query.urlencoded(spacesAsPlus: false)] {
                #expect(try URLQuery(parsing: text, keepBlankValues: true, strictly: true) == query)
                #expect(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") })
            }
        }
    }
}
