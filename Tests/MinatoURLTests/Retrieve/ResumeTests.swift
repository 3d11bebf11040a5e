import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// Retrieves that go on where an earlier one stopped, from a server that sends exact bytes.
@Suite(.watchdog) struct ResumeTests {
    private static let content = pattern(200_000)
    private static let tag = "\"v1\""

    /// What a request asks for: the first byte, by its Range.
    private static func start(_ request: String) -> Int {
        let line = request.split(separator: "\r\n").first { $0.hasPrefix("Range: bytes=") }
        return line.flatMap { Int($0.dropFirst("Range: bytes=".count).dropLast()) } ?? 0
    }

    /// A server of the content that knows ranges; it sends `cut` bytes of the body to the first request, and closes.
    private func server(cut: Int, _ fields: String = "ETag: \"v1\"\r\n") throws -> RawServer {
        try RawServer { connection in
            while let request = connection.readRequest() {
                let start = Self.start(request)
                let body = Self.content[start...]
                let count = Self.content.count
                connection.send(
                    start > 0
                        ? "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes \(start)-\(count - 1)/\(count)\r\n"
                        : "HTTP/1.1 200 OK\r\n")
                connection.send("\(fields)Content-Length: \(body.count)\r\n\r\n")
                guard connection.send(connection.index == 0 ? body.prefix(cut) : body), connection.index > 0 else {
                    return
                }
            }
        }
    }

