import Minato
import Synchronization
import TestSupport
import Testing

/// The code of the article "Testing with a mock", and what it says. All of it is run.
@Suite("Testing with a mock: the article", .watchdog)
struct MockSnippets {
    @Test("A closure answers, and the requests are kept")
    func overview() async throws {
        let mock = MockTransport { request in
            switch request.url {
            case "https://api.example/items": .init(status: 200, body: Array("[1, 2]".utf8))
            case "https://api.example/old": .init(status: 301, fields: [("Location", "/items")])
            default: .init(status: 404)
            }
        }
        let opener = URLOpener(transport: mock)
        let response = try await opener.open("https://api.example/old")
        let items = try await response.body.collect(upTo: 1_000_000)
        #expect(text(items) == "[1, 2]" && response.remoteAddress == nil && !response.head.connection.isReused)
        let sent = mock.requests
        #expect(sent.map(\.url) == ["https://api.example/old", "https://api.example/items"])
        #expect(sent[0].field("User-Agent")?.hasPrefix("minato/") == true)
        #expect(try opener.openBlocking("https://api.example/old").body.collect(upTo: 9) == items)
        #expect(try await Catalogue(opener: opener).items() == items)
    }

    struct Catalogue {
        let opener: URLOpener

        func items() async throws(OpenError) -> [UInt8] {
            try await opener.open("https://api.example/items").body.collect(upTo: 1_000_000)
        }
    }

    @Test("What is not exercised")
    func notExercised() async throws {
        let fields = [("Content-Encoding", "gzip"), ("Content-Length", "10")]
        let mock = MockTransport { _ in .init(status: 200, fields: fields, body: Array("abc".utf8)) }
        let opener = URLOpener(transport: mock)
        let response = try await opener.open("http://h.example/", timeout: .zero, deadline: .after(.zero))
        #expect(text(try await response.body.collect(upTo: 10)) == "abc" && !response.head.isDecoded)
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await opener.open("http://h.example/").status
        }
        task.cancel()
        #expect(try await task.value == 200)
        _ = try await opener.open(URLOpener.Request("http://h.example/", body: .file("/nowhere")))
        #expect(mock.requests.last?.body?.bytes == nil)
    }

    @Test("Answers by turns")
    func turns() async throws {
        let count = Mutex(0)
        let mock = MockTransport { _ in
            let turn = count.withLock { count in
                count += 1
                return count
            }
            return turn < 3 ? .init(status: 503) : .init(status: 200)
        }
        var configuration = URLOpener.Configuration()
        configuration.retries = .init(attempts: 3)
        configuration.retries.firstPause = .milliseconds(1)
        let opener = URLOpener(transport: mock, configuration: configuration)
        #expect(try await opener.open("http://h.example/").status == 200 && mock.requests.count == 3)
    }

    @Test("Failures, on the way and in the body")
    func failures() async throws {
        let down = MockTransport { (request) throws(OpenError) in
            throw OpenError(.connectionRefused, url: request.url, detail: "nobody listens")
        }
        let refused = await openError { _ = try await URLOpener(transport: down).open("http://h.example/") }
        #expect(refused?.code == .connectionRefused && refused?.operation == .handle)

        let slow = MockTransport { (request) throws(OpenError) in
            throw OpenError(.timedOut, operation: .connect, url: request.url, detail: "nobody answers")
        }
        var configuration = URLOpener.Configuration()
        configuration.retries = .init(attempts: 2)
        configuration.retries.firstPause = .milliseconds(1)
        let patient = URLOpener(transport: slow, configuration: configuration)
        #expect(await openError { _ = try await patient.open("http://h.example/") }?.code == .timedOut)
        #expect(slow.requests.count == 2)

        let broken = MockTransport { request in
            .init(
                head: .init(status: 200), body: Array("half".utf8),
                failure: OpenError(.truncated, url: request.url, detail: "the connection broke"))
        }
        let response = try await URLOpener(transport: broken).open("http://h.example/")
        #expect(await openError { _ = try await response.body.collect(upTo: 9) }?.code == .truncated)
        #expect(text(try await response.body.read(4)) == "half")
    }

    private typealias APIKeyHandler = HandlersSnippets.APIKeyHandler

    @Test("A call tests a handler")
    func handler() throws {
        let exchange = URLOpener.Exchange(try URLOpener.Request("https://api.example/items"))
        var request = exchange.request
        try APIKeyHandler(key: "k").prepare(&request, in: exchange)
        #expect(request.field("X-Api-Key") == "k")
    }

    @Test("A server that does wrong on purpose")
    func server() async throws {
        let server = try TCPServer(on: .tcp("127.0.0.1", 0))
        let serving = Task {
            try await server.serve { connection in
                _ = try await connection.read(until: Array("\r\n\r\n".utf8))
                try await connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
            }  // and then the connection is closed
        }
        let opener = URLOpener(ProxyHandler(.none))
        let response = try await opener.open("http://127.0.0.1:\(server.address.port ?? 0)/")
        let error = await #expect(throws: OpenError.self) { try await response.body.collect(upTo: 100) }
        #expect(error?.code == .truncated)
        server.shutdown()
        try await serving.value
    }

    private func routed(_ port: Int) -> URLOpener {
        var configuration = URLOpener.Configuration()
        configuration.network.route("api.example", 80, to: .tcp("127.0.0.1", port))
        let opener = URLOpener(ProxyHandler(.none), configuration: configuration)
        return opener
    }

    @Test("A program with its URLs built in is led to the server of the test")
    func route() async throws {
        try await withSite { _ in
            okay("page")
        } _: { site, _ in
            let port = try #require(Int(site.split(separator: ":")[2]))
            #expect(try await routed(port).open("http://api.example/").url == "http://api.example/")
        }
    }
}
