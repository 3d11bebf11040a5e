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

    /// A server that has read a request, and ends with its connection: there is no other one to be had, which is no reason to think
    /// that it has not had the request. What may go out twice is tried again, by libcurl and by us.
    @Test(arguments: Face.allCases, [("GET", OpenError.Code.connectionRefused), ("POST", .emptyReply)])
    func requestsThatAServerHasTaken(_ face: Face, _ row: (method: String, code: OpenError.Code)) async throws {
        let listener = SharedSocket(try Socket.listen(on: .tcp("127.0.0.1", 0)))
        let url = "http://\(try listener.socket.localAddress)/"
        let lines = Outcome.Kept<[UInt8]>()
        let server = try Background {
            let accepted = try listener.socket.accept()
            var file = BufferedSocket(accepted.socket)
            for _ in 0..<2 {
                while let line = try file.readLine(limit: 8192), line != [13, 10] { lines.append(line) }
                if lines.values.count(where: { $0.starts(with: Array("Host".utf8)) }) == 2 { break }
                try file.write(okay("abc"))
                try file.flush()
            }
            // Before the connection: the other one is refused.
            try listener.socket.shutdown(.both)
        }
        var configuration = URLOpener.Configuration.on(try EventLoop())
        configuration.retries = .init(attempts: 3)
        configuration.retries.firstPause = .milliseconds(1)
        let opener = URLOpener(configuration: configuration)
        #expect(try await face.open(opener, url).body.collect(upTo: 9) == Array("abc".utf8))
        let request = try URLOpener.Request(url + "second", method: row.method, body: .bytes([1]))
        let error = await #expect(throws: OpenError.self) { try await face.open(opener, request) }
        try server.join()
        #expect(error?.code == row.code, "\(error as Any)")
        #expect(lines.values.count { $0.starts(with: Array("\(row.method) /second".utf8)) } == 1)
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
