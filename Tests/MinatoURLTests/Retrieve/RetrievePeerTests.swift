import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// Retrieves that go on, from servers that nobody here wrote.
@Suite(.watchdog) struct RetrievePeerTests {
    private static let content = pattern(1_000_000)

    /// A first call through a relay that cuts it, and one that goes on.
    private func retrieveTwice(_ face: Face, from port: Int, _ path: String, into directory: TemporaryDirectory)
        async throws -> URLOpener.Retrieved
    {
        let relay = try CutRelay(to: port, cut: 400_000)
        let (url, file) = (relay.server.url(path), directory.file("file"))
        let error = await #expect(throws: OpenError.self) {
            try await face.retrieve(URLOpener(), url, to: file, resume: true)
        }
        #expect(error?.code == .truncated)
        #expect(try directory.names == ["file.part", "file.part.meta"])
        let result = try await face.retrieve(URLOpener(), url, to: file, resume: true)
        #expect(try directory.names == ["file"])
        #expect(isSame(try directory.content("file") ?? [], Self.content))
        return result
    }

    @Test(arguments: Face.allCases)
    func nginxGivesTheRest(_ face: Face) async throws {
        let site = try NginxSite(page: Self.content)
        let directory = try TemporaryDirectory()
        let result = try await retrieveTwice(face, from: site.port, "/page.txt", into: directory)
        #expect(result.head.status == 206 && 390_000..<400_000 ~= result.resumedAt)
        let log = try await Background { try site.log(2) }.value
        #expect(log == ["- 200", "- 206"])
    }

    /// All of it is there already; and then it has changed.
    @Test(arguments: Face.allCases)
    func nginxHasNothingMoreOrAnotherFile(_ face: Face) async throws {
        let site = try NginxSite(page: Self.content)
        let tag = try await face.open(URLOpener(), site.url).head.field("ETag")
        let directory = try TemporaryDirectory()
        try directory.leave(Self.content, of: site.url, .tag(try #require(tag)), total: Self.content.count)
        let path = directory.file("file")
        let whole = try await face.retrieve(URLOpener(), site.url, to: path, resume: true)
        #expect(whole.head.status == 416 && whole.resumedAt == Self.content.count && whole.receivedCount == 0)
        #expect(isSame(try directory.content("file") ?? [], Self.content))
        #expect(try directory.names == ["file"])

        let changed = Array(Self.content.reversed() + [1])
        for part in [Self.content, Array(Self.content.prefix(1000))] {
            try directory.leave(part, of: site.url, .tag(try #require(tag)), total: Self.content.count)
            _ = try site.directory.write("page.txt", changed)
            let result = try await face.retrieve(URLOpener(), site.url, to: path, resume: true)
            #expect(result.head.status == 200 && result.resumedAt == 0)
            #expect(isSame(try directory.content("file") ?? [], changed))
            #expect(try directory.names == ["file"])
        }
    }

    @Test(arguments: Face.allCases)
    func nginxOverHTTP2(_ face: Face) async throws {
        let server = try HTTP2Server.nginx()
        let opener = server.opener()
        let tag = try await face.open(opener, server.url("large")).head.field("ETag")
        let directory = try TemporaryDirectory()
        try directory.leave([UInt8](repeating: 7, count: 1 << 20), of: server.url("large"), .tag(try #require(tag)))
        let result = try await face.retrieve(
            opener, server.url("large"), to: directory.file("file"), resume: true)
        #expect(result.head.httpVersion == "2" && result.head.status == 206)
        #expect(result.resumedAt == 1 << 20 && result.byteCount == 4 << 20)
        #expect(isSame(try directory.content("file") ?? [], [UInt8](repeating: 7, count: 4 << 20)))
    }

    /// It has dates and no entity tags, and knows no ranges.
    @Test(arguments: Face.allCases)
    func pythonBeginsAnew(_ face: Face) async throws {
        let site = try TemporaryDirectory()
        let page = try site.write("page.txt", Self.content)
        // Changed long before it is asked for.
        var times = utimbuf(actime: 1_000_000_000, modtime: 1_000_000_000)
        #expect(unsafe utime(page, &times) == 0)
        let server = try PythonServer(
            """
            import functools, http.server
            handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
            server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
            print(server.server_port)
            server.serve_forever()
            """, site.path)
        let directory = try TemporaryDirectory()
        let result = try await retrieveTwice(face, from: server.port, "/page.txt", into: directory)
        #expect(result.head.status == 200 && result.resumedAt == 0 && result.receivedCount == 1_000_000)
    }
}
