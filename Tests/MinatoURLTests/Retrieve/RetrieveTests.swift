import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// Files that are retrieved in one go, on both faces.
@Suite(.watchdog) struct RetrieveTests {
    private static let content = pattern(300_000)

    /// A head with that length.
    private static func head(_ count: Int, _ fields: String = "") -> String {
        "HTTP/1.1 200 OK\r\n\(fields)Content-Length: \(count)\r\n\r\n"
    }

    /// Answers every request with the same bytes, and may end the connection then.
    private func server(_ head: String, _ body: some Collection<UInt8> & Sendable, closes: Bool = false) throws
        -> RawServer
    {
        try RawServer { connection in
            while connection.readRequest() != nil {
                guard connection.send(head), connection.send(body), !closes else { return }
            }
        }
    }

    @Test(arguments: Face.allCases)
    func writesTheFileAndTellsHowFarItIs(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("file", Array("old".utf8))
        let server = try RawServer { connection in
            while let request = connection.readRequest() {
                if request.hasPrefix("GET /file ") {
                    connection.send(Self.head(Self.content.count, "X-Name: value\r\n"))
                    guard connection.send(Self.content) else { return }
                } else {
                    connection.send("HTTP/1.1 302 Found\r\nLocation: /file\r\nContent-Length: 3\r\n\r\nabc")
                }
            }
        }
        let reports = Reports()
        let result = try await face.retrieve(
            URLOpener(), server.url("/start#part"), to: path, progress: reports.take)
        #expect(isSame(try directory.content("file") ?? [], Self.content))
        #expect(result.url == server.url("/file#part") && result.head.fields[values: .init("X-Name")!] == ["value"])
        #expect(result.byteCount == 300_000 && result.totalCount == 300_000)
        #expect(result.resumedAt == 0 && result.receivedCount == 300_000)
        #expect(result.description == "200 \(server.url("/file#part")): 300000 of 300000 bytes")
        #expect("\(result.customMirror.children.map(\.value))".contains("X-Name") == false)

        #expect(reports.counts.first == 0 && reports.counts.last == 300_000)
        #expect(reports.counts == reports.counts.sorted())
        #expect(zip(reports.counts, reports.counts.dropFirst()).allSatisfy { $1 - $0 <= 65_536 })
        #expect(reports.all.allSatisfy { $0.totalCount == 300_000 && $0.resumedAt == 0 && $0.head.status == 200 })
        #expect(try directory.names == ["file"])
        #expect(directory.openDescriptors.isEmpty)
    }

