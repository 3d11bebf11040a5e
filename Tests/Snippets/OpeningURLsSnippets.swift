import Minato
import Synchronization
import TestSupport
import Testing

/// The code of the article "Opening URLs", first half, and what it says. What needs the world is compiled only.
@Suite("Opening URLs: the article", .watchdog)
struct OpeningURLsSnippets {
    // Compiled, not run: the host is not ours.
    private func overview() async throws {
        let response = try await urlopen("http://www.example.com/login.html", timeout: .seconds(10))
        print(response.status, response.field("Content-Type") ?? "")
        let start = try await response.body.read(300)  // exactly 300 bytes, unless the body ends before
        _ = start
    }

    @Test("A connection is used again when the body was read to its end, and closed when the response was dropped")
    func reuse() async throws {
        try await withSite { _ in
            okay("page")
        } _: { site, _ in
            let opener = URLOpener()
            for page in 1...3 {
                let response = try await opener.open("\(site)/\(page)")
                _ = try await response.body.collect(upTo: 10_000)  // to its end: the connection is free again
                print(response.head.connection.isReused)  // false, true, true
            }
            #expect(try await opener.open(site).head.connection.isReused)
        }
        try await withSite { _ in
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
        } _: { site, _ in
            let opener = URLOpener()
            for _ in 0..<2 {
                let dropped = try await opener.open(site)
                #expect(!dropped.head.connection.isReused)
                dropped.close()
            }
        }
    }

    // MARK: - Reading

    /// Three lines in one body.
    private static let page = "one\ntwo\nthree"

    private func lines(of response: URLOpener.Response) async throws {
        for try await line in response.body.lines(limit: 8192) {
            print(String(decoding: line, as: UTF8.self), terminator: "")
        }
    }

    private func save(_ response: URLOpener.Response, at path: String) async throws -> Int {
        let count = try await response.body.write(to: path, upTo: 1 << 30)
        return count
    }

    private func measure(_ response: URLOpener.Response) async throws -> Int {
        let count = Mutex(0)
        try await response.body.forEachPiece { piece in count.withLock { $0 += piece.count } }
        return count.withLock { $0 }
    }

    @Test("The table of reads")
    func reads() async throws {
        let opener = URLOpener(transport: MockTransport { _ in .init(status: 200, body: Array(Self.page.utf8)) })
        #expect(try await measure(opener.open("http://h.example/")) == 13)
        let exact = try await opener.open("http://h.example/").body
        #expect(text(try await exact.read(6)) == "one\ntw")
        #expect(text(try await exact.read(100)) == "o\nthree")
        #expect(try await exact.read(1) == [])
        #expect(try await exact.read(atMost: 1) == [])
        #expect(try await exact.readLine(limit: 9) == [])

        let mixed = try await opener.open("http://h.example/").body
        #expect(text(try await mixed.readLine(limit: 9)) == "one\n")
        #expect(text(try await mixed.read(atMost: 2)) == "tw")
        #expect(text(try await mixed.collect(upTo: 7)) == "o\nthree")

        try await lines(of: opener.open("http://h.example/"))
        var lines: [String] = []
        for try await line in try await opener.open("http://h.example/").body.lines(limit: 8) {
            lines.append(text(line))
        }
        #expect(lines == ["one\n", "two\n", "three"])

        let directory = try TemporaryDirectory()
        #expect(try await save(opener.open("http://h.example/"), at: directory.file("page")) == 13)
        let tooLong = await openError {
            try await opener.open("http://h.example/").body.write(to: directory.file("other"), upTo: 12)
        }
        #expect(tooLong?.code == .limitExceeded && tooLong?.operation == .save)
    }

    private func limited(_ response: URLOpener.Response) async throws -> [UInt8] {
        do {
            let page = try await response.body.collect(upTo: 1_000_000)
            print(page.count)
        } catch {
            guard error.code == .limitExceeded else { throw error }
            let start = try await response.body.read(1000)  // what is there is there
            print("a long page, which begins with", String(decoding: start, as: UTF8.self))
        }
        return try await response.body.read(2_000_000)
    }

    @Test("What is too long to be collected can be read in another way, and the Content-Length is believed at once")
    func limits() async throws {
        let long = [UInt8](repeating: 0x78, count: 1_000_001)
        for fields in [[], [("Content-Length", "1000001")]] {
            let mock = MockTransport { _ in .init(status: 200, fields: fields, body: long) }
            let response = try await URLOpener(transport: mock).open("http://h.example/")
            #expect(try await limited(response).count == 999_001)
        }
        // One byte is less than the limit; what the server says is not.
        let liar = MockTransport { _ in .init(status: 200, fields: [("Content-Length", "5000000")], body: [1]) }
        let response = try await URLOpener(transport: liar).open("http://h.example/")
        #expect(await openError { _ = try await response.body.collect(upTo: 1_000_000) }?.code == .limitExceeded)
        #expect(try await response.body.read(9) == [1])
    }

