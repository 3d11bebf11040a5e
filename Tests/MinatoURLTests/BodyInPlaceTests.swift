import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// Bodies that a closure takes where they were received.
@Suite(.watchdog) struct BodyInPlaceTests {
    struct Enough: Error {}

    /// What a closure was given.
    final class Taken: Sendable {
        private let kept = Guarded<(bytes: [UInt8], counts: [Int])>(([], []))

        /// The pieces, one behind the other.
        var bytes: [UInt8] { kept.withLock { $0.bytes } }
        var text: String { String(decoding: bytes, as: UTF8.self) }
        /// How long they were.
        var counts: [Int] { kept.withLock { $0.counts } }

        func append(_ piece: Span<UInt8>) {
            kept.withLock { kept in
                unsafe piece.withUnsafeBufferPointer { unsafe kept.bytes.append(contentsOf: $0) }
                kept.counts.append(piece.count)
            }
        }
    }

    private func source(_ pieces: String..., failure: OpenError.Code? = nil) -> ScriptedSource {
        ScriptedSource(pieces.map { Array($0.utf8) }, failure: failure)
    }

    /// A server that answers each request with a body, in a way.
    private func server(_ body: [UInt8], _ field: String) throws -> RawServer {
        try RawServer { connection in
            while connection.readRequest() != nil {
                connection.send("HTTP/1.1 200 OK\r\n\(field)\r\n\r\n")
                connection.send(body, inChunks: field.hasSuffix("chunked"))
                if field == "Connection: close" { return }
            }
        }
    }

    /// A server that sends a head, and then each piece of six bytes when its gate has been opened; one that has no gate, if it is the
    /// first, together with the head.
    private func server(_ pieces: (Gate?, String)...) throws -> RawServer {
        try RawServer { connection in
            _ = connection.readRequest()
            var unsent = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"
            for (gate, text) in pieces {
                if let gate {
                    connection.send(unsent)
                    unsent = ""
                    gate.wait()
                }
                unsent += text
            }
            connection.send(unsent)
            // Until the client has gone.
            _ = connection.readByte()
        }
    }

    @Test(arguments: Face.allCases)
    func piecesComeAsTheyAre(_ face: Face) async throws {
        let body = face.body(source("abc", "d", "", "efg"))
        let taken = Taken()
        try await body.forEachPiece { taken.append($0) }
        #expect(taken.text == "abcdefg" && taken.counts == [3, 1, 3])
        try await body.forEachPiece { taken.append($0) }
        #expect(taken.counts.count == 3)
        #expect(try await body.read(1) == [])
    }

    /// What lies there already is one piece.
    @Test(arguments: Face.allCases)
    func otherReadsMayComeBefore(_ face: Face) async throws {
        let body = face.body(source("abc", "def", "ghi"))
        #expect(try await body.read(2) == Array("ab".utf8))
        let taken = Taken()
        try await body.forEachPiece { taken.append($0) }
        #expect(taken.text == "cdefghi" && taken.counts == [1, 3, 3])
    }

    /// A response all of which is there, and one that a handler makes.
    @Test(arguments: Face.allCases)
    func answersOfHandlers(_ face: Face) async throws {
        let taken = Taken()
        try await face.open(URLOpener(), "data:,whole").body.forEachPiece { taken.append($0) }
        #expect(taken.text == "whole")
        let mock = MockTransport { _ in .init(status: 200, body: Array("mocked".utf8)) }
        try await face.open(URLOpener(transport: mock), "http://h/").body.forEachPiece { taken.append($0) }
        #expect(taken.text == "wholemocked")
    }

