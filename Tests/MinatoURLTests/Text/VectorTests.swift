import TestSupport
import Testing

@testable import MinatoURL

/// Tables of results that urllib gives: every row, or the reason why not.
@Suite(.watchdog) struct VectorTests {
    @Test(arguments: [
        ("quote", 59), ("quote_plus", 26), ("unquote", 81), ("unquote_plus", 62),
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
}
