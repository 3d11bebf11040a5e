import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

@Suite(.watchdog) struct FTPTests {
    private static let opener = URLOpener(FTPHandler())
    /// Longer than a test may take: libcurl waits that long for a reply, unless it is told not to.
    private static let patience = Duration.seconds(3600)

    /// Against pyftpdlib: files, a directory, users, and what is refused.
    @Test(.enabled(if: PythonPackages.areInstalled, "pyftpdlib is not installed"), arguments: Face.allCases)
    func aServerOfOthers(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let content = pattern(3_000_000)
        _ = try directory.write("big.bin", content)
        _ = try directory.write("a b.txt", Array("port".utf8))
        _ = try directory.write("empty.html", [])
        let site = try FTPSite(directory)

        let big = try await face.open(Self.opener, site.url("/big.bin"))
        #expect(big.status == 200 && big.head.field("Content-Length") == "3000000" && big.url == site.url("/big.bin"))
        #expect(big.head.field("Content-Type") == MediaType.unknown && big.head.field("Last-Modified") != nil)
        #expect(try await big.body.read(1) == [content[0]])
        #expect(try await big.body.read(2_000_000) == Array(content[1...2_000_000]))
        #expect(try await big.body.collect(upTo: 3_000_000) == Array(content[2_000_001...]))
        let taken = BodyInPlaceTests.Taken()
        try await face.open(Self.opener, site.url("/big.bin")).body.forEachPiece { taken.append($0) }
        #expect(isSame(taken.bytes, content))

        let small = try await face.open(Self.opener, site.url("/a%20b.txt", user: "klem:kad%3Aidd%40@"))
        #expect(small.url == site.url("/a%20b.txt"))
        #expect(try await small.body.collect(upTo: 10) == Array("port".utf8))
        let empty = try await face.open(Self.opener, site.url("/empty.html"))
        #expect(empty.head.field("Content-Type") == "text/html")
        #expect(try await empty.body.collect(upTo: 10) == [])
        let list = try await face.open(Self.opener, site.url("/"))
        #expect(list.head.field("Content-Type") == "text/plain")
        #expect(String(decoding: try await list.body.collect(upTo: 10_000), as: UTF8.self).contains("a b.txt"))
        let head = try await face.open(Self.opener, URLOpener.Request(site.url("/big.bin"), method: "HEAD"))
        #expect(head.head.field("Content-Length") == "3000000")
        #expect(try await head.body.collect(upTo: 10) == [])

        for (url, code) in [
            (site.url("/none"), OpenError.Code.fileUnavailable), (site.url("/none/x"), .fileUnavailable),
            (site.url("/a", user: "klem:canary@"), .loginDenied),
        ] {
            let error = await #expect(throws: OpenError.self) { try await face.open(Self.opener, url) }
            #expect(error?.code == code && error?.response == nil)
            #expect(error?.description.contains("canary") == false, "\(error as Any)")
        }
        let post = try URLOpener.Request(site.url("/a"), body: [1])
        #expect(await #expect(throws: OpenError.self) { try await face.open(Self.opener, post) }?.code == .badRequest)
        let plain = await #expect(throws: OpenError.self) { try await face.open(URLOpener(), site.url("/a")) }
        #expect(plain?.code == .unsupportedScheme)
    }

    /// Fault, the error or nil for none, and when it comes up: in the open, or in the read of the body.
    @Test(
        arguments: [
            ("none", nil, .read), ("other host", nil, .read),
            ("greeting", .timedOut, .connect), ("USER", .timedOut, .connect), ("PASV", .timedOut, .connect),
            ("RETR", .timedOut, .connect), ("226", .timedOut, .read), ("short", .truncated, .read),
            ("flood", .headersTooLarge, .connect), ("junk", .ftpFailed, .connect),
        ] as [(String, OpenError.Code?, OpenError.Operation)])
    func faultyServers(_ fault: String, _ code: OpenError.Code?, _ operation: OpenError.Operation) async throws {
        let server = try FaultyFTPServer(fault)
        // libcurl rounds up to seconds.
        let timeout: Duration? = code == .timedOut ? .milliseconds(100) : nil
        for face in Face.allCases {
            do {
                let response = try await face.open(Self.opener, server.url, timeout: timeout)
                #expect(try await response.body.collect(upTo: 2000).count == 1000)
                #expect(code == nil)
            } catch {
                #expect(error.code == code && error.operation == operation, "\(fault), \(face): \(error)")
            }
        }
    }

    /// Whatever the thread of the transfer waits for inside libcurl, the reader does not wait, and the connection ends at once.
    @Test(arguments: ["greeting", "PASV", "RETR", "226"])
    func cancelling(_ fault: String) async throws {
        let server = try FaultyFTPServer(fault)
        let task = Task { try await Self.opener.open(server.url, timeout: Self.patience).body.collect(upTo: 2000) }
        #expect(try await server.line() == "stuck")
        task.cancel()
        let error = await #expect(throws: OpenError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        #expect(try await server.line() == "gone")
    }

    /// The same for a response that is dropped or closed before its end.
    @Test(arguments: [false, true])
    func lettingGo(_ closes: Bool) async throws {
        let server = try FaultyFTPServer("226")
        var response: URLOpener.Response? = try await Self.opener.open(server.url, timeout: Self.patience)
        #expect(try await response?.body.read(10).count == 10)
        #expect(try await server.line() == "stuck")
        if closes { response?.close() } else { response = nil }
        #expect(try await server.line() == "gone")
    }

    /// A body that a handler does not want is read to its end, so that the connection can be used again, but not for long.
    @Test func whatIsNotWanted() async throws {
        let server = try FaultyFTPServer("half")
        let other = try FaultyFTPServer("none")
        struct Elsewhere: OpenerHandler {
            let url: String
            func examine(
                _ head: URLOpener.ResponseHead, in exchange: URLOpener.Exchange
            ) throws(OpenError) -> URLOpener.Verdict {
                exchange.hops.isEmpty ? .retry(try URLOpener.Request(url), because: .other) : .accept
            }
        }
        let opener = URLOpener(FTPHandler(), Elsewhere(url: other.url))
        let response = try await opener.open(server.url, timeout: Self.patience)
        #expect(response.url == other.url)
        #expect(try await response.body.collect(upTo: 2000).count == 1000)
        #expect(try await server.line() == "stuck")
        #expect(try await server.line() == "gone")
    }

    /// Goodbyes are not waited for.
    @Test(arguments: Face.allCases)
    func afterTheFile(_ face: Face) async throws {
        let server = try FaultyFTPServer("QUIT")
        for _ in 1...2 {
            let response = try await face.open(Self.opener, server.url, timeout: Self.patience)
            #expect(try await response.body.collect(upTo: 2000).count == 1000)
        }
    }
}
