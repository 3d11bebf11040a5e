import HTTPTypes
import TestSupport
import Testing

@testable import MinatoURL

/// Which statuses are errors, and that an error is a response, too.
@Suite(.watchdog) struct StatusTests {
    /// Answers `/status` with that status, a body where it may have one, and the fields of a reason.
    private func server() throws -> RawServer {
        try RawServer { connection in
            connection.answerAll { request in
                let status = Int(request.dropFirst(5).prefix(3)) ?? 0
                let body = [204, 304].contains(status) ? "" : "body of \(status)"
                let length = status == 204 ? "" : "Content-Length: \(body.utf8.count)\r\n"
                return "HTTP/1.1 \(status) Reason\r\n\(length)X-Status: \(status)\r\n\r\n\(body)"
            }
        }
    }

    @Test(arguments: Face.allCases)
    func errorsCarryAReadableResponse(_ face: Face) async throws {
        let server = try server()
        let opener = URLOpener()
        let statuses = [300, 304, 305, 306, 399, 400, 401, 403, 404, 407, 410, 417, 418, 429, 499, 500, 503, 599]
        for status in statuses {
            let error = await #expect(throws: OpenError.self) { try await face.open(opener, server.url("/\(status)")) }
            #expect(error?.description == "open \(server.url("/\(status)")): \(status) Reason (httpStatus)")
            let response = try #require(AnyResponse(error))
            #expect(error?.status == status && response.status == status && response.head.reason == "Reason")
            #expect(response.url == server.url("/\(status)") && response.head.field("x-status") == "\(status)")
            let body = try await response.body.collect(upTo: 100)
            #expect(String(decoding: body, as: UTF8.self) == (status == 304 ? "" : "body of \(status)"))
            #expect(try await response.body.read(1) == [])
        }
        // Each was read to its end, so that the connection served the next one.
        #expect(server.peers.count == 1 && server.requests.count == statuses.count)
    }

    @Test(arguments: Face.allCases)
    func successIsNoError(_ face: Face) async throws {
        let server = try server()
        let opener = URLOpener()
        for status in [200, 201, 202, 203, 204, 206, 207, 226, 299] {
            let response = try await face.open(opener, server.url("/\(status)"))
            #expect(response.status == status)
            let body = try await response.body.collect(upTo: 100)
            #expect(String(decoding: body, as: UTF8.self) == (status == 204 ? "" : "body of \(status)"))
        }
        #expect(server.peers.count == 1)
    }

    /// An error that nobody reads costs its connection, and nothing else.
    @Test(arguments: Face.allCases)
    func droppedErrorsAreFine(_ face: Face) async throws {
        let ended = Gate()
        let server = try RawServer.answering(
            "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nabc", thenAtTheEnd: ended)
        let opener = URLOpener()
        for _ in 0..<3 { await #expect(throws: OpenError.self) { try await face.open(opener, server.url()) } }
        #expect(await ended.opened(3))
    }

    /// 100, 102, 103 and any other of their kind: skipped, and there to be looked at.
    @Test(arguments: Face.allCases, [200, 404])
    func informationalIsSkipped(_ face: Face, _ status: Int) async throws {
        let server = try RawServer { connection in
            connection.answerAll { _ in
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
                    + "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\n\r\nHTTP/1.1 199 Own\r\nA: 1\r\n\r\n"
                    + "HTTP/1.1 \(status) End\r\nContent-Length: 3\r\nB: 2\r\n\r\nabc"
            }
        }
        let opener = URLOpener()
        for _ in 0..<2 {
            let response: AnyResponse
            do throws(OpenError) {
                response = try await face.open(opener, server.url())
            } catch {
                response = try #require(AnyResponse(error))
            }
            #expect(response.status == status && response.head.informational.map(\.status) == [100, 102, 103, 199])
            #expect(
                response.head.informational.map(\.reason) == ["Continue", "Processing", "Early Hints", "Own"])
            let fields = response.head.informational.map { $0.fields.map(\.description) }
            #expect(fields == [[], [], ["Link: </a>", "Link: </b>"], ["A: 1"]])
            #expect(response.head.field("A") == nil && response.head.field("B") == "2")
            #expect(try await response.body.collect(upTo: 3) == Array("abc".utf8))
        }
        #expect(server.peers.count == 1)
    }

    /// Nobody asked for another protocol: what comes after it belongs to no response, and the connection is closed.
    @Test(arguments: Face.allCases)
    func switchingProtocolsIsAnError(_ face: Face) async throws {
        let ended = Gate()
        let server = try RawServer.answering(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + okay("raw"),
            thenAtTheEnd: ended)
        let opener = URLOpener()
        for _ in 0..<2 {
            let error = await #expect(throws: OpenError.self) { try await face.open(opener, server.url()) }
            #expect(error?.code == .unexpectedUpgrade && error?.operation == .open && AnyResponse(error) == nil)
        }
        #expect(await ended.opened(2))
        #expect(server.peers.count == 2)
    }
}
