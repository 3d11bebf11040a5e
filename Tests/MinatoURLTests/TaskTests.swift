import CMinato
import Glibc
import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// What only tasks have: cancellation (see also ``CancellationTests``), an event loop, and transfers that share it.
@Suite(.watchdog) struct TaskTests {
    @Test func aCancelledTaskOpensNothing() async throws {
        let server = try RawServer { $0.answerAll { _ in okay("abc") } }
        let opener = URLOpener()
        let go = Gate()
        let task = Task {
            _ = await go.opened()
            // Not even the body, which is not there.
            return try await opener.open(URLOpener.Request(server.url(), body: .file("/dev/null/body"))).status
        }
        task.cancel()
        go.open()
        let error = await #expect(throws: OpenError.self) { try await task.value }
        #expect(error?.code == .cancelled && server.peers.isEmpty)
    }

    /// What had come can be read after a read was cancelled; what had not, never.
    @Test func aCancelledReadGivesUpTheRest() async throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
            _ = connection.readByte()
        }
        let body = try await URLOpener().open(server.url()).body
        let task = Task { try await body.read(9) }
        while body.pipe.moment.waitingSince == nil { await Task.yield() }
        let second = await #expect(throws: OpenError.self) { try await body.read(9) }
        #expect(second?.code == .busy && second?.url == server.url())
        task.cancel()
        await #expect(throws: OpenError.self) { try await task.value }
        #expect(try await body.read(3) == Array("abc".utf8))
        let error = await #expect(throws: OpenError.self) { try await body.read(1) }
        #expect(error?.description == "read \(server.url()): the task was cancelled (cancelled)")
    }

    /// Cancelled at a moment that nobody chose, many times: each ends, and nothing stays.
    @Test func cancellationStorm() async throws {
        let server = try RawServer { connection in
            while connection.readRequest() != nil {
                guard connection.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"), connection.send("c") else {
                    return
                }
            }
        }
        let opener = URLOpener()
        let count = 200
        let ended = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<count {
                group.addTask {
                    let task = Task { try await opener.open(server.url()).body.collect(upTo: 3) }
                    let canceller = Task {
                        for _ in 0..<(index % 20) { await Task.yield() }
                        task.cancel()
                    }
                    let result = await task.result
                    await canceller.value
                    switch result {
                    case .success(let bytes): return bytes == Array("abc".utf8)
                    case .failure(let error): return (error as? OpenError)?.code == .cancelled
                    }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(ended == count)
    }

    @Test func shuttingTheLoopDownEndsAll() async throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            if connection.index == 0 { connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc") }
            _ = connection.readByte()
        }
        let loop = try EventLoop()
        let opener = URLOpener(configuration: .on(loop))
        let body = try await opener.open(server.url()).body
        let waiting = Task { try await opener.open(server.url()) }
        let reading = Task { try await body.read(9) }
        while server.requests.count < 2 || body.pipe.moment.waitingSince == nil { await Task.yield() }
        loop.shutdown()
        let errors = [
            await #expect(throws: OpenError.self) { try await waiting.value },
            await #expect(throws: OpenError.self) { try await reading.value },
            await #expect(throws: OpenError.self) { try await opener.open(server.url()) },
        ]
        #expect(errors.map { $0?.code } == [.closed, .closed, .closed])
        #expect(errors[2]?.description == "open \(server.url()): the event loop was shut down (closed)")
        #expect(try await body.read(3) == Array("abc".utf8))
    }

    @Test func aForkedChildHasNoLoop() async throws {
        // In a process with nothing else in it: a child has copies of all descriptors, and of locks that others hold.
        await #expect(processExitsWith: .success) {
            let server = try RawServer { $0.answerAll { _ in okay("abc") } }
            let opener = URLOpener()
            let threads = try opener.openBlocking(server.url()).body
            _ = try threads.collect(upTo: 3)
            _ = try await opener.open(server.url()).body.collect(upTo: 3)
            let request = try URLOpener.Request("http://h/")
            // What Swift's runtime makes at its first use it makes here: were another thread at it, the child would wait for ever.
            _ = OpenError(.forked, .prepare, url: request.url, detail: "first")
            let result = ForkedChild.run {
                var result: Int32 = 0
                // The child has this thread alone, and no task would ever run.
                do throws(OpenError) {
                    _ = try (opener.transport as? CurlTransport)?.driver(for: request)
                    result |= 1
                } catch {
                    if error.code != .forked { result |= 2 }
                }
                // Threads open connections of their own.
                if (try? opener.openBlocking(server.url()).body.collect(upTo: 3)) != Array("abc".utf8) { result |= 4 }
                return result
            }
            #expect(result == 0)
            // Those of the parent are as they were.
            _ = try opener.openBlocking(server.url()).body.collect(upTo: 3)
            _ = try await opener.open(server.url()).body.collect(upTo: 3)
            #expect(server.peers.count == 3)
        }
    }

    /// A child that lets go of what its parent is about to read says goodbye on no connection of the parent's: with TLS the server
    /// would believe it.
    @Test func aForkedChildEndsNothing() async throws {
        await #expect(processExitsWith: .success) {
            let certificates = try TestCertificates()
            let program = """
                import socket, ssl, sys
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(sys.argv[1] + '.pem', sys.argv[1] + '.key')
                listener = socket.create_server(('127.0.0.1', 0))
                print(listener.getsockname()[1])
                connection = context.wrap_socket(listener.accept()[0], server_side=True)
                for _ in range(2):
                    head = b''
                    while b'\\r\\n\\r\\n' not in head:
                        head += connection.recv(1) or sys.exit()
                    connection.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 6\\r\\n\\r\\nabc')
                    sys.stdin.readline()
                    connection.sendall(b'def')
                """
            let server = try PythonServer(program, certificates.issue("right"))
            var configuration = URLOpener.Configuration()
            configuration.tls.trust = .file(certificates.authority)
            var opener: URLOpener? = URLOpener(configuration: configuration)
            let url = server.url(scheme: "https")
            var body = try opener?.openBlocking(url).body
            #expect(try body?.read(3) == Array("abc".utf8))
            let result = ForkedChild.run {
                (body, opener) = (nil, nil)
                return 0
            }
            #expect(result == 0)
            server.write("\n")
            #expect(try body?.read(4) == Array("def".utf8))
            // Over the same connection: there is no other one.
            body = try opener?.openBlocking(url).body
            server.write("\n")
            #expect(try body?.read(7) == Array("abcdef".utf8))
        }
    }

    /// A response that nobody reads keeps its connection only, and stops no other transfer of the loop.
    @Test func pausedTransfersStopNoOther() async throws {
        let server = try RawServer { connection in
            while let request = connection.readRequest() {
                guard request.hasPrefix("GET /large") else {
                    connection.send(okay("abc"))
                    continue
                }
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(8 << 20)\r\n\r\n")
                for _ in 0..<128 where !connection.send([UInt8](repeating: 7, count: 1 << 16)) { return }
            }
        }
        let opener = URLOpener()
        var large: [URLOpener.Response] = []
        for _ in 0..<4 { large.append(try await opener.open(server.url("/large"))) }
        for _ in 0..<20 {
            #expect(try await opener.open(server.url()).body.collect(upTo: 3) == Array("abc".utf8))
        }
        var count = 0
        while case let bytes = try await large[0].body.read(atMost: 1 << 16), !bytes.isEmpty { count += bytes.count }
        #expect(count == 8 << 20)
        large[1].close()
        large[2].close()
        #expect(try await large[3].body.collect(upTo: 8 << 20).count == 8 << 20)
        // The one of the first, that of the small ones, and three more; one of them served twice.
        #expect(server.peers.count == 5)
    }

    @Test func manyTasksShareAnOpener() async throws {
        let server = try RawServer { connection in
            connection.answerAll { request in okay(String(request.dropFirst(5).prefix { $0 != " " })) }
        }
        let opener = URLOpener()
        let right = try await withThrowingTaskGroup(of: Bool.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for round in 0..<20 {
                        let name = "\(task)-\(round)"
                        let body = try await opener.open(server.url("/" + name)).body.collect(upTo: 99)
                        if body != Array(name.utf8) { return false }
                    }
                    return true
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(right == 8)
        #expect(server.peers.count <= 8)
    }

    /// Tasks that run on the opener's own loop call libcurl without a detour.
    @Test func worksOnItsOwnLoop() async throws {
        let server = try RawServer { $0.answerAll { _ in okay("abc") } }
        let loop = try EventLoop()
        defer { loop.shutdown() }
        let opener = URLOpener(configuration: .on(loop))
        try await withTaskExecutorPreference(loop) {
            for _ in 0..<3 {
                let response = try await opener.open(server.url())
                #expect(try await response.body.collect(upTo: 3) == Array("abc".utf8))
                // Let go of here, on the loop: an open one, too.
                _ = try await opener.open(server.url())
            }
        }
    }

    @Test func tellsAboutTheConnection() async throws {
        let server = try RawServer { connection in
            connection.answerAll { _ in
                "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
                    + "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nChecksum: 7\r\n\r\n"
            }
        }
        let opener = URLOpener()
        for round in 0..<2 {
            let response = try await opener.open(server.url())
            #expect(response.remoteAddress == (try SocketAddress(host: "127.0.0.1", port: server.port)))
            #expect(response.head.connection.localAddress?.port == server.peers[0])
            #expect(response.head.connection.isReused == (round == 1))
            let timings = response.timings
            #expect(timings.nameLookup <= timings.connect && timings.connect <= timings.tlsHandshake)
            #expect(timings.tlsHandshake <= timings.requestStart && timings.requestStart <= timings.firstByte)
            #expect(timings.firstByte > .zero)
            #expect(response.informational.map(\.status) == [103, 102])
            #expect(response.informational[0].fields.map(\.value) == ["</a>"])
            #expect(try await response.body.collect(upTo: 3).count == 3)
            #expect(response.trailers.map(\.value) == ["7"])
        }
    }
}
