import HTTPTypes
import TestSupport
import Testing

@testable import MinatoURL

/// The decisions of a retrieve, without a network and without files.
@Suite(.watchdog) struct RetrievePlanTests {
    private static let url = "http://h/file"
    private static let date = "Sun, 06 Nov 1994 08:49:37 GMT"

    private func plan(
        _ change: (inout URLOpener.Request) throws -> Void = { _ in }, resumes: Bool = true, limit: Int = .max,
        partial: RetrievePlan.Partial? = nil
    ) throws -> RetrievePlan {
        var request = try URLOpener.Request("http://user:pw@h/file#part")
        try change(&request)
        var plan = try RetrievePlan(request, resumes: resumes, limit: limit)
        if let partial { plan.resume(from: partial) }
        return plan
    }

    private static func partial(
        _ count: Int = 4, _ validator: ResumeNote.Validator = .tag("\"a\""), total: Int? = 10, url: String = url
    ) -> RetrievePlan.Partial {
        RetrievePlan.Partial(count: count, note: ResumeNote(url: url, validator: validator, total: total))
    }

    private static let tag = ("ETag", "\"a\"")

    /// What a response is to four bytes of ten.
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var status = 206
        var fields: [(String, String)]
        var partial = RetrievePlanTests.partial()
        var step: RetrievePlan.Step
        var testDescription: String { name }
    }

    private static func range(_ text: String) -> (String, String) { ("Content-Range", text) }

    static let rows: [Row] = [
        Row(name: "the rest", fields: [tag, range("bytes 4-9/10")], step: .append),
        Row(name: "with its length", fields: [tag, range("Bytes 4-9/10"), ("Content-Length", "6")], step: .append),
        Row(name: "less than the rest", fields: [tag, range("bytes 4-7/10")], step: .append),
        Row(name: "no total, known before", fields: [tag, range("bytes 4-9/*")], step: .append),
        Row(
            name: "total known now", fields: [tag, range("bytes 4-9/10")], partial: partial(total: nil), step: .append),
        Row(
            name: "no total at all", fields: [tag, range("bytes 4-9/*")], partial: partial(total: nil),
            step: .askForWhole),
        Row(name: "another total", fields: [tag, range("bytes 4-10/11")], step: .askForWhole),
        Row(name: "wrong start", fields: [tag, range("bytes 3-9/10")], step: .askForWhole),
        Row(name: "late start", fields: [tag, range("bytes 5-9/10")], step: .askForWhole),
        Row(name: "another tag", fields: [("ETag", "\"b\""), range("bytes 4-9/10")], step: .askForWhole),
        Row(name: "a weak tag", fields: [("ETag", "W/\"a\""), range("bytes 4-9/10")], step: .askForWhole),
        Row(name: "two tags", fields: [tag, tag, range("bytes 4-9/10")], step: .askForWhole),
        Row(name: "no tag", fields: [range("bytes 4-9/10")], step: .askForWhole),
        Row(name: "no range", fields: [tag], step: .askForWhole),
        Row(name: "bad range", fields: [tag, range("bytes 4-9")], step: .askForWhole),
        Row(name: "two ranges", fields: [tag, range("bytes 4-9/10"), range("bytes 4-9/10")], step: .askForWhole),
        Row(name: "unsatisfied", fields: [tag, range("bytes */10")], step: .askForWhole),
        Row(
            name: "several parts", fields: [tag, ("Content-Type", "multipart/byteranges; boundary=x")],
            step: .askForWhole),
        Row(name: "encoded", fields: [tag, range("bytes 4-9/10"), ("Content-Encoding", "gzip")], step: .askForWhole),
        Row(name: "another length", fields: [tag, range("bytes 4-9/10"), ("Content-Length", "7")], step: .askForWhole),
        Row(name: "a date", fields: [range("bytes 4-9/10")], partial: partial(4, .date(date)), step: .append),
        Row(
            name: "the same date", fields: [range("bytes 4-9/10"), ("Last-Modified", date)],
            partial: partial(4, .date(date)), step: .append),
        Row(
            name: "another date", fields: [range("bytes 4-9/10"), ("Last-Modified", "Sun, 06 Nov 1994 08:49:38 GMT")],
            partial: partial(4, .date(date)), step: .askForWhole),
        Row(
            name: "changed, or knows no ranges", status: 200, fields: [("ETag", "\"b\""), ("Content-Length", "12")],
            step: .restart(ResumeNote(url: url, validator: .tag("\"b\""), total: 12))),
        Row(name: "another status", status: 203, fields: [tag], step: .restart(nil)),
        Row(name: "all there", status: 416, fields: [range("bytes */10")], partial: partial(10), step: .complete),
        Row(
            name: "all there, no total before", status: 416, fields: [tag, range("bytes */10")],
            partial: partial(10, total: nil), step: .complete),
        Row(
            name: "all there, another tag", status: 416, fields: [("ETag", "\"b\""), range("bytes */10")],
            partial: partial(10), step: .askForWhole),
        Row(name: "shorter now", status: 416, fields: [range("bytes */9")], partial: partial(10), step: .askForWhole),
        Row(
            name: "shorter now than the total", status: 416, fields: [range("bytes */4")], partial: partial(4),
            step: .askForWhole),
        Row(name: "416 and no range", status: 416, fields: [tag], partial: partial(10), step: .askForWhole),
        Row(
            name: "416 and a range", status: 416, fields: [range("bytes 4-9/10")], partial: partial(10),
            step: .askForWhole),
    ]

    @Test(arguments: rows)
    func decides(_ row: Row) throws {
        var plan = try plan(partial: row.partial)
        let asked = try plan.request()
        #expect(asked.field("Range") == "bytes=\(row.partial.count)-")
        #expect(asked.field("If-Range") == row.partial.note.validator.text)
        #expect(asked.field("Accept-Encoding") == "identity")
        #expect(plan.receive(URLOpener.ResponseHead(row.status, row.fields)) == row.step)
        switch row.step {
        case .append, .complete: #expect(plan.count == row.partial.count && plan.resumedAt == plan.count)
        case .restart: #expect(plan.count == 0 && plan.resumedAt == 0)
        case .fail: break
        case .askForWhole:
            let whole = try plan.request()
            #expect(whole.field("Range") == nil && whole.field("If-Range") == nil)
            // Once.
            let part = URLOpener.ResponseHead(206, [Self.tag, Self.range("bytes 4-9/10")])
            #expect(
                plan.receive(part) == .fail(.badRange, "the server sent a part, and the whole was asked for"))
        }
    }

    /// What came from the end of a redirect is not gone on with from another one, whose validators say nothing of it.
    @Test(arguments: [(206, "bytes 4-9/10"), (416, "bytes */4")])
    func redirectedElsewhere(_ row: (status: Int, range: String)) throws {
        let partial = RetrievePlan.Partial(
            count: 4,
            note: ResumeNote(
                url: Self.url, source: "http://h/a", validator: .tag("\"a\""), total: row.status == 416 ? 4 : 10))
        let head = URLOpener.ResponseHead(row.status, [Self.tag, Self.range(row.range)])
        for (source, step) in [
            ("http://h/a", row.status == 416 ? RetrievePlan.Step.complete : .append),
            ("http://h/a#part", row.status == 416 ? .complete : .append),
            ("http://h/b", .askForWhole), (Self.url, .askForWhole),
        ] {
            var plan = try plan(partial: partial)
            #expect(plan.receive(head, from: source) == step, "\(source)")
            guard step == .askForWhole else { continue }
            let whole = URLOpener.ResponseHead(200, [Self.tag, ("Content-Length", "10")])
            let note = ResumeNote(url: Self.url, source: source, validator: .tag("\"a\""), total: 10)
            #expect(plan.receive(whole, from: source) == .restart(note))
        }
    }

    /// Of no use: empty, of another URL, longer than the whole.
    @Test func goesOnFromWhatIsOfUse() throws {
        let rows = [
            (Self.partial(), true), (Self.partial(10), true), (Self.partial(10, total: nil), true),
            (Self.partial(0), false), (Self.partial(11), false), (Self.partial(url: "http://h/other"), false),
            (Self.partial(url: "http://user:pw@h/file"), false),
        ]
        for (partial, isOfUse) in rows {
            let asked = try plan(partial: partial).request()
            #expect((asked.field("Range") != nil) == isOfUse, "\(partial)")
            #expect(asked.field("Accept-Encoding") == "identity")
        }
        #expect(try plan(resumes: false).request().fields.isEmpty)
    }

    @Test func limits() throws {
        func step(_ limit: Int, _ status: Int, _ fields: [(String, String)], _ partial: RetrievePlan.Partial?) throws
            -> RetrievePlan.Step
        {
            var plan = try plan(limit: limit, partial: partial)
            return plan.receive(URLOpener.ResponseHead(status, fields))
        }
        let tooLong = RetrievePlan.Step.fail(.limitExceeded, "the body is longer than 9 bytes")
        #expect(try step(9, 200, [("Content-Length", "10")], nil) == tooLong)
        #expect(try step(10, 200, [("Content-Length", "10")], nil) == .restart(nil))
        #expect(try step(9, 206, [Self.tag, Self.range("bytes 4-9/10")], Self.partial()) == tooLong)
        #expect(try step(10, 206, [Self.tag, Self.range("bytes 4-9/10")], Self.partial()) == .append)
        #expect(try step(9, 416, [Self.range("bytes */10")], Self.partial(10)) == tooLong)
        #expect(throws: OpenError.self) { try plan(limit: -1) }
    }

    /// More than the head says, less than it says, and more than may come.
    @Test func counts() throws {
        var append = try plan(limit: 20, partial: Self.partial())
        _ = append.receive(URLOpener.ResponseHead(206, [Self.tag, Self.range("bytes 4-7/10")]))
        try append.take(3, url: Self.url)
        let early = #expect(throws: OpenError.self) { try append.finish(url: Self.url) }
        #expect(early?.description == "read http://h/file: the body ended after 7 of 10 bytes (truncated)")
        try append.take(1, url: Self.url)
        let more = #expect(throws: OpenError.self) { try append.take(1, url: Self.url) }
        #expect(more?.description == "read http://h/file: more came than the head of the response says (badRange)")
        #expect(append.count == 8)
        // The range is all there; the file is not.
        #expect(throws: OpenError.self) { try append.finish(url: Self.url) }

        var unknown = try plan(limit: 5)
        _ = unknown.receive(URLOpener.ResponseHead(200, []))
        try unknown.take(5, url: Self.url)
        try unknown.finish(url: Self.url)
        let beyond = #expect(throws: OpenError.self) { try unknown.take(1, url: Self.url) }
        #expect(beyond?.code == .limitExceeded && unknown.count == 5)
    }

    @Test func refusesRequests() throws {
        func code(_ resumes: Bool, _ change: (inout URLOpener.Request) throws -> Void) -> OpenError.Code? {
            (#expect(throws: OpenError.self) { try plan(change, resumes: resumes) })?.code
        }
        for name in ["Range", "if-range"] {
            for resumes in [false, true] {
                #expect(code(resumes) { try $0.addField(name, "bytes=0-1") } == .badRequest)
            }
        }
        for name in ["If-Match", "if-none-match", "If-Modified-Since", "If-Unmodified-Since", "Accept-Encoding"] {
            #expect(code(true) { try $0.addField(name, "gzip") } == .badRequest)
            #expect(throws: Never.self) { try plan({ try $0.addField(name, "gzip") }, resumes: false) }
        }
        #expect(throws: Never.self) { try plan { try $0.addField("Accept-Encoding", "identity") } }
        #expect(code(false) { try $0.setMethod("HEAD") } == .badRequest)
        #expect(code(true) { try $0.setMethod("POST") } == .badRequest)
        #expect(code(true) { $0.body = .bytes([1]) } == .badRequest)
        #expect(
            code(true) {
                $0.body = .bytes([1])
                try $0.setMethod("GET")
            } == .badRequest)
        #expect(throws: Never.self) { try plan({ $0.body = .bytes([1]) }, resumes: false) }
    }
}
