import Glibc
import TestSupport
import Testing

@testable import MinatoSocket

@Suite("Closing connections, and sharing them", .watchdog, .serialized)
struct ConnectionClosingTests {
    @Test("Closing wakes whoever reads and writes, from a task and from a thread", arguments: Setup.all)
    func wakes(_ setup: Setup) async throws {
        for fromThread in [false, true] {
            try await setup.run { stage in
                let reading = stage.start { connection in await code { _ = try await connection.read(atMost: 1) } }
                await stage.untilWaiting(.reading)
                // The own task is the one that began last: the other one has to do without.
                let writing = stage.start { connection in
                    await code { while true { try await connection.write(muchContent) } }
                }
                await stage.untilWaiting(.writing)
                let connection = stage.connection
                if fromThread { try await Background { connection.close() }.value } else { connection.close() }
                #expect(try await reading.value == .closed)
                #expect(try await writing.value == .closed)
                connection.close()
                // The peer sees the end: what was written, then nothing more.
                while case let bytes = try stage.peer.socket.receive(atMost: 1 << 20), !bytes.isEmpty {}
            }
        }
    }

    @Test("Everything that is done with a closed connection says so")
    func closed() async throws {
        try await Setup().run { stage in
            let connection = stage.connection
            connection.close()
            let calls: [@Sendable () async throws -> Void] = [
                { _ = try await connection.read(atMost: 1) }, { _ = try await connection.read(exactly: 1) },
                { _ = try await connection.readLine() }, { for try await _ in connection.chunks {} },
                { try await connection.write("x") }, { try await connection.write(pieces: [[1]]) },
                { try await connection.sendFile(0) }, { try await connection.send(descriptors: [0]) },
                { _ = try await connection.receiveDescriptors(atMost: 1) }, { try connection.finishWriting() },
                { try connection.shutdown(.both) }, { _ = try connection.localAddress },
                { _ = try connection.remoteAddress }, { _ = try connection.option(.noDelay) },
                { try connection.setOption(.noDelay, true) }, { _ = try connection.detach() },
            ]
            for (number, call) in calls.enumerated() {
                #expect(await code { try await call() } == .closed, "\(number)")
            }
            do throws(SocketError) { _ = try await connection.read(atMost: 1) } catch {
                #expect(error.description == "receive tcp: Closed")
            }
        }
    }

    @Test("A connection that nobody holds closes itself")
    func dropped() async throws {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        let pair = try Socket.pair()
        do { _ = try Connection(adopting: pair.first, on: loop) }
        #expect(try pair.second.receive(atMost: 1) == [])
    }

    @Test("A second reader, or writer, gets .busy; the first goes on", arguments: Setup.all)
    func busy(_ setup: Setup) async throws {
        try await setup.run { stage in
            let connection = stage.connection
            let reading = stage.start { connection in try await connection.readLine() }
            await stage.untilWaiting(.reading)
            #expect(await code { _ = try await connection.read(atMost: 1) } == .busy)
            #expect(await code { _ = try await connection.readLine() } == .busy)
            #expect(errorCode { () throws(SocketError) in _ = try connection.detach() } == .busy)
            // Between its waits, too: half of the line does not let anybody in.
            try stage.peer.socket.sendAll("li")
            for _ in 0..<100 {
                #expect(await code { _ = try await connection.read(atMost: 1) } == .busy)
                await Task.yield()
            }
            try stage.peer.socket.sendAll("ne\n")
            #expect(text(try await reading.value) == "line\n")

            let writing = stage.start { connection in
                await code { while true { try await connection.write(muchContent) } }
            }
            await stage.untilWaiting(.writing)
            #expect(await code { try await connection.write("x") } == .busy)
            #expect(errorCode { () throws(SocketError) in try connection.finishWriting() } == .busy)
            #expect(errorCode { () throws(SocketError) in _ = try connection.detach() } == .busy)
            // The readings were given back.
            try stage.peer.socket.sendAll("more")
            #expect(text(try await connection.read(atMost: 10)) == "more")
            connection.close()
            #expect(try await writing.value == .closed)
        }
    }

    @Test("One task reads while another writes, and neither disturbs the other", arguments: Setup.few)
    func bothWays(_ setup: Setup) async throws {
        try await setup.run { stage in
            let peer = stage.peer
            // Sends back what it gets.
            let echoing = try Background {
                while case let bytes = try peer.socket.receive(atMost: 10_000), !bytes.isEmpty {
                    try peer.socket.sendAll(bytes)
                }
                try peer.socket.shutdown(.sending)
            }
            let content = Array(muchContent.prefix(1 << 20))
            let reading = stage.start { connection in try await connection.readAll(limit: 1 << 20) }
            await stage.untilWaiting(.reading)
            let writing = stage.start { connection in
                for place in stride(from: 0, to: content.count, by: 9999) {
                    try await connection.write(content[place..<min(place + 9999, content.count)])
                }
                try connection.finishWriting()
            }
            try await writing.value
            #expect(isSame(try await reading.value, content))
            try await echoing.value
        }
    }

