import HTTPTypes
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// HTTP/2 over TLS, against nginx and nghttpd.
@Suite(.watchdog) struct HTTP2Tests {
    @Test func tasksShareAConnection() async throws {
        let server = try HTTP2Server.nginx()
        let opener = server.opener()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    let response = try await opener.open(server.url("small"), timeout: .seconds(40))
                    #expect(response.httpVersion == "2" && response.reason == "")
                    #expect(try await response.body.collect(upTo: 9) == Array("small".utf8))
                }
            }
            try await group.waitForAll()
        }
        let log = try await server.log(20)
        #expect(log.count == 20 && log.allSatisfy { $0[1] == "HTTP/2.0" && $0[2] == "200" })
        #expect(Set(log.map { $0[0] }).count == 1)
    }

    @Test(arguments: Face.allCases)
    func connectionsAreUsedAgain(_ face: Face) async throws {
        // Says goodbye after three requests each.
        let server = try HTTP2Server.nginx("keepalive_requests 3;")
        let opener = server.opener()
        for _ in 0..<10 {
            let response = try await face.open(opener, server.url("small"))
            #expect(response.head.httpVersion == "2")
            #expect(try await response.body.collect(upTo: 9) == Array("small".utf8))
        }
        #expect(Set(try await server.log(10).map { $0[0] }).count == 4)
    }

    /// The same while others are under way: each request gets its response.
    @Test(arguments: Face.allCases)
    func connectionsEndUnderWay(_ face: Face) async throws {
        let server = try HTTP2Server.nginx("keepalive_requests 7;")
        let opener = server.opener()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<25 {
                        let response = try await face.open(opener, server.url("small"))
                        #expect(try await response.body.collect(upTo: 9) == Array("small".utf8))
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await server.log(100).count == 100)
    }

    @Test(arguments: Face.allCases)
    func sendsBodies(_ face: Face) async throws {
        let server = try HTTP2Server.nghttpd()
        let whole = [[UInt8]](repeating: Array(0..<251), count: 5000).flatMap { $0 }
        let bodies: [URLOpener.Request.Body] = [
            .bytes(Array("short".utf8)), .bytes(whole),
            face == .tasks
                ? .stream(length: nil) { writer in
                    for start in stride(from: 0, to: whole.count, by: 4001) {
                        try await writer.write(Array(whole[start..<min(start + 4001, whole.count)]))
                    }
                }
                : .blockingStream(length: nil) {
                    var left = whole[...]
                    return {
                        defer { left = left.dropFirst(4001) }
                        return Array(left.prefix(4001))
                    }
                },
        ]
        let opener = server.opener()
        for (body, expected) in zip(bodies, [Array("short".utf8), whole, whole]) {
            let response = try await face.open(opener, URLOpener.Request(server.url("x"), body: body))
            #expect(try await response.body.collect(upTo: whole.count) == expected)
        }
    }

    /// Decoded on the way, and without a Content-Length: one with a length libcurl takes for complete before its trailers.
    @Test(arguments: Face.allCases)
    func receivesTrailersOfEncodedBodies(_ face: Face) async throws {
        let server = try HTTP2Server.nginx("gzip on; gzip_types *; add_trailer Checksum 7;")
        // Longer than a test may take: a wait for what has come already would last so long.
        let response = try await face.open(
            server.opener(), URLOpener.Request(server.url("large")), timeout: .seconds(3600))
        #expect(response.head.field("Content-Encoding") == "gzip" && response.head.head.isDecoded)
        #expect(try await response.body.collect(upTo: 8 << 20) == [UInt8](repeating: 7, count: 4 << 20))
        #expect(response.head.trailers.map(\.value) == ["7"])
    }

    /// A stream that nobody reads, and one that is given up, harm no other one of the connection.
    @Test func streamsAreIndependent() async throws {
        let server = try HTTP2Server.nginx()
        let opener = server.opener()
        let unread = try await opener.open(server.url("large"))
        let abandoned = try await opener.open(server.url("large"))
        let cancelled = Task { try await opener.open(server.url("slow")).body.collect(upTo: 8 << 20) }
        for round in 0..<10 {
            if round == 3 { abandoned.close() }
            if round == 6 { cancelled.cancel() }
            let response = try await opener.open(server.url("small"), timeout: .seconds(40))
            #expect(try await response.body.collect(upTo: 9) == Array("small".utf8))
        }
        let error = await #expect(throws: OpenError.self) { try await cancelled.value }
        #expect(error?.code == .cancelled)
        #expect(try await unread.body.collect(upTo: 8 << 20) == [UInt8](repeating: 7, count: 4 << 20))
        #expect(Set(try await server.log(13).map { $0[0] }).count == 1)
    }

    /// The server ends while a stream is under way: an error of the body, and no end that looks like one.
    @Test(arguments: Face.allCases)
    func brokenConnectionsAreErrors(_ face: Face) async throws {
        let server = try HTTP2Server.nginx()
        let response = try await face.open(server.opener(), server.url("slow"))
        #expect(try await response.body.read(1) == [7])
        server.stop()
        let error = await #expect(throws: OpenError.self) { try await response.body.collect(upTo: 8 << 20) }
        #expect([.truncated, .http2Failed, .connectionReset].contains(error?.code), "\(error as Any)")
    }

    /// Cleartext stays at HTTP/1.1: no upgrade is asked for.
    @Test(arguments: Face.allCases)
    func cleartextIsHTTP1(_ face: Face) async throws {
        let server = try RawServer { $0.answerAll { _ in okay("abc") } }
        let response = try await face.open(URLOpener(), server.url())
        #expect(response.head.httpVersion == "1.1" && server.requests.first?.contains("Upgrade") == false)
    }
}