    /// The length is not known; it is nothing; it is that of an encoded body.
    @Test(arguments: Face.allCases)
    func lengths(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("file")
        let gzip = try ChildProcess.python(
            "import gzip, sys; sys.stdout.write(gzip.compress(b'hello' * 100, mtime=0).hex())")
        let digits = gzip.readToEnd().utf8.map { $0 < 0x3A ? $0 - 0x30 : $0 - 0x57 }
        let encoded = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
        let hellos = [UInt8](repeatElement(Array("hello".utf8), count: 100).joined())
        let rows: [(String, [UInt8], [UInt8], total: Int?)] = [
            ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", Array("abc".utf8), Array("abc".utf8), nil),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Array("3\r\nabc\r\n0\r\n\r\n".utf8),
                Array("abc".utf8), nil
            ),
            (Self.head(0), [], [], 0), ("HTTP/1.1 204 No Content\r\n\r\n", [], [], nil),
            (Self.head(encoded.count, "Content-Encoding: gzip\r\n"), encoded, hellos, nil),
        ]
        for (head, body, content, total) in rows {
            let server = try server(head, body, closes: true)
            let reports = Reports()
            let result = try await face.retrieve(URLOpener(), server.url(), to: path, progress: reports.take)
            #expect(try directory.content("file") == content)
            #expect(result.byteCount == content.count && result.totalCount == content.count)
            #expect(reports.counts.first == 0 && reports.counts.last == content.count)
            #expect(reports.all.allSatisfy { $0.totalCount == total }, "\(head)")
        }
    }

    /// Whatever goes wrong, the old file is as it was and nothing is beside it.
    @Test(arguments: Face.allCases)
    func failuresLeaveTheOldFile(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("file", Array("old".utf8))
        let part = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-2/9\r\nContent-Length: 3\r\n\r\n"
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        let rows: [(String, [UInt8], OpenError.Code, OpenError.Operation)] = [
            (Self.head(9), Array("abc".utf8), .truncated, .read),
            (chunked, Array("3\r\nabc\r\n".utf8), .truncated, .read),
            (chunked, Array("3\r\nabcd".utf8), .badChunk, .read),
            ("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\n", Array("abc".utf8), .httpStatus, .open),
            ("HTTP/1.1 304 Not Modified\r\n\r\n", [], .httpStatus, .open),
            ("HTTP/1.1 416 Range\r\nContent-Range: bytes */0\r\nContent-Length: 0\r\n\r\n", [], .httpStatus, .open),
            (part, Array("abc".utf8), .badRange, .open), (Self.head(10), pattern(10), .limitExceeded, .open),
            (chunked, Array("a\r\n0123456789\r\n0\r\n\r\n".utf8), .limitExceeded, .save),
        ]
        for (head, body, code, operation) in rows {
            let server = try server(head, body, closes: true)
            let error = await #expect(throws: OpenError.self) {
                try await face.retrieve(URLOpener(), server.url(), to: path, upTo: 9)
            }
            #expect(error?.code == code && error?.operation == operation, "\(head): \(error as Any)")
            #expect(error?.url == server.url())
            let response = AnyResponse(error)
            #expect((response != nil) == [.httpStatus, .badRange].contains(code) || code == .limitExceeded)
            if code == .badRange { #expect(try await response?.body.read(9) == Array("abc".utf8)) }
            #expect(try directory.content("file") == Array("old".utf8))
            #expect(try directory.names == ["file"])
        }
        let refused = try RawServer(isListening: false) { _ in }
        let error = await #expect(throws: OpenError.self) {
            try await face.retrieve(URLOpener(), refused.url(), to: path)
        }
        #expect(error?.code == .connectionRefused)
        #expect(try directory.names == ["file"])
    }

    /// A transport may be anything: what it gives is counted here, too.
    @Test(arguments: Face.allCases, [2, 4])
    func countsWhatTheTransportGives(_ face: Face, _ length: Int) async throws {
        let directory = try TemporaryDirectory()
        let mock = MockTransport { _ in
            .init(status: 200, fields: [("Content-Length", "\(length)")], body: [1, 2, 3])
        }
        let error = await #expect(throws: OpenError.self) {
            try await face.retrieve(URLOpener(transport: mock), "http://h/", to: directory.file("file"))
        }
        #expect(error?.code == (length == 2 ? .badRange : .truncated))
        #expect(try directory.names.isEmpty)
    }

    @Test(arguments: Face.allCases)
    func otherRequests(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("file")
        let server = try RawServer { $0.answerAll { request in okay(String(request.suffix(3))) } }
        let post = try URLOpener.Request(server.url(), body: Array("a=1".utf8))
        #expect(try await face.retrieve(URLOpener(), post, to: path).byteCount == 3)
        #expect(try directory.content("file") == Array("a=1".utf8))

        #expect(try await face.retrieve(URLOpener(), "data:,hello", to: path).totalCount == 5)
        #expect(try directory.content("file") == Array("hello".utf8))

        let sent = server.requests.count
        for (name, method) in [("Range", "GET"), ("If-Range", "GET"), ("X", "HEAD")] {
            var request = try URLOpener.Request(server.url(), method: method)
            try request.addField(name, "bytes=0-1")
            let error = await #expect(throws: OpenError.self) {
                try await face.retrieve(URLOpener(), request, to: path)
            }
            #expect(error?.code == .badRequest && error?.operation == .prepare)
        }
        #expect(server.requests.count == sent)
        let nowhere = directory.file("no/file")
        let error = await #expect(throws: OpenError.self) {
            try await face.retrieve(URLOpener(), server.url(), to: nowhere)
        }
        #expect(error?.code == .fileFailed && error?.systemCode == ENOENT && error?.operation == .save)
    }

    @Test(arguments: Face.allCases)
    func specialFilesAreWrittenTo(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let server = try RawServer { $0.answerAll { _ in okay("abc") } }
        #expect(unsafe symlink(directory.file("target"), directory.file("link")) == 0)
        _ = try directory.write("target", pattern(9))
        #expect(try await face.retrieve(URLOpener(), server.url(), to: directory.file("link")).byteCount == 3)
        #expect(try directory.content("target") == Array("abc".utf8))
        #expect(try await face.retrieve(URLOpener(), server.url(), to: "/dev/null").byteCount == 3)
        let full = await #expect(throws: OpenError.self) {
            try await face.retrieve(URLOpener(), server.url(), to: "/dev/full")
        }
        #expect(full?.code == .fileFailed && full?.systemCode == ENOSPC)
        for path in [directory.file("link"), "/dev/full", directory.path] {
            let error = await #expect(throws: OpenError.self) {
                try await face.retrieve(URLOpener(), server.url(), to: path, resume: true)
            }
            #expect(error?.code == .fileFailed, "\(error as Any)")
        }
        #expect(server.requests.count == 3)
        #expect(try directory.names == ["link", "target"])
    }

    /// All requests and the body together have the one total.
    @Test(arguments: Face.allCases)
    func theTotalOfTheConfigurationCoversTheBody(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send(Self.head(9))
            _ = connection.readByte()
        }
        let opener = URLOpener(configuration: .timeouts { $0.total = .milliseconds(200) })
        let error = await #expect(throws: OpenError.self) {
            try await face.retrieve(opener, server.url(), to: directory.file("file"))
        }
        #expect(error?.code == .deadlineExceeded)
        #expect(try directory.names.isEmpty)
    }

    /// A request that is sent again does not get another total.
    @Test(arguments: Face.allCases)
    func theTotalIsOneForAllRequests(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        try directory.leave([1, 2], of: "http://h/", .tag("\"v1\""))
        let transport = DeadlineNotingTransport()
        var configuration = URLOpener.Configuration()
        configuration.timeouts.total = .seconds(60)
        let opener = URLOpener([], transport: transport, configuration: configuration)
        let path = directory.file("file")
        #expect(try await face.retrieve(opener, "http://h/", to: path, resume: true).byteCount == 3)
        let deadlines = transport.deadlines.values
        #expect(deadlines.count == 2 && deadlines.first == deadlines.last && deadlines.first != Deadline.none)
    }

    @Test func cancellingLeavesNothing() async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("file", Array("old".utf8))
        let isReached = Gate()
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send(Self.head(9) + "abc")
            _ = connection.readByte()
        }
        let task = Task {
            try await URLOpener().retrieve(server.url(), to: path) { if $0.byteCount == 3 { isReached.open() } }
        }
        #expect(await isReached.opened())
        #expect(try directory.names.count == 2)
        task.cancel()
        let error = await #expect(throws: OpenError.self) { try await task.value }
        #expect(error?.code == .cancelled && error?.operation == .read)
        #expect(try directory.names == ["file"])
        #expect(try directory.content("file") == Array("old".utf8))
        #expect(directory.openDescriptors.isEmpty)
    }

    /// The progress is told where the caller's code runs.
    @MainActor @Test func progressIsToldOnTheCallersActor() async throws {
        let directory = try TemporaryDirectory()
        let server = try RawServer { $0.answerAll { _ in okay("abc") } }
        var counts: [Int] = []
        try await URLOpener().retrieve(server.url(), to: directory.file("file")) { now in
            MainActor.assertIsolated()
            counts.append(now.byteCount)
        }
        #expect(counts == [0, 3])
    }

    @Test func theInstalledOpenerIsUsed() async throws {
        let directory = try TemporaryDirectory()
        let (url, path) = ("data:,hello", directory.file("file"))
        let request = try URLOpener.Request(url)
        #expect(try await urlretrieve(url, to: path).byteCount == 5)
        #expect(try await urlretrieve(request, to: path, resume: true).byteCount == 5)
        let blocking = try await Background {
            try [urlretrieveBlocking(url, to: path), urlretrieveBlocking(request, to: path, resume: true)]
        }.value
        #expect(blocking.map(\.byteCount) == [5, 5])
        #expect(try directory.content("file") == Array("hello".utf8))
        #expect(try directory.names == ["file"])
    }
}

/// Answers a request for the rest with another part, and one for the whole with that.
private final class DeadlineNotingTransport: Transport {
    let deadlines = Outcome.Kept<Deadline>()
    private let mock = MockTransport { request in
        request.field("Range") == nil
            ? .init(status: 200, body: [1, 2, 3])
            : .init(status: 206, fields: [("Content-Range", "bytes 0-2/3")], body: [1, 2, 3])
    }

    func perform(_ request: URLOpener.Request, _ limits: HopLimits) async throws(OpenError) -> Hop {
        deadlines.append(limits.deadline)
        return try await mock.perform(request, limits)
    }

    func performBlocking(_ request: URLOpener.Request, _ limits: HopLimits) throws(OpenError) -> Hop {
        deadlines.append(limits.deadline)
        return try mock.performBlocking(request, limits)
    }
}
