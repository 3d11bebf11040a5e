import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// Bodies of requests: bytes, files, streams; with a length and in chunks; sent once, sent again, and not sent.
@Suite(.watchdog) struct RequestBodyTests {
    private static let pieces = (0..<40).map { piece in [UInt8](repeating: UInt8(piece), count: 4001) }
    private static let whole = pieces.flatMap { $0 }

    struct Trouble: Error {}

    /// A body of the same bytes, of each kind that a face takes.
    enum Kind: CaseIterable, Sendable { case bytes, file, stream, chunks }

    private func body(
        _ kind: Kind, _ face: Face, in directory: TemporaryDirectory, isRestartable: Bool = false
    ) throws -> URLOpener.Request.Body {
        let length = kind == .chunks ? nil : Self.whole.count
        switch (kind, face) {
        case (.bytes, _): return .bytes(Self.whole)
        case (.file, _): return .file(try directory.write("body", Self.whole))
        case (_, .tasks):
            return .stream(length: length, isRestartable: isRestartable) { writer in
                for piece in Self.pieces { try await writer.write(piece) }
            }
        case (_, .threads):
            return .blockingStream(length: length, isRestartable: isRestartable) {
                var left = Self.pieces[...]
                return { left.popFirst() ?? [] }
            }
        }
    }

