import Glibc
import TestSupport
import Testing

@testable import MinatoURL

/// The transport over libcurl, against bytes in chosen pieces.
@Suite(.watchdog) struct CurlTransportTests {
    private func open(_ server: RawServer, timeout: Duration = .seconds(10)) throws(OpenError)
        -> URLOpener.BlockingResponse
    {
        try URLOpener().openBlocking(server.url(), timeout: timeout)
    }

    @Test func writesTheRequestExactly() throws {
        let server = try RawServer { $0.answerAll { _ in okay("ok") } }
        let opener = URLOpener()
        var request = try URLOpener.Request("http://u:canary@127.0.0.1:\(server.port)/a/../b?q#f")
        request.body = Array("k=v".utf8)
        _ = try opener.openBlocking(request, timeout: .seconds(10)).body.read(2)
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let plain = try URLOpener.Request(server.url(), method: method)
            _ = try opener.openBlocking(plain, timeout: .seconds(10)).body.collect(upTo: 9)
        }
        let common = "Host: 127.0.0.1:\(server.port)\r\nUser-Agent: minato/0.1.0\r\nAccept-Encoding: identity\r\n"
        let form = "Content-Type: application/x-www-form-urlencoded\r\n"
        #expect(
            server.requests == [
                "POST /a/../b?q HTTP/1.1\r\n\(common)\(form)Content-Length: 3\r\n\r\nk=v",
                "POST / HTTP/1.1\r\n\(common)Content-Length: 0\r\n\r\n",
                "PUT / HTTP/1.1\r\n\(common)Content-Length: 0\r\n\r\n",
                "DELETE / HTTP/1.1\r\n\(common)\r\n", "OPTIONS / HTTP/1.1\r\n\(common)\r\n",
            ])
    }

    @Test func readIsExactAcrossPieces() throws {
        let go = Gate()
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            for index in 0..<10 {
                connection.send(repeatElement(UInt8(index), count: 100))
                go.wait(index + 1)
            }
        }
        let response = try open(server)
        for _ in 0..<3 { go.open() }
        #expect(try response.body.read(300) == [0, 1, 2].flatMap { repeatElement($0, count: 100) })
        #expect(try response.body.read(atMost: 300).allSatisfy { $0 == 3 })
        for _ in 0..<7 { go.open() }
        #expect(try response.body.collect(upTo: 1000).count > 500)
    }

    /// What the server sends before it closes, and where it becomes an error.
    @Test(arguments: [
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
    func refusesHeads(_ bytes: String, _ code: OpenError.Code) throws {
        let server = try RawServer { connection in
            if connection.readRequest() != nil { connection.send(bytes) }
        }
        let opener = URLOpener()
        for _ in 0..<2 {
            let error = #expect(throws: OpenError.self) { try opener.openBlocking(server.url(), timeout: .seconds(10)) }
            #expect(error?.code == code, "\(error as Any)")
            #expect(error?.operation == .open && error?.response == nil)
        }
        #expect(Set(server.peers).count == 2)
    }

    /// The same heads with every cut, for one that is right: 2 KiB are split at each place.
    @Test func readsHeadsInAnyPieces() throws {
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
            let response = try opener.openBlocking(server.url(), timeout: .seconds(10))
            #expect(response.fields.map(\.value) == ["1 b", "chunked"])
            #expect(try response.body.collect(upTo: 5) == Array("abcde".utf8))
        }
        #expect(server.peers.count == 1)
    }

    /// A broken body, how much of it can be read, and the error that every read beyond gives.
    @Test(arguments: [
        ("Content-Length: 10\r\n\r\nabc", 3, OpenError.Code.truncated),
        ("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 3, .truncated),
        ("Transfer-Encoding: chunked\r\n\r\n5\r\nabc", 3, .truncated),
        ("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n", 3, .badChunk),
        ("Transfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n", 0, .badChunk),
        ("Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n", 0, .badChunk),
    ])
    func brokenBodiesAreErrors(_ rest: String, _ readable: Int, _ code: OpenError.Code) throws {
        let server = try RawServer { connection in
            if connection.readRequest() != nil { connection.send("HTTP/1.1 200 OK\r\n" + rest) }
        }
        let whole = try open(server).body
        for _ in 0..<2 {
            let error = #expect(throws: OpenError.self) { try whole.read(300) }
            #expect(error?.code == code && error?.operation == .read, "\(error as Any)")
        }
        #expect(try whole.read(readable).count == readable)
        let again = #expect(throws: OpenError.self) { try whole.read(1) }
        #expect(again?.code == code)
        let byte = try open(server).body
        for _ in 0..<readable { #expect(try byte.read(1).count == 1) }
        #expect(throws: OpenError.self) { try byte.read(1) }
        let collected = try open(server).body
        #expect(throws: OpenError.self) { try collected.collect(upTo: 300) }
    }

    @Test func resetsAreErrors() throws {
        let server = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            if connection.index == 1 { connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc") }
            if connection.index == 1 { _ = connection.readByte() }
            connection.reset()
        }
        let error = #expect(throws: OpenError.self) { try open(server) }
        #expect(error?.code == .connectionReset && error?.systemCode == ECONNRESET, "\(error as Any)")
    }

    @Test func lengthToTheEndOfTheConnection() throws {
        let server = try RawServer { connection in
            if connection.readRequest() != nil { connection.send("HTTP/1.0 200 OK\r\n\r\nabc") }
        }
        let response = try open(server)
        #expect(try response.body.collect(upTo: 3) == Array("abc".utf8))
        #expect(response.httpVersion == "1.0")
    }

    @Test func reusesWhatWasReadToItsEnd() throws {
        let server = try RawServer { $0.answerAll { _ in okay("abc") } }
        let opener = URLOpener()
        for _ in 0..<3 { _ = try opener.openBlocking(server.url(), timeout: .seconds(10)).body.collect(upTo: 3) }
        #expect(server.peers.count == 1)
    }

    @Test func abandonedResponsesCloseTheirConnection() throws {
        let closed = Gate()
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
            if connection.readByte() == nil { closed.open() }
        }
        let opener = URLOpener()
        _ = try opener.openBlocking(server.url(), timeout: .seconds(10))
        #expect(closed.wait())
        let response = try opener.openBlocking(server.url(), timeout: .seconds(10))
        response.close()
        response.close()
        #expect(closed.wait(2))
        let error = #expect(throws: OpenError.self) { try response.body.read(1) }
        #expect(error?.code == .closed)
    }

    @Test func idleConnectionsEndWithTheirOpener() throws {
        let closed = Gate()
        let server = try RawServer { connection in
            connection.answerAll { _ in okay("abc") }
            closed.open()
        }
        do {
            let opener = URLOpener()
            _ = try opener.openBlocking(server.url(), timeout: .seconds(10)).body.collect(upTo: 3)
        }
        #expect(closed.wait())
    }

    /// Bytes after the response: in the same packet, and later, when the connection lies idle.
    @Test(
        arguments: ["HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 204 No Content\r\n\r\n"],
        [false, true])
    func neverSeesASmuggledResponse(_ first: String, _ isLate: Bool) throws {
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
        let response = try opener.openBlocking(server.url("/first"), timeout: .seconds(10))
        #expect(try response.body.collect(upTo: 3).count <= 3)
        isRead.open()
        #expect(isSent.wait())
        let second = try opener.openBlocking(server.url("/second"), timeout: .seconds(10))
        #expect(try second.body.collect(upTo: 5) == Array("right".utf8))
    }

    @Test func closesWhereTheLengthIsGivenTwice() throws {
        let server = try RawServer { connection in
            connection.answerAll { _ in
                "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            }
        }
        let opener = URLOpener()
        for _ in 0..<2 {
            let body = try opener.openBlocking(server.url(), timeout: .seconds(10)).body
            #expect(try body.collect(upTo: 9) == Array("abc".utf8))
        }
        #expect(server.peers.count == 2)
    }

    @Test func redirectBodiesAreDrainedForTheirConnection() throws {
        let pace = Gate()
        let server = try RawServer { connection in
            for hop in 0..<10 where connection.readRequest() != nil {
                connection.send("HTTP/1.1 302 Found\r\nLocation: /\(hop)\r\nContent-Length: 50000\r\n\r\n")
                // So that head and body come apart, at least once in ten times.
                pace.pause(.milliseconds(2))
                connection.send([UInt8](repeating: 7, count: 50_000))
            }
            connection.answerAll { _ in okay("here") }
        }
        #expect(try open(server).url == server.url("/9"))
        #expect(server.peers.count == 1)
    }

    @Test func endlessRedirectBodiesAreGivenUp() throws {
        let server = try RawServer { connection in
            guard let request = connection.readRequest() else { return }
            guard request.hasPrefix("GET / ") else {
                connection.send(okay("here"))
                return
            }
            connection.send("HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n")
            while connection.send(repeatElement(0x20, count: 4096)) {}
        }
        #expect(try open(server).url == server.url("/x"))
    }

    @Test func refusedConnectionsSaySo() throws {
        let server = try RawServer(isListening: false) { _ in }
        let url = server.url()
        let error = #expect(throws: OpenError.self) { try URLOpener().openBlocking(url, timeout: .seconds(10)) }
        #expect(error?.code == .connectionRefused && error?.operation == .connect)
        #expect(error?.systemCode == ECONNREFUSED && error?.curlCode == 7)
        #expect(error?.description.hasPrefix("connect \(url): ") == true)
        let unknown = #expect(throws: OpenError.self) {
            try URLOpener().openBlocking("http://name.invalid/", timeout: .seconds(2))
        }
        #expect(unknown?.code == .nameNotFound || unknown?.code == .timedOut)
    }
}