    @Test("A body that broke off gives what came, and then an error")
    func brokenOff() async throws {
        let half: @Sendable (String) -> String = { _ in
            "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n" + "zz\r\n"
        }
        try await withSite(answering: half) { site, _ in
            let opener = URLOpener()
            let response = try await opener.open(site)
            #expect(await openError { _ = try await response.body.read(300) }?.code == .badChunk)
            #expect(text(try await response.body.read(3)) == "abc")
            #expect(await openError { _ = try await response.body.read(1) }?.code == .badChunk)
        }
    }

    // MARK: - Errors

    private func item(_ opener: URLOpener) async throws(OpenError) -> [UInt8] {
        do {
            let response = try await opener.open("http://api.example/items/7")
            return try await response.body.collect(upTo: 1_000_000)
        } catch {
            guard error.status == 404 else { throw error }
            print(error)  // open http://api.example/items/7: 404 Not Found (httpStatus)
            return try await error.response?.body.collect(upTo: 10_000) ?? []
        }
    }

    @Test("The body of a 404 is read, and its error is that line")
    func notFound() async throws {
        let missing = MockTransport { request in
            request.url.hasSuffix("7")
                ? .init(head: .init(status: 404, reason: "Not Found"), body: Array("no such item".utf8))
                : .init(status: 200)
        }
        let opener = URLOpener(transport: missing)
        #expect(text(try await item(opener)) == "no such item")
        let error = await openError { _ = try await opener.open("http://api.example/items/7") }
        #expect(error?.description == "open http://api.example/items/7: 404 Not Found (httpStatus)")
        #expect(error?.operation == .open && error?.code == .httpStatus)
        let blocking = #expect(throws: OpenError.self) { try opener.openBlocking("http://api.example/items/7") }
        #expect(blocking?.response == nil && blocking?.blockingResponse?.status == 404)
        let other = URLOpener(transport: MockTransport { _ in .init(status: 500) })
        #expect(await openError { _ = try await item(other) }?.status == 500)
    }

    // MARK: - Time

    private func hurried(_ url: String) async throws -> URLOpener.Response {
        var configuration = URLOpener.Configuration()
        configuration.timeouts.idle = .seconds(60)
        configuration.timeouts.total = .seconds(600)
        let opener = URLOpener(configuration: configuration)
        let response = try await opener.open(url, timeout: .seconds(10), deadline: .after(.seconds(30)))
        return response
    }

    @Test("A timeout for each step, and an end to all of it")
    func time() async throws {
        try await withSite { _ in
            okay("page")
        } _: { site, _ in
            let response = try await hurried(site)
            #expect(text(try await response.body.collect(upTo: 9)) == "page")
            let passed = await openError { _ = try await URLOpener().open(site, deadline: .after(.zero)) }
            #expect(passed?.code == .deadlineExceeded)
            let negative = await openError { _ = try await URLOpener().open(site, timeout: .seconds(-1)) }
            #expect(negative?.code == .badRequest)
        }
        // A listener that accepts and says nothing.
        let silent = try Socket.listen(on: .tcp("127.0.0.1", 0))
        let url = "http://127.0.0.1:\(try silent.localAddress.port ?? 0)/"
        let error = await errorOnceConnected { _ = try await URLOpener().open(url, timeout: $0) }
        #expect(error?.code == .timedOut && error?.operation == .open)
        let rest = await errorOnceConnected { _ = try await URLOpener().open(url, deadline: .after($0)) }
        #expect(rest?.code == .deadlineExceeded && rest?.operation == .open)
    }

    /// The error of an open that ends by a limit after it has connected: a longer one, where that took longer than the first.
    private func errorOnceConnected(_ open: (Duration) async throws -> Void) async -> OpenError? {
        for limit in [Duration.milliseconds(50), .seconds(1), .seconds(10)] {
            let error = await openError { try await open(limit) }
            if error?.operation != .connect { return error }
        }
        return nil
    }

    @Test("A cancelled open throws cancelled, and a task that was cancelled before opens nothing")
    func cancelled() async throws {
        let silent = try Socket.listen(on: .tcp("127.0.0.1", 0))
        let url = "http://127.0.0.1:\(try silent.localAddress.port ?? 0)/"
        let opening = Task { try await URLOpener().open(url) }
        opening.cancel()
        #expect(await openError { _ = try await opening.value }?.code == .cancelled)
    }
}
