import TestSupport
import Testing

@testable import MinatoURL

/// Servers that answer before they have the body of the request, over HTTP/1.1.
@Suite(.watchdog)
struct EarlyAnswerTests {
    /// The answer counts, though the connection breaks before the body has gone out: as far as its head says where it ends.
    @Test(arguments: Face.allCases, ["200 OK", "204 Empty", "404 None"])
    func theAnswerCounts(_ face: Face, _ status: String) async throws {
        let isEmpty = status.hasPrefix("204")
        let headHasCome = Gate()
        let server = try RawServer { connection in
            _ = connection.readHead()
            let (field, body) = isEmpty ? ("", "") : ("Content-Length: 5\r\n", "small")
            connection.send("HTTP/1.1 \(status)\r\n\(field)\r\n\(body)")
            // What is not read makes of the end a reset. One that comes while libcurl sends it sees before the answer.
            _ = connection.readByte()
            headHasCome.wait()
        }
        let request = try URLOpener.Request(server.url(), body: [UInt8](repeating: 7, count: 20 << 20))
        let response: AnyResponse
        do throws(OpenError) {
            response = try await face.open(URLOpener(), request)
        } catch {
            response = try #require(AnyResponse(error), "\(error)")
        }
        headHasCome.open()
        #expect(try await response.body.collect(upTo: 9) == Array((isEmpty ? "" : "small").utf8))
    }

    /// An answer that goes on until the connection ends is broken by a reset.
    @Test(arguments: Face.allCases)
    func theAnswerIsBroken(_ face: Face) async throws {
        let server = try RawServer { connection in
            _ = connection.readHead()
            connection.send("HTTP/1.1 200 OK\r\n\r\nsmall")
            _ = connection.readByte()
        }
        let request = try URLOpener.Request(server.url(), body: [UInt8](repeating: 7, count: 20 << 20))
        let error = await #expect(throws: OpenError.self) {
            try await face.open(URLOpener(), request).body.collect(upTo: 9)
        }
        #expect(error?.code == .connectionReset, "\(error as Any)")
    }

    /// A length beside chunks says nothing: without the last chunk the answer is not whole.
    @Test(arguments: Face.allCases)
    func theAnswerHasNoLastChunk(_ face: Face) async throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        }
        let request = try URLOpener.Request(server.url(), body: [7])
        let body = try await face.open(URLOpener(), request).body
        #expect(try await body.read(3) == Array("abc".utf8))
        let error = await #expect(throws: OpenError.self) { try await body.read(1) }
        #expect(error?.code == .truncated && error?.operation == .read, "\(error as Any)")
    }
}
