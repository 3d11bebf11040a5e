import HTTPTypes
import TestSupport
import Testing

@testable import MinatoURL

/// What is kept beside a partial file, and the fields that it comes from.
@Suite(.watchdog) struct ResumeNoteTests {
    private static let date = "Sun, 06 Nov 1994 08:49:37 GMT"

    /// By what a later call can go on, if by anything.
    @Test func validators() {
        let changed = ("Last-Modified", Self.date)
        let rows: [([(String, String)], ResumeNote.Validator?)] = [
            ([("ETag", "\"a\"")], .tag("\"a\"")), ([("ETag", "\"\"")], .tag("\"\"")),
            ([("ETag", "W/\"a\"")], nil), ([("ETag", "a")], nil), ([("ETag", "\"")], nil), ([("ETag", "\"a")], nil),
            ([("ETag", "\"a\"b\"")], nil), ([("ETag", "\"a b\"")], nil), ([("ETag", "\"é\"")], nil),
            ([("ETag", "\"a\""), ("ETag", "\"b\"")], nil),
            (
                [("ETag", "\"" + String(repeating: "a", count: 998) + "\"")],
                .tag("\"" + String(repeating: "a", count: 998) + "\"")
            ),
            ([("ETag", "\"" + String(repeating: "a", count: 999) + "\"")], nil), ([], nil),
            ([changed, ("Date", "Sun, 06 Nov 1994 08:50:37 GMT")], .date(Self.date)),
            ([changed, ("Date", "Sun, 06 Nov 1994 08:50:36 GMT")], nil),
            ([changed, ("Date", "Sun, 06 Nov 1994 08:48:37 GMT")], nil), ([changed], nil),
            ([changed, ("Date", "today")], nil),
            ([("Last-Modified", "Sunday, 06-Nov-94 08:49:37 GMT"), ("Date", "Sun, 06 Nov 1994 08:50:37 GMT")], nil),
            ([("ETag", "W/\"a\""), changed, ("Date", "Mon, 07 Nov 1994 08:49:37 GMT")], .date(Self.date)),
            ([("ETag", "\"a\""), changed, ("Date", "Mon, 07 Nov 1994 08:49:37 GMT")], .tag("\"a\"")),
            ([("ETag", "\"a\""), ("Content-Encoding", "gzip")], nil),
            ([("ETag", "\"a\""), ("Content-Encoding", "identity")], .tag("\"a\"")),
        ]
        for (fields, validator) in rows {
            let note = ResumeNote(URLOpener.ResponseHead(200, fields), url: "http://h/", total: 7)
            #expect(note?.validator == validator, "\(fields)")
            #expect(note?.total == (validator == nil ? nil : 7))
        }
        #expect(ResumeNote(URLOpener.ResponseHead(203, [("ETag", "\"a\"")]), url: "http://h/", total: nil) == nil)
    }

    @Test func comesBackAsItWasWritten() {
        for validator in [ResumeNote.Validator.tag("\"a;b\\\""), .date(Self.date)] {
            for total in [nil, 0, 12, Int.max] {
                for source in [nil, "http://i/e"] {
                    let note = ResumeNote(url: "http://h/a?b=c%20d", source: source, validator: validator, total: total)
                    #expect(ResumeNote(parsing: Array(note.text.utf8)) == note)
                }
            }
        }
        let note = ResumeNote(url: "http://h/", validator: .tag("\"a\""), total: 3)
        #expect(note.text == "minato partial file 1\nurl http://h/\netag \"a\"\ntotal 3\n")
        let moved = ResumeNote(url: "http://h/", source: "http://i/", validator: .tag("\"a\""), total: nil)
        #expect(moved.text == "minato partial file 1\nurl http://h/\nsource http://i/\netag \"a\"\n")
    }

    /// Every beginning of a note but that without the total is none, nor is it with another line or a line changed.
    @Test func refusesAnythingElse() {
        let text = ResumeNote(url: "http://h/", validator: .tag("\"a\""), total: 12).text
        let bytes = Array(text.utf8)
        for count in bytes.indices where count != bytes.count - "total 12\n".utf8.count {
            #expect(ResumeNote(parsing: Array(bytes.prefix(count))) == nil, "\(count)")
        }
        let rows = [
            text + "source http://i/\n", "minato partial file 1\nurl http://h/\nsource http://i/\n",
            "minato partial file 1\nurl http://h/\nsource http://i/\nsource http://i/\netag \"a\"\n",
            text + "\n", text + "total 12\n", "\n" + text, text.uppercased(),
            "minato partial file 2" + text.dropFirst(21),
            "minato partial file 1\nurl http://h/\netag W/\"a\"\n", "minato partial file 1\nurl http://h/\netag a\n",
            "minato partial file 1\nurl http://h/\nlast-modified today\n",
            "minato partial file 1\nurl http://h/\ntotal 3\n",
            "minato partial file 1\nurl http://h/\netag \"a\"\ntotal +3\n",
            "minato partial file 1\nurl http://h/\netag \"a\"\ntotal 9999999999999999999\n",
            "minato partial file 1\r\nurl http://h/\r\netag \"a\"\r\n",
        ]
        for row in rows { #expect(ResumeNote(parsing: Array(row.utf8)) == nil, "\(row)") }
        #expect(ResumeNote(parsing: [UInt8](repeating: 0xFF, count: 100)) == nil)
    }

    @Test func contentRanges() {
        let rows: [(String, ContentRange?)] = [
            ("bytes 0-0/1", .part(0...0, total: 1)), ("BYTES 4-9/10", .part(4...9, total: 10)),
            ("bytes 4-9/*", .part(4...9, total: nil)), ("bytes */10", .unsatisfied(total: 10)),
            ("bytes */0", .unsatisfied(total: 0)), ("bytes */*", nil), ("bytes 4-10/10", nil), ("bytes 5-4/10", nil),
            ("bytes 4-9", nil), ("bytes 4-9/", nil), ("bytes 4-/10", nil), ("bytes -9/10", nil), ("bytes /10", nil),
            ("bytes 4-9/10/11", nil), ("bytes +4-9/10", nil), ("bytes 4-9/+10", nil), ("bytes=4-9/10", nil),
            ("bytes  4-9/10", nil), ("bytes 4 - 9/10", nil), ("items 4-9/10", nil), ("4-9/10", nil), ("", nil),
            ("bytes 0-9223372036854775807/*", nil),
            ("bytes 0-9223372036854775806/*", .part(0...(.max - 1), total: nil)),
            ("bytes 0-9223372036854775806/9223372036854775807", .part(0...(.max - 1), total: .max)),
            ("bytes 0-9/9223372036854775808", nil), ("bytes 99999999999999999999-1/2", nil), ("bytes 0-0/é", nil),
        ]
        for (text, range) in rows { #expect(ContentRange(text) == range, "\(text)") }
    }
}
