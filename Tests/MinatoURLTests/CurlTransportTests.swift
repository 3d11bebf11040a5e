import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// The transport over libcurl, against bytes in chosen pieces.
@Suite(.watchdog) struct CurlTransportTests {
    private func open(_ face: Face, _ server: RawServer) async throws(OpenError) -> AnyResponse {
        try await face.open(URLOpener(), server.url())
    }

    @Test(arguments: Face.allCases)
    func writesTheRequestExactly(_ face: Face) async throws {
        let server = try RawServer { $0.answerAll { _ in okay("ok") } }
        let opener = URLOpener()
        var request = try URLOpener.Request("http://u:canary@127.0.0.1:\(server.port)/a/../b?q#f")
        request.body = .bytes(Array("k=v".utf8))
        _ = try await face.open(opener, request).body.read(2)
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let plain = try URLOpener.Request(server.url(), method: method)
            _ = try await face.open(opener, plain).body.collect(upTo: 9)
        }
        let common =
            "Host: 127.0.0.1:\(server.port)\r\nUser-Agent: minato/0.1.0\r\nAccept-Encoding: \(CurlDecoder.acceptEncoding ?? "identity")\r\n"
        let form = "Content-Type: application/x-www-form-urlencoded\r\n"
        #expect(
            server.requests == [
                "POST /a/../b?q HTTP/1.1\r\n\(common)\(form)Content-Length: 3\r\n\r\nk=v",
                "POST / HTTP/1.1\r\n\(common)Content-Length: 0\r\n\r\n",
                "PUT / HTTP/1.1\r\n\(common)Content-Length: 0\r\n\r\n",
                "DELETE / HTTP/1.1\r\n\(common)\r\n", "OPTIONS / HTTP/1.1\r\n\(common)\r\n",
            ])
    }

    /// libcurl wakes itself through sockets, or a pipe, which it leaves open to programs that are started.
    @Test(arguments: Face.allCases)
    func programsInheritNoDescriptor(_ face: Face) async {
        // In a process of its own: other tests have such descriptors.
        await #expect(processExitsWith: .success) { [isTasks = (face == .tasks) as Bool] in
            func inherited() -> Set<Int32> {
                let open = LeakCheck.openDescriptors().filter {
                    $0.value.hasPrefix("socket:") || $0.value.hasPrefix("pipe:")
                }
                return Set(open.keys.filter { fcntl($0, F_GETFD) == 0 })
            }
            let server = try PythonServer(
                """
                import http.server, sys, threading
                server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)
                threading.Thread(target=server.serve_forever, daemon=True).start()
                print(server.server_port)
                sys.stdin.read()
                """)
            let before = inherited()
            let opener = URLOpener()
            let face: Face = isTasks ? .tasks : .threads
            let response = try await face.open(opener, server.url("/"))
            #expect(inherited().subtracting(before) == [])
            _ = try await response.body.collect(upTo: 1 << 20)
            // libcurl's handle is kept.
            #expect(inherited().subtracting(before) == [])
            withExtendedLifetime(opener) {}
        }
    }

    @Test(arguments: Face.allCases)
    func readIsExactAcrossPieces(_ face: Face) async throws {
        let go = Gate()
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            for index in 0..<10 {
                connection.send(repeatElement(UInt8(index), count: 100))
                go.wait(index + 1)
            }
        }
        let response = try await open(face, server)
        for _ in 0..<3 { go.open() }
        #expect(try await response.body.read(300) == [0, 1, 2].flatMap { repeatElement($0, count: 100) })
        #expect(try await response.body.read(atMost: 300).allSatisfy { $0 == 3 })
        for _ in 0..<7 { go.open() }
        #expect(try await response.body.collect(upTo: 1000).count > 500)
    }

    /// A server that serves one connection after the other has ended its side of the first, and waits for the client's end.
    @Test(arguments: Face.allCases)
    func endsWhatTheServerHasEnded(_ face: Face) async throws {
        let (isShut, isOver) = (Gate(), Gate())
        let server = try RawServer { connection in
            _ = connection.readRequest()
            if connection.index > 0 { isOver.wait() }
            connection.send(okay("ok"))
            if connection.index > 0 { return }
            connection.finishWriting()
            isShut.open()
            while connection.readByte() != nil {}
            isOver.open()
        }
        let opener = URLOpener()
        #expect(try await face.open(opener, server.url()).body.read(2).count == 2)
        #expect(await isShut.opened())
        #expect(try await face.open(opener, server.url()).body.read(2).count == 2)
    }

    /// What the server sends before it closes, and where it becomes an error.
    @Test(
        arguments: Face.allCases,
        [
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", OpenError.Code.ambiguousLength),
            ("HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc", .badHeader),
            ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nabc", .badHeader),
            ("HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc", .badHeader),
            ("HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n", .badHeader), ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", .badHeader),
            ("HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", .badHeader), ("HTTP/1.1 200 OK\r\nA : b\r\n\r\n", .badHeader),
            ("HTTP/1.1 200 OK\r\nA: \(String(repeating: "x", count: 110_000))\r\n\r\n", .headersTooLarge),
            (
                "HTTP/1.1 200 OK\r\n\(String(repeating: "A: \(String(repeating: "x", count: 4000))\r\n", count: 99))\r\n",
                .headersTooLarge
            ),
            ("HTTP/1.1 200 OK\r\n\(String(repeating: "A: 1\r\n", count: 101))\r\n", .headersTooLarge),
            (String(repeating: "HTTP/1.1 103 Early\r\n\r\n", count: 11) + okay(""), .headersTooLarge),
            ("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", .unexpectedUpgrade),
            ("just text", .badStatusLine), ("HTTP/9.9 200 OK\r\n\r\n", .badStatusLine),
            ("HTTP/1.1 2000 OK\r\n\r\n", .badStatusLine), ("HTTP/1.1 999 OK\r\n\r\n", .badStatusLine),
            ("HTTP/1.1 600 OK\r\n\r\n", .badStatusLine), ("", .emptyReply),
        ])
    func refusesHeads(_ face: Face, _ row: (bytes: String, code: OpenError.Code)) async throws {
        let (bytes, code) = row
        let server = try RawServer { connection in
            if connection.readRequest() != nil { connection.send(bytes) }
        }
        let opener = URLOpener()
        for _ in 0..<2 {
            let error = await #expect(throws: OpenError.self) { try await face.open(opener, server.url()) }
            #expect(error?.code == code, "\(error as Any)")
            #expect(error?.operation == .open && AnyResponse(error) == nil)
        }
        #expect(Set(server.peers).count == 2)
    }

    /// The same heads with every cut, for one that is right: 2 KiB are split at each place.
    @Test(arguments: Face.allCases)
    func readsHeadsInAnyPieces(_ face: Face) async throws {
        let text =
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: 1\r\n b\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n"
        let bytes = Array(text.utf8)
        let server = try RawServer { connection in
            var cut = 1
            while connection.readRequest() != nil {
                connection.send(bytes[..<cut])
                connection.send(bytes[cut...])
                cut += 1
            }
        }
        let opener = URLOpener()
        for _ in 1..<bytes.count {
            let response = try await face.open(opener, server.url())
            #expect(response.head.fields.map(\.value) == ["1 b", "chunked"])
            #expect(try await response.body.collect(upTo: 5) == Array("abcde".utf8))
        }
        #expect(server.peers.count == 1)
    }

    /// A broken body, how much of it can be read, and the error that every read beyond gives.
    @Test(
        arguments: Face.allCases,
        [
            ("Content-Length: 10\r\n\r\nabc", 3, OpenError.Code.truncated),
            ("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 3, .truncated),
            ("Transfer-Encoding: chunked\r\n\r\n5\r\nabc", 3, .truncated),
            ("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n", 3, .badChunk),
            ("Transfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n", 0, .badChunk),
            ("Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n", 0, .badChunk),
        ])
    func brokenBodiesAreErrors(
        _ face: Face, _ row: (rest: String, readable: Int, code: OpenError.Code)
    ) async throws {
        let (rest, readable, code) = row
        let server = try RawServer { connection in
            if connection.readRequest() != nil { connection.send("HTTP/1.1 200 OK\r\n" + rest) }
        }
        let whole = try await open(face, server).body
        for _ in 0..<2 {
            let error = await #expect(throws: OpenError.self) { try await whole.read(300) }
            #expect(error?.code == code && error?.operation == .read, "\(error as Any)")
        }
        #expect(try await whole.read(readable).count == readable)
        let again = await #expect(throws: OpenError.self) { try await whole.read(1) }
        #expect(again?.code == code)
        let byte = try await open(face, server).body
        for _ in 0..<readable { #expect(try await byte.read(1).count == 1) }
        await #expect(throws: OpenError.self) { try await byte.read(1) }
        let collected = try await open(face, server).body
        await #expect(throws: OpenError.self) { try await collected.collect(upTo: 300) }
    }

    @Test(arguments: Face.allCases)
    func resetsAreErrors(_ face: Face) async throws {
        let server = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            if connection.index == 1 { connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc") }
            if connection.index == 1 { _ = connection.readByte() }
            connection.reset()
        }
        let error = await #expect(throws: OpenError.self) { try await open(face, server) }
        #expect(error?.code == .connectionReset && error?.systemCode == ECONNRESET, "\(error as Any)")
    }

    @Test(arguments: Face.allCases)
    func lengthToTheEndOfTheConnection(_ face: Face) async throws {
        let server = try RawServer { connection in
            if connection.readRequest() != nil { connection.send("HTTP/1.0 200 OK\r\n\r\nabc") }
        }
        let response = try await open(face, server)
        #expect(try await response.body.collect(upTo: 3) == Array("abc".utf8))
        #expect(response.head.httpVersion == "1.0")
    }

    @Test(arguments: Face.allCases)
    func reusesWhatWasReadToItsEnd(_ face: Face) async throws {
        let server = try RawServer { $0.answerAll { _ in okay("abc") } }
        let opener = URLOpener()
        for _ in 0..<3 { _ = try await face.open(opener, server.url()).body.collect(upTo: 3) }
        #expect(server.peers.count == 1)
    }

    @Test(arguments: Face.allCases)
    func abandonedResponsesCloseTheirConnection(_ face: Face) async throws {
        let closed = Gate()
        let server = try RawServer.answering(
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", thenAtTheEnd: closed)
        let opener = URLOpener()
        _ = try await face.open(opener, server.url())
        #expect(await closed.opened())
        let response = try await face.open(opener, server.url())
        response.close()
        response.close()
        #expect(await closed.opened(2))
        let error = await #expect(throws: OpenError.self) { try await response.body.read(1) }
        #expect(error?.code == .closed)
    }

    /// A program may dump what it has at any moment: what the loop and other threads change meanwhile is not read for that.
    @Test(arguments: Face.allCases)
    func dumpsReadNothingThatOthersChange(_ face: Face) async throws {
        let server = try RawServer { $0.answerAll { _ in okay("abc") } }
        let opener = URLOpener(configuration: .on(try EventLoop()))
        let response = try await face.open(opener, server.url())
        var text = ""
        dump((opener, response), to: &text)
        for shown in ["configuration:", "core:", "pipe:", "head:"] { #expect(text.contains(shown), "\(shown)") }
        // Of the transport, the body, the loop, a transfer on it, and one of a thread.
        for hidden in ["drivers:", "queue:", "hasEdges:", "timerPlace:", "parser:"] {
            #expect(!text.contains(hidden), "\(hidden)")
        }
        #expect(try await response.body.collect(upTo: 3) == Array("abc".utf8))
    }

    @Test(arguments: Face.allCases)
    func idleConnectionsEndWithTheirOpener(_ face: Face) async throws {
        let closed = Gate()
        let server = try RawServer { connection in
            connection.answerAll { _ in okay("abc") }
            closed.open()
        }
        do {
            let opener = URLOpener()
            _ = try await face.open(opener, server.url()).body.collect(upTo: 3)
        }
        #expect(await closed.opened())
    }

    /// Bytes after the response: in the same packet, and later, when the connection lies idle.
    @Test(
        arguments: Face.allCases,
        [
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", false), ("HTTP/1.1 204 No Content\r\n\r\n", false),
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", true), ("HTTP/1.1 204 No Content\r\n\r\n", true),
            ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false),
        ])
    func neverSeesASmuggledResponse(_ face: Face, _ row: (first: String, isLate: Bool)) async throws {
        let (first, isLate) = row
        let evil = okay("EVIL!")
        let isRead = Gate()
        let isSent = Gate()
        let server = try RawServer { connection in
            while let request = connection.readRequest() {
                guard request.hasPrefix("GET /first") else {
                    connection.send(okay("right"))
                    continue
                }
                connection.send(isLate ? first : first + evil)
                isRead.wait()
                if isLate { connection.send(evil) }
                isSent.open()
            }
        }
        let opener = URLOpener()
        let response = try await face.open(opener, server.url("/first"))
        #expect(try await response.body.collect(upTo: 3).count <= 3)
        isRead.open()
        #expect(await isSent.opened())
        let second = try await face.open(opener, server.url("/second"))
        #expect(try await second.body.collect(upTo: 5) == Array("right".utf8))
        #expect(server.peers.count == 2)
    }

    @Test(arguments: Face.allCases)
    func closesWhereTheLengthIsGivenTwice(_ face: Face) async throws {
        let server = try RawServer { connection in
            connection.answerAll { _ in
                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            }
        }
        let opener = URLOpener()
        for _ in 0..<2 {
            let body = try await face.open(opener, server.url()).body
            #expect(try await body.collect(upTo: 9) == Array("abc".utf8))
        }
        #expect(server.peers.count == 2)
    }

    @Test(arguments: Face.allCases)
    func redirectBodiesAreDrainedForTheirConnection(_ face: Face) async throws {
        let server = try RawServer { connection in
            for hop in 0..<10 where connection.readRequest() != nil {
                connection.send("HTTP/1.1 302 Found\r\nLocation: /\(hop)\r\nContent-Length: 50000\r\n\r\n")
                // So that head and body come apart.
                guard connection.waitUntilRead() else { return }
                connection.send([UInt8](repeating: 7, count: 50_000))
            }
            connection.answerAll { _ in okay("here") }
        }
        #expect(try await open(face, server).url == server.url("/9"))
        #expect(server.peers.count == 1)
    }

    @Test(arguments: Face.allCases)
    func endlessRedirectBodiesAreGivenUp(_ face: Face) async throws {
        let server = try RawServer { connection in
            guard let request = connection.readRequest() else { return }
            guard request.hasPrefix("GET / ") else {
                connection.send(okay("here"))
                return
            }
            connection.send("HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n")
            while connection.send(repeatElement(0x20, count: 4096)) {}
        }
        #expect(try await open(face, server).url == server.url("/x"))
    }

    @Test(arguments: Face.allCases)
    func refusedConnectionsSaySo(_ face: Face) async throws {
        let server = try RawServer(isListening: false) { _ in }
        let url = server.url()
        let error = await #expect(throws: OpenError.self) { try await face.open(URLOpener(), url) }
        #expect(error?.code == .connectionRefused && error?.operation == .connect)
        #expect(error?.systemCode == ECONNREFUSED && error?.curlCode == 7)
        #expect(error?.description.hasPrefix("connect \(url): ") == true)
        let unknown = await #expect(throws: OpenError.self) {
            try await face.open(URLOpener(), "http://name.invalid/", timeout: .seconds(2))
        }
        #expect(unknown?.code == .nameNotFound || unknown?.code == .timedOut)
    }
}