    /// The first call fails and leaves what came; the second one asks for the rest.
    @Test(arguments: Face.allCases, [1, 65_536, 199_999])
    func goesOnWhereItStopped(_ face: Face, _ cut: Int) async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("file", Array("old".utf8))
        let server = try server(cut: cut)
        let url = "http://user:c4n4ry@127.0.0.1:\(server.port)/x?q=1#part"
        let first = Reports()
        let error = await #expect(throws: OpenError.self) {
            try await face.retrieve(URLOpener(), url, to: path, resume: true, progress: first.take)
        }
        #expect(error?.code == .truncated)
        #expect(try directory.names == ["file", "file.part", "file.part.meta"])
        #expect(try directory.content("file") == Array("old".utf8))
        #expect(isSame(try directory.content("file.part") ?? [], Array(Self.content.prefix(cut))))
        #expect(first.counts.first == 0 && first.counts.last == cut)
        let note = String(decoding: try directory.content("file.part.meta") ?? [], as: UTF8.self)
        #expect(
            note == "minato partial file 1\nurl \(server.url("/x?q=1"))\netag \"v1\"\ntotal 200000\n")
        var status = stat()
        #expect(unsafe stat(directory.file("file.part.meta"), &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(directory.openDescriptors.isEmpty)

        let second = Reports()
        let result = try await face.retrieve(URLOpener(), url, to: path, resume: true, progress: second.take)
        #expect(isSame(try directory.content("file") ?? [], Self.content))
        #expect(try directory.names == ["file"])
        #expect(result.head.status == 206 && result.byteCount == 200_000 && result.totalCount == 200_000)
        #expect(result.resumedAt == cut && result.receivedCount == 200_000 - cut)
        #expect(result.description.hasSuffix(": 200000 of 200000 bytes, \(cut) of them from before"))
        #expect(second.counts.first == cut && second.counts.last == 200_000)
        #expect(second.counts == second.counts.sorted())
        #expect(second.all.allSatisfy { $0.totalCount == 200_000 && $0.resumedAt == cut })
        let requests = server.requests
        #expect(requests.count == 2 && requests.allSatisfy { $0.contains("\r\nAccept-Encoding: identity\r\n") })
        #expect(!requests[0].contains("Range"))
        #expect(requests[1].contains("\r\nRange: bytes=\(cut)-\r\nIf-Range: \"v1\"\r\n"))
        #expect(directory.openDescriptors.isEmpty)
    }

    /// Again and again: each call keeps what it got.
    @Test(arguments: Face.allCases)
    func goesOnManyTimes(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let server = try RawServer { connection in
            guard let request = connection.readRequest() else { return }
            let (start, count) = (Self.start(request), Self.content.count)
            connection.send(
                start > 0
                    ? "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes \(start)-\(count - 1)/\(count)\r\n"
                    : "HTTP/1.1 200 OK\r\n")
            connection.send("ETag: \"v1\"\r\nContent-Length: \(count - start)\r\n\r\n")
            connection.send(Self.content[start...].prefix(30_000))
        }
        var failures = 0
        while true {
            do {
                let result = try await face.retrieve(
                    URLOpener(), server.url(), to: directory.file("file"), resume: true)
                #expect(result.resumedAt == 180_000)
                break
            } catch {
                #expect(error.code == .truncated)
                failures += 1
                guard failures < 10 else { break }
            }
        }
        #expect(failures == 6 && server.requests.count == 7)
        #expect(isSame(try directory.content("file") ?? [], Self.content))
    }

    /// What a server answers to a request for the rest.
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var answers: [String]
        var content = ResumeTests.whole
        var resumedAt = 0
        var testDescription: String { name }
    }

    private static let whole = "0123456789"
    private static func response(_ status: String, _ fields: String, _ body: String) -> String {
        "HTTP/1.1 \(status)\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
    private static let okayWhole = response("200 OK", "ETag: \"v1\"\r\n", whole)
    private static func part(_ range: String, _ body: String, _ tag: String = tag) -> String {
        response("206 Partial Content", "ETag: \(tag)\r\nContent-Range: bytes \(range)\r\n", body)
    }

    static let rows: [Row] = [
        Row(name: "the rest", answers: [part("4-9/10", "456789")], content: "012x456789", resumedAt: 4),
        Row(name: "no ranges", answers: [okayWhole]),
        Row(name: "changed", answers: [response("200 OK", "ETag: \"v2\"\r\n", "other")], content: "other"),
        Row(name: "the whole as a part", answers: [part("0-9/10", whole), okayWhole]),
        Row(name: "another tag", answers: [part("4-9/10", "456789", "\"v2\""), okayWhole]),
        Row(name: "another total", answers: [part("4-10/11", "456789a"), okayWhole]),
        Row(
            name: "several parts",
            answers: [
                response(
                    "206 Partial Content", "ETag: \(tag)\r\nContent-Type: multipart/byteranges; boundary=b\r\n",
                    "--b\r\nContent-Range: bytes 4-9/10\r\n\r\n456789\r\n--b--\r\n"), okayWhole,
            ]),
        Row(
            name: "encoded",
            answers: [
                response(
                    "206 Partial Content",
                    "ETag: \(tag)\r\nContent-Range: bytes 4-9/10\r\nContent-Encoding: gzip\r\n", "456789"), okayWhole,
            ]),
        Row(
            name: "416, longer", answers: [response("416 Range", "Content-Range: bytes */10\r\n", "no"), okayWhole]),
        Row(
            name: "416, that much", answers: [response("416 Range", "Content-Range: bytes */4\r\n", "no")],
            content: "012x", resumedAt: 4),
        Row(
            name: "416, another tag",
            answers: [response("416 Range", "ETag: \"v2\"\r\nContent-Range: bytes */4\r\n", "no"), okayWhole]),
    ]

    /// On one connection: what is no use does not disturb the next request.
    @Test(arguments: Face.allCases, rows)
    func takesEachAnswer(_ face: Face, _ row: Row) async throws {
        let directory = try TemporaryDirectory()
        let server = try RawServer { connection in
            for answer in row.answers where connection.readRequest() != nil { connection.send(answer) }
            _ = connection.readRequest()
        }
        // A length that fits in all rows.
        try directory.leave(
            Array("012x".utf8), of: server.url(), .tag(Self.tag), total: row.name == "another total" ? 10 : nil)
        let reports = Reports()
        let result = try await face.retrieve(
            URLOpener(), server.url(), to: directory.file("file"), resume: true, progress: reports.take)
        #expect(String(decoding: try directory.content("file") ?? [], as: UTF8.self) == row.content)
        #expect(try directory.names == ["file"])
        #expect(result.resumedAt == row.resumedAt && result.byteCount == row.content.utf8.count)
        #expect(reports.counts.first == row.resumedAt && reports.counts.last == row.content.utf8.count)
        #expect(server.requests.count == row.answers.count && server.peers.count == 1)
        let ranges = server.requests.map { $0.contains("\r\nRange: bytes=4-\r\n") }
        #expect(ranges == Array([true, false].prefix(row.answers.count)))
    }

    /// An answer that is an error leaves what is there, for a later call.
    @Test(arguments: Face.allCases)
    func failuresLeaveWhatIsThere(_ face: Face) async throws {
        let wrongPart = Self.part("0-9/10", Self.whole)
        let xs = String(repeating: "x", count: 30)
        let rows: [([String], OpenError.Code)] = [
            ([Self.response("503 Service Unavailable", "", "no")], .httpStatus),
            ([Self.response("404 Not Found", "", "no")], .httpStatus),
            ([Self.response("412 Precondition Failed", "", "no")], .httpStatus), ([""], .emptyReply),
            ([wrongPart, wrongPart], .badRange),
            ([wrongPart, Self.response("416 Range", "Content-Range: bytes */4\r\n", "")], .httpStatus),
            ([Self.part("4-29/30", String(xs.dropFirst(4)))], .limitExceeded),
            ([Self.response("200 OK", "", xs)], .limitExceeded),
        ]
        for (answers, code) in rows {
            let directory = try TemporaryDirectory()
            let server = try RawServer { connection in
                for answer in answers where connection.readRequest() != nil { connection.send(answer) }
            }
            try directory.leave(Array("0123".utf8), of: server.url(), .tag(Self.tag))
            let error = await #expect(throws: OpenError.self) {
                try await face.retrieve(URLOpener(), server.url(), to: directory.file("file"), resume: true, upTo: 20)
            }
            #expect(error?.code == code, "\(answers): \(error as Any)")
            #expect(try directory.names == ["file.part", "file.part.meta"], "\(answers)")
            #expect(try directory.content("file.part") == Array("0123".utf8))
        }
    }

    /// Bytes beyond the range that the server named are not written, and it is an error; fewer are one, too.
    @Test(arguments: Face.allCases)
    func aBodyOfAnotherLengthThanItsRange(_ face: Face) async throws {
        for (body, code) in [
            ("6\r\n456789\r\n1\r\na\r\n0\r\n\r\n", OpenError.Code.badRange), ("3\r\n456\r\n0\r\n\r\n", .truncated),
        ] {
            let directory = try TemporaryDirectory()
            let server = try RawServer { connection in
                _ = connection.readRequest()
                connection.send(
                    "HTTP/1.1 206 Partial Content\r\nETag: \(Self.tag)\r\nContent-Range: bytes 4-9/10\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\n" + body)
            }
            try directory.leave(Array("0123".utf8), of: server.url(), .tag(Self.tag), total: 10)
            let error = await #expect(throws: OpenError.self) {
                try await face.retrieve(URLOpener(), server.url(), to: directory.file("file"), resume: true)
            }
            #expect(error?.code == code && error?.operation == .read, "\(error as Any)")
            #expect(try directory.names == ["file.part", "file.part.meta"])
            let kept = String(decoding: try directory.content("file.part") ?? [], as: UTF8.self)
            #expect("0123456789".hasPrefix(kept))
        }
    }

    /// By the date of the last change, with which the server need not say again what it is.
    @Test(arguments: Face.allCases)
    func goesOnByDate(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let changed = "Sun, 06 Nov 1994 08:49:37 GMT"
        let server = try server(
            cut: 5000, "Last-Modified: \(changed)\r\nDate: Mon, 07 Nov 1994 08:49:37 GMT\r\nETag: W/\"v1\"\r\n")
        await #expect(throws: OpenError.self) {
            try await face.retrieve(URLOpener(), server.url(), to: directory.file("file"), resume: true)
        }
        let result = try await face.retrieve(URLOpener(), server.url(), to: directory.file("file"), resume: true)
        #expect(result.resumedAt == 5000)
        #expect(server.requests.last?.contains("\r\nIf-Range: \(changed)\r\n") == true)
        #expect(isSame(try directory.content("file") ?? [], Self.content))
    }

    /// Without a sign by which to tell versions apart, or encoded, nothing stays: a later call begins anew.
    @Test(
        arguments: Face.allCases,
        [
            "", "ETag: W/\"v1\"\r\n", "ETag: \"v1\"\r\nContent-Encoding: gzip\r\n",
            "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nDate: Sun, 06 Nov 1994 08:50:36 GMT\r\n",
        ])
    func keepsNothingWithoutAValidator(_ face: Face, _ fields: String) async throws {
        let directory = try TemporaryDirectory()
        let server = try server(cut: 5000, fields)
        await #expect(throws: OpenError.self) {
            try await face.retrieve(URLOpener(), server.url(), to: directory.file("file"), resume: true)
        }
        #expect(try directory.names.isEmpty)
        let result = try await face.retrieve(URLOpener(), server.url(), to: directory.file("file"), resume: true)
        #expect(result.head.status == 200 && result.resumedAt == 0)
        #expect(isSame(try directory.content("file") ?? [], Self.content))
        #expect(try directory.names == ["file"])
    }

    /// Both requests go through the handlers, and redirects are followed with what is asked for.
    @Test(arguments: Face.allCases)
    func redirectsAndHandlers(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let target = try server(cut: 7000)
        let server = try RawServer { connection in
            connection.answerAll { _ in
                "HTTP/1.1 302 Found\r\nLocation: \(target.url("/file"))\r\nContent-Length: 0\r\n\r\n"
            }
        }
        let log = RequestLog()
        let opener = URLOpener(log)
        for _ in 0..<2 {
            do throws(OpenError) {
                let result = try await face.retrieve(opener, server.url(), to: directory.file("file"), resume: true)
                #expect(result.url == target.url("/file") && result.resumedAt == 7000)
            } catch {
                #expect(error.code == .truncated)
                let note = ResumeNote(parsing: try directory.content("file.part.meta") ?? [])
                #expect(note?.url == server.url() && note?.source == target.url("/file"))
            }
        }
        #expect(log.take().map { $0.field("Range") } == [nil, nil, "bytes=7000-", "bytes=7000-"])
        #expect(isSame(try directory.content("file") ?? [], Self.content))
    }

    /// The task is cancelled, and its successor goes on.
    @Test func cancellingLeavesThePart() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("file")
        let isReached = Gate()
        let server = try RawServer { connection in
            let start = Self.start(connection.readRequest() ?? "")
            if start == 0 {
                connection.send("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 10\r\n\r\n0123")
                _ = connection.readByte()
            } else {
                connection.send(Self.part("4-9/10", "456789"))
            }
        }
        let task = Task {
            try await URLOpener().retrieve(server.url(), to: path, resume: true) {
                if $0.byteCount == 4 { isReached.open() }
            }
        }
        #expect(await isReached.opened())
        task.cancel()
        let error = await #expect(throws: OpenError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        #expect(try directory.names == ["file.part", "file.part.meta"])
        #expect(directory.openDescriptors.isEmpty)
        #expect(try await URLOpener().retrieve(server.url(), to: path, resume: true).resumedAt == 4)
        #expect(try directory.content("file") == Array("0123456789".utf8))
    }
}
