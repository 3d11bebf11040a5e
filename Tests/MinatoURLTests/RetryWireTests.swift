import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// What is tried again, over the wire: see also ``RetryTests`` and, for HTTP/2, ``HTTP2FaultTests``.
@Suite(.watchdog) struct RetryWireTests {
    /// Has something done before the request goes out for the second time.
    private final class SecondTime: OpenerHandler {
        private let count = Guarded(0)
        private let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }

        func prepare(_ request: inout URLOpener.Request, in exchange: URLOpener.Exchange) throws(OpenError) {
            let isSecond = count.withLock { count in
                count += 1
                return count == 2
            }
            if isSecond { body() }
        }
    }

    /// Nobody listens at first: any request is tried again, and the server has seen it once.
    @Test(arguments: Face.allCases, ["GET", "POST"])
    func refusedConnections(_ face: Face, _ method: String) async throws {
        let socket = SharedSocket(try Socket.bound(to: .tcp("127.0.0.1", 0)))
        let url = "http://\(try socket.socket.localAddress)/"
        let lines = Outcome.Kept<[UInt8]>()
        let handler = SecondTime {
            _ = try? Background {
                try socket.socket.listen(backlog: 1)
                let accepted = try socket.socket.accept()
                var file = BufferedSocket(accepted.socket)
                while let line = try file.readLine(limit: 8192), line != [13, 10] { lines.append(line) }
                try file.write(okay("abc"))
                try file.flush()
                _ = try file.readLine(limit: 8192)
            }
        }
        var configuration = URLOpener.Configuration()
        // Enough of them for a thread that takes its time to listen.
        configuration.retries = .init(attempts: 10)
        configuration.retries.firstPause = .milliseconds(50)
        let opener = URLOpener(handler, configuration: configuration)
        let request = try URLOpener.Request(url, method: method)
        #expect(try await face.open(opener, request).body.collect(upTo: 9) == Array("abc".utf8))
        #expect(lines.values.count { $0.starts(with: method.utf8) } == 1)
        let never = await #expect(throws: OpenError.self) {
            try await face.open(URLOpener(), "http://127.0.0.1:\(HeldPort().port)/")
        }
        #expect(never?.code == .connectionRefused)
    }

    /// A server that ends each connection under its second request: each request goes out twice, however many there are. libcurl
    /// counts the repetitions of all transfers of a handle, and would give up.
    @Test(arguments: Face.allCases)
    func staleConnectionsTimeAndAgain(_ face: Face) async throws {
        let server = try RawServer { connection in
            if connection.readRequest() != nil { connection.send(okay("abc")) }
            _ = connection.readRequest()
        }
        let opener = URLOpener(configuration: .on(try EventLoop()))
        for _ in 0..<20 {
            #expect(try await face.open(opener, server.url()).body.collect(upTo: 9) == Array("abc".utf8))
        }
        #expect(server.requests.count == 39)
    }

    /// Connections that were used before, all of which end under the request: however many there are, it goes out twice at most, and
    /// once where it may not be repeated.
    @Test(arguments: Face.allCases, [("GET", 2), ("POST", 1)])
    func manyStaleConnections(_ face: Face, _ row: (method: String, count: Int)) async throws {
        let (arrived, mayAnswer) = (Gate(), Gate())
        let server = try RawServer { connection in
            guard connection.readRequest()?.contains(" /first ") == true else {
                connection.send(okay("new"))
                return
            }
            arrived.open()
            mayAnswer.wait()
            connection.send(okay("first"))
            // Closed only when the next request is there: before, the client would notice.
            _ = connection.readRequest()
            connection.reset()
        }
        let opener = URLOpener(configuration: .on(try EventLoop()))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask { _ = try await face.open(opener, server.url("/first")).body.collect(upTo: 9) }
            }
            #expect(await arrived.opened(4))
            mayAnswer.open()
            try await group.waitForAll()
        }
        let request = try URLOpener.Request(server.url("/second"), method: row.method)
        let result = await Result { try await face.open(opener, request).body.collect(upTo: 9) }
        switch result {
        case .success(let bytes): #expect(row.method == "GET" && bytes == Array("new".utf8))
        case .failure(let error): #expect((error as? OpenError)?.code == .emptyReply, "\(error)")
        }
        #expect(server.requests.count { $0.contains(" /second ") } == row.count)
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