    @Test("No operation ever touches a number that means another connection by now")
    func reuse() async throws {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    for round in 0..<150 {
                        let nonce = Array("\(worker).\(round)\n".utf8)
                        let pair = try Socket.pair()
                        let peer = SharedSocket(pair.second)
                        let connection = try Connection(adopting: pair.first, on: loop)
                        let reading = Task(executorPreference: round % 2 == 0 ? loop : nil) {
                            var lines: [[UInt8]] = []
                            while let line = try await connection.readLine() { lines.append(line) }
                            return lines
                        }
                        for _ in 0..<Int.random(in: 0..<4) { try peer.socket.sendAll(nonce) }
                        if Bool.random() { await Task.yield() }
                        if Bool.random() { try peer.socket.sendAll(nonce) }
                        connection.close()
                        // Opened at once, with the number that was free last.
                        let other = try Socket.pair()
                        try other.second.sendAll("foreign\n")
                        do {
                            for line in try await reading.value { #expect(line == nonce) }
                        } catch {
                            #expect((error as? SocketError)?.code == .closed)
                        }
                        #expect(text(try other.first.receive(atMost: 20)) == "foreign\n")
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("Programs that are started do not inherit the connection")
    func inheritance() async throws {
        try await Setup().run { stage in
            let number = stage.connection.channel.descriptor
            let list = try ChildProcess(["ls", "/proc/self/fd"])
            let open = list.readToEnd().split(separator: "\n").compactMap { Int32($0) }
            #expect(!open.isEmpty)
            #expect(!open.contains(number))
            #expect(list.wait() == 0)
        }
    }

    @Test("Taken out, the socket blocks, and has what was read ahead; the connection is closed", arguments: Setup.all)
    func detaching(_ setup: Setup) async throws {
        try await setup.run { stage in
            try stage.peer.socket.sendAll("line\nahead")
            #expect(text(try await stage.start { try await $0.readLine() }.value) == "line\n")
            let detached = try stage.connection.detach()
            let unread = detached.unread
            let socket = detached.socket
            #expect(text(unread) == "ahead")
            #expect(socket.timeout == nil)
            #expect(try socket.peerAddress == stage.peer.socket.localAddress)
            #expect(await code { _ = try await stage.connection.read(atMost: 1) } == .closed)
            try stage.peer.socket.sendAll("more")
            #expect(text(try socket.receive(atMost: 10)) == "more")
            try socket.sendAll("answer")
            #expect(text(try stage.peer.socket.receive(atMost: 10)) == "answer")
            // And back again.
            let again = try Connection(adopting: socket, on: stage.loop)
            try stage.peer.socket.sendAll("again")
            #expect(text(try await again.read(atMost: 10)) == "again")
            again.close()
        }
    }

    @Test("What is adopted must be a connected stream; its timeout is kept")
    func adopting() async throws {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        #expect(
            errorCode { () throws(SocketError) in
                _ = try Connection(adopting: try Socket(.ipv4), on: loop)
            } == .notConnected)
        #expect(
            errorCode { () throws(SocketError) in
                _ = try Connection(adopting: try Socket(.unix, .datagram), on: loop)
            } == .notSupported)
        #expect(
            errorCode { () throws(SocketError) in
                _ = try Connection(adopting: try Socket.listen(on: .tcp("127.0.0.1", 0)), on: loop)
            } == .notConnected)
        var pair = try Socket.pair()
        try pair.first.setTimeout(.seconds(5))
        let connection = try Connection(adopting: pair.first, on: loop)
        #expect(connection.readTimeout == .seconds(5))
        #expect(connection.writeTimeout == .seconds(5))
        #expect(connection.eventLoop === loop)
        var other = try Socket.pair()
        try other.first.setTimeout(.zero)
        let shared = try Connection(adopting: other.first)
        #expect(shared.readTimeout == nil)
        #expect(try EventLoopGroup.shared.all().contains { $0 === shared.eventLoop })
        connection.close()
        shared.close()
    }

    @Test("Addresses and options are those of the socket")
    func socket() async throws {
        try await Setup().run { stage in
            let connection = stage.connection
            #expect(try connection.localAddress == stage.peer.socket.peerAddress)
            #expect(try connection.remoteAddress == stage.peer.socket.localAddress)
            try connection.setOption(.keepAlive, true)
            #expect(try connection.option(.keepAlive))
            do throws(SocketError) {
                try connection.setOption(SocketOption<Int>(level: 6, name: 9999), 1)
                Issue.record("no error")
            } catch {
                #expect(error.code == .noSuchOption)
                #expect(error.description.hasPrefix("option tcp level 6 name 9999 127.0.0.1:"))
            }
            do throws(SocketError) {
                _ = try connection.option(SocketOption<Int>(level: 6, name: 9999))
                Issue.record("no error")
            } catch {
                #expect(error.code == .noSuchOption)
                #expect(error.description.hasPrefix("option tcp level 6 name 9999 127.0.0.1:"))
            }
        }
    }

    @Test("Shutting down wakes what waits", arguments: Setup.tcp)
    func shutdown(_ setup: Setup) async throws {
        try await setup.run { stage in
            let reading = stage.start { connection in try await connection.read(atMost: 1) }
            await stage.untilWaiting(.reading)
            let writing = stage.start { connection in
                await code { while true { try await connection.write(muchContent) } }
            }
            await stage.untilWaiting(.writing)
            try stage.connection.shutdown(.both)
            #expect(try await reading.value == [])
            #expect(try await writing.value == .brokenPipe)
        }
    }
}
