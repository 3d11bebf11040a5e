import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// What servers send that is wrong, and a few things that only look so: each its own error, and a connection that serves
/// nobody else. As a whole, and split in two at every place of the first 2 KiB.
@Suite(.watchdog) struct HostileServerTests {
    enum Outcome: Equatable, Sendable {
        /// The open fails.
        case head(OpenError.Code)
        /// The body has so many bytes, and then an error.
        case body(OpenError.Code, after: Int)
        /// All is well.
        case okay(String)
    }

    /// Who ends the connection: the server after it has sent all, or, with a reset, or the client by itself.
    enum Ending: Sendable { case server, reset, client }

    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        let ending: Ending
        let outcome: Outcome
        var testDescription: String { name }

        init(_ name: String, _ text: String, _ outcome: Outcome, ending: Ending = .client) {
            self.name = name
            bytes = Array(text.utf8)
            self.ending = ending
            self.outcome = outcome
        }
    }

    private static func response(_ fields: String, _ body: String = "") -> String {
        "HTTP/1.1 200 OK\r\n\(fields)\r\n\(body)"
    }

    static let rows = [
        // How long the body is.
        Row("no end", response("Content-Length: 9\r\n", "abc"), .body(.truncated, after: 3), ending: .server),
        Row("two lengths", response("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"), .head(.ambiguousLength)),
        Row("two lengths in one", response("Content-Length: 3, 4\r\n", "abcd"), .head(.ambiguousLength)),
        Row("the same length twice", response("Content-Length: 3, 3\r\n", "abc"), .okay("abc")),
        Row("a signed length", response("Content-Length: +3\r\n", "abc"), .head(.badHeader)),
        Row("a negative length", response("Content-Length: -3\r\n", "abc"), .head(.badHeader)),
        Row("20 digits", response("Content-Length: 99999999999999999999\r\n", "abc"), .head(.badHeader)),
        Row(
            "19 digits", response("Content-Length: 9223372036854775807\r\n", "abc"), .body(.truncated, after: 3),
            ending: .server),
        Row("a hexadecimal length", response("Content-Length: 0x3\r\n", "abc"), .head(.badHeader)),
        Row("an empty length", response("Content-Length:\r\n", "abc"), .head(.badHeader)),
        Row(
            "length and chunks",
            response("Content-Length: 9\r\nTransfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"),
            .okay("abc")),
        // Chunks.
        Row(
            "no last chunk", response("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n"), .body(.truncated, after: 3),
            ending: .server),
        Row(
            "half a chunk", response("Transfer-Encoding: chunked\r\n", "5\r\nabc"), .body(.truncated, after: 3),
            ending: .server),
        Row("no size", response("Transfer-Encoding: chunked\r\n", "zz\r\nabc\r\n"), .body(.badChunk, after: 0)),
        Row("a negative size", response("Transfer-Encoding: chunked\r\n", "-1\r\nabc\r\n"), .body(.badChunk, after: 0)),
        Row(
            "a huge size", response("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nabc\r\n"),
            .body(.badChunk, after: 0)),
        Row(
            "no line end after a chunk", response("Transfer-Encoding: chunked\r\n", "3\r\nabcde\r\n"),
            .body(.badChunk, after: 3)),
        Row(
            "a chunk extension", response("Transfer-Encoding: chunked\r\n", "3;x=\"y\"\r\nabc\r\n0\r\n\r\n"),
            .okay("abc")),
        // Lines of the head.
        Row("a NUL", response("A: b\0c\r\n"), .head(.badHeader)),
        Row("no colon", response("no colon\r\n"), .head(.badHeader)),
        Row("a bare CR", response("A: b\rc\r\n"), .head(.badHeader)),
        Row("a space before the colon", response("A : b\r\n"), .head(.badHeader)),
        Row("no name", response(": b\r\n"), .head(.badHeader)),
        Row("a fold first", response(" folded\r\nContent-Length: 0\r\n"), .head(.badHeader)),
        Row("a control", response("A: \u{1}\r\n"), .head(.badHeader)),
        Row("bare LF", "HTTP/1.1 200 OK\nContent-Length: 3\n\nabc", .okay("abc")),
        Row("a fold", response("A: b\r\n c\r\nContent-Length: 3\r\n", "abc"), .okay("abc")),
        Row("101 lines", response(String(repeating: "A: 1\r\n", count: 101)), .head(.headersTooLarge)),
        // Status lines.
        Row("HTTP/0.9", "just text", .head(.badStatusLine)),
        Row("HTTP/9.9", "HTTP/9.9 200 OK\r\n\r\n", .head(.badStatusLine)),
        Row("four digits", "HTTP/1.1 2000 OK\r\n\r\n", .head(.badStatusLine)),
        Row("two digits", "HTTP/1.1 20 OK\r\n\r\n", .head(.badStatusLine)),
        Row("999", "HTTP/1.1 999 OK\r\n\r\n", .head(.badStatusLine)),
        Row("600", "HTTP/1.1 600 OK\r\n\r\n", .head(.badStatusLine)),
        Row("SSH", "SSH-2.0-OpenSSH_9.2\r\n", .head(.badStatusLine)),
        // Informational responses.
        Row("101", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nraw", .head(.unexpectedUpgrade)),
        Row(
            "11 informational",
            String(repeating: "HTTP/1.1 103 Early\r\n\r\n", count: 11) + response("Content-Length: 0\r\n"),
            .head(.headersTooLarge)),
        Row(
            "10 informational",
            String(repeating: "HTTP/1.1 102 Wait\r\n\r\n", count: 10) + response("Content-Length: 3\r\n", "abc"),
            .okay("abc")),
        // The end of the connection.
        Row("nothing", "", .head(.emptyReply), ending: .server),
        Row("half a head", "HTTP/1.1 200 OK\r\nA: b", .head(.truncated), ending: .server),
        Row("a reset", "", .head(.connectionReset), ending: .reset),
    ]

    private static func server() throws -> RawServer {
        try RawServer { connection in
            while let request = connection.readRequest() {
                // `GET /row/cut`.
                let path = request.dropFirst(5).prefix { $0 != " " }.split(separator: "/").compactMap { Int($0) }
                guard path.count == 2 else { return }
                let (row, cut) = (rows[path[0]], path[1])
                if cut > 0 {
                    connection.send(row.bytes[..<cut])
                    // So that the client sees the pieces one by one, as a rule; it must not matter.
                    connection.pause()
                }
                connection.send(row.bytes[cut...])
                if case .okay = row.outcome { continue }
                switch row.ending {
                case .server: return
                case .reset: return connection.reset()
                case .client:
                    // Nothing may come: it would be another request on this connection.
                    guard connection.readByte() != nil else { return }
                    connection.send("HTTP/1.1 599 Used again\r\nContent-Length: 0\r\n\r\n")
                }
            }
        }
    }

    /// Opens it, reads all, and says what came of it.
    private static func outcome(
        _ face: Face, _ opener: URLOpener, _ url: String
    ) async -> Outcome {
        let body: AnyBody
        do {
            body = try await face.open(opener, url, timeout: .seconds(40)).body
        } catch {
            return .head(error.code)
        }
        var count = 0
        do {
            var text = ""
            while case let bytes = try await body.read(atMost: 100), !bytes.isEmpty {
                count += bytes.count
                text += String(decoding: bytes, as: UTF8.self)
            }
            return .okay(text)
        } catch {
            return .body(error.code, after: count)
        }
    }

    @Test(arguments: Face.allCases, rows.indices)
    func asAWhole(_ face: Face, _ row: Int) async throws {
        let server = try Self.server()
        let opener = URLOpener()
        // The second time what the first one left behind would be used, if it were.
        for _ in 0..<2 {
            #expect(
                await Self.outcome(face, opener, server.url("/\(row)/0")) == Self.rows[row].outcome, "\(Self.rows[row])"
            )
        }
        let isUsedAgain =
            if case .okay = Self.rows[row].outcome { Self.rows[row].name != "length and chunks" } else { false }
        #expect(server.peers.count == (isUsedAgain ? 1 : 2))
    }

    /// The tasks come in groups, so that many are under way at once on one loop.
    @Test(arguments: Face.allCases, rows.indices)
    func inTwoPieces(_ face: Face, _ row: Int) async throws {
        let server = try Self.server()
        let expected = Self.rows[row].outcome
        let cuts = Array(1..<max(2, min(2048, Self.rows[row].bytes.count)))
        guard cuts.count > 1 else { return }
        let opener = URLOpener()
        for start in stride(from: 0, to: cuts.count, by: 16) {
            await withTaskGroup(of: (Int, Outcome).self) { group in
                for cut in cuts[start..<min(start + 16, cuts.count)] {
                    group.addTask { (cut, await Self.outcome(face, opener, server.url("/\(row)/\(cut)"))) }
                }
                for await (cut, outcome) in group {
                    #expect(outcome == expected, "\(Self.rows[row].name) cut at \(cut)")
                }
            }
        }
    }

    /// A head that does not end, in lines and in informational responses, and a line that does not.
    @Test(arguments: Face.allCases, ["A: 1\r\n", "HTTP/1.1 103 Early\r\n\r\n", "x"])
    func endless(_ face: Face, _ piece: String) async throws {
        let closed = Gate()
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send(piece.hasPrefix("HTTP") ? "" : "HTTP/1.1 200 OK\r\nB: ")
            let pieces = Array(String(repeating: piece, count: 4096 / piece.utf8.count).utf8)
            while connection.send(pieces) {}
            closed.open()
        }
        let error = await #expect(throws: OpenError.self) { try await face.open(URLOpener(), server.url()) }
        #expect(error?.code == .headersTooLarge, "\(error as Any)")
        #expect(await closed.opened())
    }

    /// A reset in the body: what came before can be read.
    @Test(arguments: Face.allCases)
    func aResetInTheBody(_ face: Face) async throws {
        let isRead = Gate()
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
            isRead.wait()
            connection.reset()
        }
        let body = try await face.open(URLOpener(), server.url()).body
        #expect(try await body.read(3) == Array("abc".utf8))
        isRead.open()
        let error = await #expect(throws: OpenError.self) { try await body.read(1) }
        #expect(error?.code == .connectionReset && error?.operation == .read, "\(error as Any)")
    }
}
