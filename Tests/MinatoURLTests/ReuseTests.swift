import MinatoSocket
import TestSupport
import Testing

@testable import MinatoURL

/// Connections of tasks that are used again while others lie idle.
@Suite(.watchdog) struct ReuseTests {
    private static let size = 1 << 20

    /// A response that is there at once, and more of it than there is room for, makes its transfer pause before libcurl has asked
    /// for the socket to be watched. The socket lay idle a moment ago, and is readable: it must not be taken for one on which
    /// comes what nobody asked for.
    @Test(arguments: [false, true])
    func whatIsUsedAgainIsNotIdle(_ isUnix: Bool) async throws {
        let directory = try TemporaryDirectory()
        let script: @Sendable (RawConnection) -> Void = { connection in
            let large = Array("HTTP/1.1 200 OK\r\nContent-Length: \(Self.size)\r\n\r\n".utf8) + pattern(Self.size)
            while let request = connection.readRequest() {
                if request.hasPrefix("GET /large") { connection.send(large) } else { connection.send(okay("abc")) }
            }
        }
        let path = directory.file("socket")
        let server = isUnix ? try RawServer(path: path, script) : try RawServer(script)
        var configuration = URLOpener.Configuration.on(try EventLoop())
        configuration.network.route("h", 80, to: isUnix ? .unix(path) : .tcp("127.0.0.1", server.port))
        let opener = URLOpener(configuration: configuration)
        let faults = await withTaskGroup(of: [String].self) { group in
            for task in 0..<8 { group.addTask { await Self.load(opener, task) } }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(faults == [])
        #expect(server.peers.count <= 16)
    }

    /// What comes on an idle connection, of its own accord, is the answer to nothing: nor when the connection was looked at before,
    /// for another request, and nothing had come.
    @Test(arguments: Face.allCases)
    func whatComesUnaskedIsNoAnswer(_ face: Face) async throws {
        let (wasLookedAt, hasCome) = (Gate(), Gate())
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.send(okay(connection.index == 0 ? "one" : "two"))
            guard connection.index == 0 else { return }
            wasLookedAt.wait()
            connection.send(okay("unasked"))
            hasCome.open()
            while connection.readByte() != nil {}
        }
        let other = try RawServer { $0.answerAll { _ in okay("") } }
        let opener = URLOpener()
        #expect(try await face.open(opener, server.url()).body.collect(upTo: 9) == Array("one".utf8))
        _ = try await face.open(opener, other.url()).body.collect(upTo: 9)
        wasLookedAt.open()
        #expect(await hasCome.opened())
        #expect(try await face.open(opener, server.url()).body.collect(upTo: 9) == Array("two".utf8))
    }

    /// What a redirect has to say is read, so that its connection serves the next hop, up to 64 KiB; for more of it a new
    /// connection is cheaper.
    @Test(arguments: Face.allCases, [(count: 100, connections: 1), (count: 2 << 20, connections: 2)])
    func aRedirectThatHasMuchToSay(_ face: Face, _ row: (count: Int, connections: Int)) async throws {
        let server = try RawServer { connection in
            let head = "HTTP/1.1 302 Found\r\nLocation: /second\r\nContent-Length: \(row.count)\r\n\r\n"
            let redirect = Array(head.utf8) + [UInt8](repeating: 7, count: row.count)
            while let request = connection.readRequest() {
                if request.hasPrefix("GET /first") { connection.send(redirect) } else { connection.send(okay("there")) }
            }
        }
        let response = try await face.open(URLOpener(), server.url("/first"))
        #expect(try await response.body.collect(upTo: 9) == Array("there".utf8))
        #expect(server.peers.count == row.connections)
    }

    /// libcurl is given a URL as its parser reads it, once for all requests to it: another one takes its place.
    @Test(arguments: Face.allCases)
    func eachRequestHasItsOwnURL(_ face: Face) async throws {
        let server = try RawServer { $0.answerAll { okay(String($0.split(separator: " ")[1])) } }
        let opener = URLOpener()
        for target in ["/1", "/2?a=b&c", "/2?a=b&c", "/a/../b/./c", "/%7Euser;x", "/1"] {
            let body = try await face.open(opener, server.url(target)).body
            #expect(try await body.collect(upTo: 99) == Array(target.utf8))
        }
        #expect(server.peers.count == 1)
    }

    /// Asks for something large every fourth time, and reads it a moment after it has begun to come.
    private static func load(_ opener: URLOpener, _ task: Int) async -> [String] {
        var faults: [String] = []
        for round in 0..<50 {
            let isLarge = (task + round) % 4 == 0
            do {
                let body = try await opener.open(isLarge ? "http://h/large" : "http://h/small", timeout: .seconds(60))
                    .body
                for _ in 0..<10 { await Task.yield() }
                let count = try await body.collect(upTo: size).count
                if count != (isLarge ? size : 3) { faults.append("\(count) bytes") }
            } catch {
                faults.append("\(error)")
            }
        }
        return faults
    }
}
