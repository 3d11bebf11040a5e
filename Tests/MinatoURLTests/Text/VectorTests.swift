import TestSupport
import Testing

@testable import MinatoURL

/// Tables of results that urllib and RFC 3986 give: every row, or the reason why not.
@Suite(.watchdog) struct VectorTests {
    @Test(arguments: [
        ("quote", 59), ("quote_plus", 26), ("unquote", 81), ("unquote_plus", 62), ("urlencode", 14), ("parse_qsl", 36),
        ("urljoin", 56), ("rfc3986", 42),
    ])
    func tablesAreWhole(_ name: String, _ count: Int) {
        #expect(Vectors.rows(name).count == count)
    }

    @Test(arguments: Vectors.rows("quote"))
    func quote(_ row: Vectors.Row) throws {
        let text = try #require(row.arguments.first?.text)
        let quoted =
            if row.arguments.count > 1, let safe = row.arguments[1].text {
                PercentEncoding.quote(text, safe: safe)
            } else {
                PercentEncoding.quote(text)
            }
        #expect(quoted == row.result.text)
    }

    @Test(arguments: Vectors.rows("quote_plus"))
    func quotePlus(_ row: Vectors.Row) throws {
        let text = try #require(row.arguments.first?.text)
        let safe = row.arguments.dropFirst().first?.text ?? ""
        #expect(PercentEncoding.quotePlus(text, safe: safe) == row.result.text)
    }

    /// Rows 2 and 3 give None and a list to what takes a string: here they do not compile.
    @Test(arguments: Vectors.rows("unquote").filter { $0.fields["error"] == .null })
    func unquote(_ row: Vectors.Row) throws {
        let text = try #require(row.arguments.first?.text)
        #expect(PercentEncoding.unquote(text) == row.result.text)
    }

    @Test func unquoteLeavesOutTypeErrorsOnly() {
        let rows = Vectors.rows("unquote").filter { $0.fields["error"] != .null }
        #expect(rows.map(\.number) == [2, 3] && rows.allSatisfy { $0.arguments.first?.text == nil })
    }

    @Test(arguments: Vectors.rows("unquote_plus"))
    func unquotePlus(_ row: Vectors.Row) throws {
        let text = try #require(row.arguments.first?.text)
        #expect(PercentEncoding.unquotePlus(text) == row.result.text)
    }

    /// Values are strings here. What Python makes of another value (`str(value)`) is what a program says itself, and so does
    /// this test; row 1 gives a string to what takes pairs, which does not compile.
    @Test(arguments: Vectors.rows("urlencode").filter { $0.fields["error"] == .null })
    func urlencode(_ row: Vectors.Row) throws {
        let takesSequences = row.arguments.dropFirst().first == .bool(true)
        var query = URLQuery()
        for (name, value) in try Self.pairs(try #require(row.arguments.first)) {
            switch value {
            case .array(let values) where takesSequences:
                for value in values { query.append(name, Self.printed(value)) }
            default: query.append(name, Self.printed(value))
            }
        }
        #expect(query.urlencoded() == row.result.text)
        #expect(query.urlencoded(spacesAsPlus: false) == row.result.text?.replacing("+", with: "%20"))
    }

    private static func pairs(_ argument: JSONValue) throws -> [(String, JSONValue)] {
        if case .object(let members) = argument { return members.map { ($0.name, $0.value) } }
        return try argument.elements.map { (try #require($0.elements.first?.text), try #require($0.elements.last)) }
    }

    /// `str(value)`.
    private static func printed(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): text
        case .number(let number): "\(number)"
        case .array(let values): "[" + values.map { "'\(printed($0))'" }.joined(separator: ", ") + "]"
        default: "None"
        }
    }

    @Test(arguments: Vectors.rows("parse_qsl"))
    func parseQuery(_ row: Vectors.Row) throws {
        let text = try #require(row.arguments.first?.text)
        #expect(try Self.fields(URLQuery(parsing: text)) == row.result)
        #expect(try Self.fields(URLQuery(parsing: text, keepBlankValues: true)) == row.fields["blank_kept"])
        let all = try URLQuery(parsing: text, keepBlankValues: true)
        #expect(all.fields.allSatisfy { all.values($0.name).contains($0.value) })
    }

    private static func fields(_ query: URLQuery) -> JSONValue {
        .array(query.fields.map { .array([.string($0.name), .string($0.value)]) })
    }

    /// Rows of urljoin where RFC 3986 says otherwise, with what it says.
    private static let deviations = [
        // Section 5.2.2: the fragment is that of the reference, which has none.
        6: "http://a/b/c/d;p?q"
    ]

    @Test(arguments: Vectors.rows("urljoin"))
    func join(_ row: Vectors.Row) throws {
        let base = try URLReference(#require(row.arguments.first?.text))
        let reference = try #require(row.arguments.last?.text)
        let expected = Self.deviations[row.number] ?? row.result.text
        #expect(Self.deviations[row.number] != row.result.text)
        // Python takes `http:g` for `g`; by default it is not, as in the next table.
        #expect(try base.joined(reference, ignoringSameScheme: true).text == expected)
        if !reference.hasPrefix("http:") { #expect(try base.joined(reference).text == expected) }
    }

    @Test(arguments: Vectors.rows("rfc3986"))
    func joinByTheBook(_ row: Vectors.Row) throws {
        let base = try URLReference(#require(Vectors.table("rfc3986")["base"]?.text))
        let reference = try #require(row.fields["reference"]?.text)
        #expect(try base.joined(reference).text == row.fields["target"]?.text)
        #expect(try URLReference(reference).text == reference)
    }
}