    /// The closure has had the piece with which it throws; the rest is there for whoever reads.
    @Test(arguments: Face.allCases, [0, 1, 2])
    func whatIsThrownEndsIt(_ face: Face, _ before: Int) async throws {
        let body = face.body(source("abc", "def", "ghi"))
        let taken = Taken()
        await #expect(throws: Enough.self) {
            try await body.forEachPiece { piece in
                taken.append(piece)
                if taken.counts.count > before { throw Enough() }
            }
        }
        #expect(taken.counts.count == before + 1)
        let rest = try await body.collect(upTo: 9)
        #expect(taken.text + String(decoding: rest, as: UTF8.self) == "abcdefghi")
    }

    @Test(arguments: Face.allCases)
    func whatBreaksTheBodyComesLast(_ face: Face) async throws {
        let body = face.body(source("abc", "def", failure: .truncated))
        let taken = Taken()
        let error = await #expect(throws: OpenError.self) { try await body.forEachPiece { taken.append($0) } }
        #expect(error?.code == .truncated)
        #expect(taken.text == "abcdef")
    }

    /// Over a connection, after the transfer has paused, and all over again on the same connection.
    @Test(arguments: Face.allCases, ["Content-Length: 6291456", "Transfer-Encoding: chunked", "Connection: close"])
    func largeBodiesComeWhole(_ face: Face, _ field: String) async throws {
        let whole = pattern(6 << 20)
        let server = try server(whole, field)
        let opener = URLOpener()
        for round in 0..<3 {
            let body = try await face.open(opener, server.url()).body
            let pipe = try #require(body.pipe)
            let taken = Taken()
            let first = round == 0 ? [] : try await body.read(300)
            if round == 2, face == .tasks { while !pipe.isFull { await Task.yield() } }
            try await body.forEachPiece { taken.append($0) }
            #expect(isSame(first + taken.bytes, whole))
            #expect(!taken.counts.contains(0))
            #expect(pipe.taken == whole.count)
        }
        #expect(server.peers.count == (field == "Connection: close" ? 3 : 1))
    }

    /// The closure gives up in the midst of what libcurl has received, and the rest is read in another way.
    @Test(arguments: Face.allCases, ["Content-Length: 6291456", "Transfer-Encoding: chunked"])
    func theRestIsReadInAnotherWay(_ face: Face, _ field: String) async throws {
        let whole = pattern(6 << 20)
        let server = try server(whole, field)
        let body = try await face.open(URLOpener(), server.url()).body
        var bytes: [UInt8] = []
        // At most 2.4 MiB, when each piece is what had come and has no room for more.
        for _ in 0..<3 {
            let taken = Taken()
            await #expect(throws: Enough.self) {
                try await body.forEachPiece { piece in
                    taken.append(piece)
                    if taken.counts.count == 3 { throw Enough() }
                }
            }
            bytes += taken.bytes + (try await body.read(100_000))
        }
        bytes += try await body.collect(upTo: whole.count)
        #expect(isSame(bytes, whole))
    }

    /// A closure may close the response: no more pieces come, and nothing waits for itself.
    @Test(arguments: Face.allCases)
    func closuresMayClose(_ face: Face) async throws {
        let isGone = Gate()
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            while connection.send([UInt8](repeating: 7, count: 1 << 16)) {}
            isGone.open()
        }
        let response = try await face.open(URLOpener(), server.url())
        let taken = Taken()
        let error = await #expect(throws: OpenError.self) {
            try await response.body.forEachPiece { piece in
                taken.append(piece)
                response.close()
            }
        }
        #expect(error?.code == .closed)
        #expect(taken.counts.count == 1)
        #expect(await isGone.opened())
        withExtendedLifetime(response) {}
    }

    /// A thread that takes a piece would wait for itself.
    @Test func closuresCannotRead() throws {
        let server = try server(pattern(1 << 20), "Content-Length: 1048576")
        let response = try URLOpener().openBlocking(server.url())
        var count = 0
        var codes: Set<OpenError.Code?> = []
        try response.body.forEachPiece { piece in
            count += piece.count
            codes.insert(#expect(throws: OpenError.self) { try response.body.read(1) }?.code)
            codes.insert(#expect(throws: OpenError.self) { try response.body.write(to: "/dev/null") }?.code)
            let error = #expect(throws: OpenError.self) { try response.body.forEachPiece { _ in } }
            codes.insert(error?.code)
        }
        #expect(count == 1 << 20)
        #expect(codes == [.busy])
    }

    /// Another task that reads meanwhile gets an error, and nothing of the body.
    @Test func tasksReadOneAtATime() async throws {
        let goesOn = Gate()
        let server = try server((nil, "abc"), (goesOn, "def"))
        let body = try await URLOpener().open(server.url()).body
        let (taken, hasBegun) = (Taken(), Gate())
        let task = Task {
            try await body.forEachPiece { piece in
                taken.append(piece)
                hasBegun.open()
            }
        }
        #expect(await hasBegun.opened())
        let error = await #expect(throws: OpenError.self) { while true { _ = try await body.read(1) } }
        #expect(error?.code == .busy)
        goesOn.open()
        try await task.value
        #expect(taken.text == "abcdef")
    }

    /// A task that is cancelled while the closure has a piece goes on when that has returned, and not before.
    @Test(arguments: ["cancelled", "closed"])
    func theClosureReturnsFirst(_ way: String) async throws {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        let begins = Gate()
        let server = try server((begins, "abc"))
        let response = try await URLOpener(configuration: .on(loop)).open(server.url())
        let (isInside, mayGo, kept) = (Gate(), Gate(), Outcome.Kept<String>())
        let task = Task {
            do {
                try await response.body.forEachPiece { _ in
                    isInside.open()
                    mayGo.wait()
                    kept.append("returned")
                }
                kept.append("whole")
            } catch {
                kept.append("\((error as? OpenError)?.code as Any)")
            }
        }
        // The loop is to have the piece, and not the task what had come before.
        while response.body.pipe.moment.waitingSince == nil { await Task.yield() }
        begins.open()
        #expect(await isInside.opened())
        if way == "cancelled" { task.cancel() } else { response.close() }
        // Twenty threads begin and end, and this task behind it each time: it would have gone on by now, if it could.
        for _ in 0..<20 { #expect(await isInside.opened()) }
        #expect(kept.values == [])
        mayGo.open()
        await task.value
        #expect(kept.values == ["returned", "Optional(\(way))"])
    }

    /// The time that the closure takes is not the server's: what times it out counts from when the closure has returned.
    @Test func slowClosuresAreNotTimedOut() {
        let pipe = BodyPipe(url: "http://h/")
        let returned = Guarded<Int64>(.max)
        pipe.setSink(BodySink { _ in returned.withLock { $0 = Deadline.after(.nanoseconds(1)).nanoseconds - 1 } })
        #expect(pipe.offer(Array("abc".utf8)))
        #expect(pipe.moment.lastProgress >= returned.withLock { $0 })
    }

    /// A server that stops in the midst is timed out, and its bytes have come. It can be read on when it goes on.
    @Test(arguments: Face.allCases)
    func serversAreTimedOut(_ face: Face) async throws {
        let end = Gate()
        let server = try server((nil, "abc"), (end, "def"))
        var configuration = URLOpener.Configuration()
        configuration.timeouts.idle = .milliseconds(300)
        let body = try await face.open(URLOpener(configuration: configuration), server.url(), timeout: nil).body
        let taken = Taken()
        let error = await #expect(throws: OpenError.self) { try await body.forEachPiece { taken.append($0) } }
        #expect(error?.code == .timedOut)
        #expect(taken.text == "abc")
        end.open()
        // On a busy machine the server may be late again.
        while taken.text != "abcdef" {
            do {
                try await body.forEachPiece { taken.append($0) }
            } catch let error as OpenError where error.code == .timedOut {}
        }
        #expect(try await body.read(1) == [])
    }
}