    /// Reads a request with its body, whatever its framing, and keeps both.
    private static func receive(_ connection: RawConnection) -> (head: String, body: [UInt8])? {
        var head: [UInt8] = []
        while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            guard let byte = connection.readByte() else { return nil }
            head.append(byte)
        }
        let text = String(decoding: head, as: UTF8.self)
        if text.contains("Expect: 100-continue") { connection.send("HTTP/1.1 100 Continue\r\n\r\n") }
        if let length = text.split(separator: "\r\n").first(where: { $0.hasPrefix("Content-Length: ") }) {
            return (text, connection.read(Int(length.dropFirst(16)) ?? 0))
        }
        var body: [UInt8] = []
        while text.contains("Transfer-Encoding: chunked") {
            var line: [UInt8] = []
            while let byte = connection.readByte(), byte != 10 { line.append(byte) }
            guard let count = Int(String(decoding: line.dropLast(), as: UTF8.self), radix: 16) else { return nil }
            body += connection.read(count)
            _ = connection.read(2)
            if count == 0 { break }
        }
        return (text, body)
    }

    private func server(
        _ seen: Outcome.Kept<String>, _ answer: @escaping @Sendable (Int, [UInt8]) -> String
    ) throws -> RawServer {
        try RawServer { connection in
            while let (head, body) = Self.receive(connection) {
                seen.append(head)
                guard connection.send(answer(connection.index, body)) else { return }
            }
        }
    }

    @Test(arguments: Face.allCases, Kind.allCases)
    func sendsEveryByte(_ face: Face, _ kind: Kind) async throws {
        let directory = try TemporaryDirectory()
        let seen = Outcome.Kept<String>()
        let server = try server(seen) { _, body in okay(body == Self.whole ? "right" : "wrong") }
        let opener = URLOpener()
        for expectsContinue in [false, true] {
            var request = try URLOpener.Request(server.url(), method: "PUT", body: body(kind, face, in: directory))
            request.expectsContinue = expectsContinue
            let response = try await face.open(opener, request)
            #expect(try await response.body.collect(upTo: 9) == Array("right".utf8))
            #expect(response.head.informational.map(\.status) == (expectsContinue ? [100] : []))
        }
        #expect(server.peers.count == 1)
        let framing = kind == .chunks ? "Transfer-Encoding: chunked" : "Content-Length: \(Self.whole.count)"
        let type = kind == .bytes ? "application/x-www-form-urlencoded" : "application/octet-stream"
        for head in seen.values { #expect(head.contains(framing) && head.contains("Content-Type: \(type)\r\n")) }
        #expect(seen.values.map { $0.contains("Expect") } == [false, true])
    }

    /// After a 307 it is sent again, if it can be; of what cannot be sent again, only once.
    @Test(
        arguments: Face.allCases,
        [(Kind.bytes, true), (.file, true), (.stream, true), (.chunks, true), (.stream, false)])
    func isSentAgain(_ face: Face, _ row: (kind: Kind, isRestartable: Bool)) async throws {
        let directory = try TemporaryDirectory()
        let seen = Outcome.Kept<String>()
        let server = try server(seen) { _, body in
            guard body == Self.whole else { return okay("wrong") }
            return seen.values.count == 1
                ? "HTTP/1.1 307 Again\r\nLocation: /x\r\nContent-Length: 2\r\n\r\nno" : okay("right")
        }
        let body = try body(row.kind, face, in: directory, isRestartable: row.isRestartable)
        let request = try URLOpener.Request(server.url(), body: body)
        #expect(request.body?.isRestartable == true)
        guard row.isRestartable else {
            let error = await #expect(throws: OpenError.self) { try await face.open(URLOpener(), request) }
            #expect(error?.code == .notRestartable && error?.status == 307 && seen.values.count == 1)
            #expect(try await AnyResponse(error)?.body.read(9) == Array("no".utf8))
            let again = await #expect(throws: OpenError.self) { try await face.open(URLOpener(), request) }
            #expect(again?.description == "prepare \(server.url()): the body was sent once already (notRestartable)")
            return
        }
        let response = try await face.open(URLOpener(), request)
        #expect(try await response.body.collect(upTo: 9) == Array("right".utf8))
    }

    /// A server that refuses before it has the body gets none of it.
    @Test(arguments: Face.allCases)
    func isNotSentWhereItIsRefused(_ face: Face) async throws {
        let server = try RawServer { connection in
            var head: [UInt8] = []
            while !head.suffix(4).elementsEqual("\r\n\r\n".utf8), let byte = connection.readByte() { head.append(byte) }
            connection.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
            if connection.readByte() != nil { connection.send("HTTP/1.1 500 Body\r\n\r\n") }
        }
        let directory = try TemporaryDirectory()
        var request = try URLOpener.Request(server.url(), body: body(.stream, face, in: directory))
        request.expectsContinue = true
        let error = await #expect(throws: OpenError.self) { try await face.open(URLOpener(), request) }
        #expect(error?.status == 413 && request.body?.isRestartable == true)
        #expect(try await AnyResponse(error)?.body.read(9) == Array("no".utf8))
    }

    /// 417: the request goes out again, without the expectation, and a body that was not begun with it.
    @Test(arguments: Face.allCases, Kind.allCases)
    func expectationsThatFailAreDropped(_ face: Face, _ kind: Kind) async throws {
        let seen = Outcome.Kept<String>()
        let server = try RawServer { connection in
            if connection.index == 0 {
                var head: [UInt8] = []
                while !head.suffix(4).elementsEqual("\r\n\r\n".utf8), let byte = connection.readByte() {
                    head.append(byte)
                }
                seen.append(String(decoding: head, as: UTF8.self))
                connection.send("HTTP/1.1 417 What\r\nContent-Length: 4\r\n\r\nwhat")
                return
            }
            while let (head, body) = Self.receive(connection) {
                seen.append(head)
                connection.send(okay(body == Self.whole ? "right" : "wrong"))
            }
        }
        let directory = try TemporaryDirectory()
        var request = try URLOpener.Request(server.url(), body: body(kind, face, in: directory))
        request.expectsContinue = true
        let response = try await face.open(URLOpener(), request)
        #expect(try await response.body.collect(upTo: 9) == Array("right".utf8))
        #expect(seen.values.map { $0.contains("Expect") } == [true, false])
    }

    /// What is wrong with a body, and what the open says.
    @Test(arguments: Face.allCases)
    func brokenBodiesAreErrors(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let server = try RawServer { connection in
            while connection.readByte() != nil {}
        }
        let missing = directory.file("missing")
        let rows: [(URLOpener.Request.Body, String)] = [
            (.file(missing), "prepare URL: open \(missing): No such file or directory (fileFailed, errno 2)"),
            (.file("/dev/null"), "prepare URL: /dev/null is no regular file (fileFailed)"),
            (.file("a\0b"), "prepare URL: open a path with a NUL: Invalid argument (fileFailed, errno 22)"),
            (
                face == .tasks
                    ? .stream(length: nil) { _ in throw Trouble() }
                    : .blockingStream(length: nil) { throw Trouble() },
                "open URL: the source of the request's body failed with Trouble (bodyFailed)"
            ),
            (
                face == .tasks
                    ? .stream(length: 3) { try await $0.write([1, 2]) }
                    : .blockingStream(length: 3) {
                        var left: [[UInt8]] = [[1, 2]]
                        return { left.popLast() ?? [] }
                    }, "prepare URL: the body is shorter than its length of 3 (badRequest)"
            ),
            (
                face == .tasks ? .blockingStream(length: 3) { { [] } } : .stream(length: 3) { _ in },
                face == .tasks
                    ? "prepare URL: a blocking stream cannot be sent by a task (badRequest)"
                    : "prepare URL: a stream of a task cannot be sent by a blocking open (badRequest)"
            ),
        ]
        for (body, text) in rows {
            let request = try URLOpener.Request(server.url(), body: body)
            let error = await #expect(throws: OpenError.self) { try await face.open(URLOpener(), request) }
            #expect(error?.description == text.replacing("URL", with: server.url()))
            #expect((error?.cause is Trouble) == (error?.code == .bodyFailed))
        }
    }

    @Test func aStreamThatIsTooLongIsAnError() async throws {
        let server = try RawServer { connection in
            while connection.readByte() != nil {}
        }
        let body = URLOpener.Request.Body.stream(length: 3) { writer in
            try await writer.write([1, 2])
            try await writer.write([3, 4])
        }
        let request = try URLOpener.Request(server.url(), body: body)
        let error = await #expect(throws: OpenError.self) { try await URLOpener().open(request) }
        #expect(error?.detail == "the body is longer than its length of 3")
    }

    /// A file that becomes shorter while it is sent: nothing is made up.
    @Test(arguments: Face.allCases)
    func aFileThatShrinksIsAnError(_ face: Face) async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("file", [UInt8](repeating: 7, count: 8 << 20))
        let server = try RawServer { connection in
            _ = connection.readByte()
            _ = unsafe truncate(path, 100)
            while connection.readByte() != nil {}
        }
        let request = try URLOpener.Request(server.url(), body: .file(path))
        let error = await #expect(throws: OpenError.self) { try await face.open(URLOpener(), request) }
        #expect(error?.code == .fileFailed && error?.detail == "\(path) has become shorter while it was sent")
    }

    /// A stream writes no further ahead than the network takes, and stops when the transfer does.
    @Test func streamsWaitForTheNetworkAndStopWithIt() async throws {
        let reached = Gate()
        let server = try RawServer { connection in
            _ = connection.readByte()
            reached.wait()
        }
        let written = Outcome.Counter()
        let isOver = Gate()
        let ending = Outcome.Kept<OpenError.Code?>()
        let body = URLOpener.Request.Body.stream(length: nil) { writer in
            do {
                while true {
                    try await writer.write([UInt8](repeating: 7, count: 10_000))
                    written.add(10_000)
                }
            } catch {
                ending.append((error as? OpenError)?.code)
                isOver.open()
                throw error
            }
        }
        let request = try URLOpener.Request(server.url(), body: body)
        let task = Task { try await URLOpener().open(request) }
        var last = -1
        while written.value != last || last == 0 {
            last = written.value
            await Gate().pauseTask(.milliseconds(100))
        }
        // What kernel and buffers hold.
        #expect(last < 32 << 20)
        task.cancel()
        #expect(await isOver.opened())
        let error = await #expect(throws: OpenError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        #expect(ending.values == [.closed] || ending.values == [.cancelled])
        reached.open()
    }

    /// A writer that somebody has kept is of no use when its body is over, and does not keep what the body had.
    @Test func keptWritersWriteNothing() async throws {
        final class Captured: Sendable {}
        let server = try RawServer { connection in
            guard let (_, body) = Self.receive(connection) else { return }
            connection.send(okay("\(body.count)"))
        }
        let kept = Outcome.Kept<URLOpener.Request.BodyWriter>()
        func open(_ captured: Captured) async throws -> [UInt8] {
            let body = URLOpener.Request.Body.stream(length: nil) { writer in
                withExtendedLifetime(captured) { kept.append(writer) }
                try await writer.write([1, 2, 3])
            }
            return try await URLOpener().open(URLOpener.Request(server.url(), body: body)).body.collect(upTo: 9)
        }
        var captured: Captured? = Captured()
        weak let left = captured
        #expect(try await open(#require(captured)) == Array("3".utf8))
        captured = nil
        // The writing task ends a moment after its last byte has gone out.
        while left != nil { await Task.yield() }
        let error = await #expect(throws: OpenError.self) { try await kept.values[0].write([4]) }
        #expect(error?.description == "open \(server.url()): the transfer is over (closed)")
    }

    /// The response begins while the body is still being written, and both go on.
    @Test func streamsBothWaysAtOnce() async throws {
        let server = try RawServer { connection in
            var head: [UInt8] = []
            while !head.suffix(4).elementsEqual("\r\n\r\n".utf8), let byte = connection.readByte() { head.append(byte) }
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            // Echoes chunks of one byte as they come.
            while case let chunk = connection.read(6), chunk.count == 6 { connection.send(chunk) }
        }
        let turns = Outcome.Counter()
        let body = URLOpener.Request.Body.stream(length: nil) { writer in
            for turn in 0..<5 {
                while turns.value < turn {
                    try Task.checkCancellation()
                    await Task.yield()
                }
                try await writer.write([UInt8(65 + turn)])
            }
        }
        let response = try await URLOpener().open(URLOpener.Request(server.url(), body: body), timeout: .seconds(40))
        for turn in 0..<5 {
            #expect(try await response.body.read(1) == [UInt8(65 + turn)])
            turns.add(1)
        }
        response.close()
    }

    /// A connection that was used before and is closed under the request: sent again where that does no harm, which the method
    /// says, or the program.
    @Test(
        arguments: Face.allCases,
        [
            ("GET", false, nil), ("PUT", true, nil), ("DELETE", false, nil), ("POST", true, nil), ("POST", false, nil),
            ("PATCH", true, nil), ("POST", true, true), ("GET", false, false), ("PUT", true, false),
        ])
    func staleConnections(
        _ face: Face, _ row: (method: String, hasBody: Bool, saysIdempotent: Bool?)
    ) async throws {
        let served = Gate()
        let server = try RawServer { connection in
            if connection.index == 0 {
                _ = Self.receive(connection)
                connection.send(okay("first"))
                // Closed only when the next request is there: before, the client would notice.
                _ = connection.readByte()
                connection.reset()
                served.open()
                return
            }
            while let (_, body) = Self.receive(connection) { connection.send(okay("again \(body.count)")) }
        }
        let opener = URLOpener()
        _ = try await face.open(opener, server.url()).body.collect(upTo: 9)
        let body = row.hasBody ? URLOpener.Request.Body.bytes([1, 2, 3]) : nil
        var request = try URLOpener.Request(server.url(), method: row.method, body: body)
        if let says = row.saysIdempotent { request.isIdempotent = says }
        if !(row.saysIdempotent ?? !["POST", "PATCH"].contains(row.method)) {
            let error = await #expect(throws: OpenError.self) { try await face.open(opener, request) }
            #expect(error?.code == .emptyReply && error?.operation == .open, "\(error as Any)")
            #expect(server.peers.count <= 2)
        } else {
            let response = try await face.open(opener, request)
            #expect(try await response.body.collect(upTo: 9) == Array("again \(row.hasBody ? 3 : 0)".utf8))
        }
        #expect(await served.opened())
    }

    /// The same for a body that is made piece by piece, of which the server has had all: made and sent once more, where that can
    /// be; an error of its own where it cannot.
    @Test(arguments: Face.allCases, [(Kind.stream, true), (.stream, false), (.chunks, true), (.chunks, false)])
    func staleConnectionsUnderAStream(_ face: Face, _ row: (kind: Kind, isRestartable: Bool)) async throws {
        let server = try RawServer { connection in
            if connection.index == 0 {
                _ = Self.receive(connection)
                connection.send(okay("first"))
                _ = Self.receive(connection)
                return connection.reset()
            }
            while let (_, body) = Self.receive(connection) {
                connection.send(okay(body == Self.whole ? "right" : "wrong"))
            }
        }
        let opener = URLOpener()
        _ = try await face.open(opener, server.url()).body.collect(upTo: 9)
        let directory = try TemporaryDirectory()
        let body = try body(row.kind, face, in: directory, isRestartable: row.isRestartable)
        let request = try URLOpener.Request(server.url(), method: "PUT", body: body)
        if row.isRestartable {
            #expect(try await face.open(opener, request).body.collect(upTo: 9) == Array("right".utf8))
        } else {
            let error = await #expect(throws: OpenError.self) { try await face.open(opener, request) }
            #expect(error?.code == .emptyReply && error?.operation == .open, "\(error as Any)")
            #expect(server.peers.count <= 2)
        }
    }
}
