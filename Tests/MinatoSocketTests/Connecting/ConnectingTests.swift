import Glibc
import TestSupport
import Testing

@testable import MinatoSocket

@Suite("Connecting in tasks", .watchdog)
struct ConnectingTests {
    static let echo = """
        import socket, sys
        family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
        server = socket.create_server((sys.argv[1], 0), family=family)
        print(server.getsockname()[1])
        peer, address = server.accept()
        print(address[0], address[1])
        while data := peer.recv(65536): peer.sendall(data.upper())
        """

    @Test("To a Python server, by name, by IPv4 and IPv6 number", arguments: ["localhost", "127.0.0.1", "::1"])
    func python(host: String) async throws {
        let server = try ChildProcess.python(Self.echo, host == "localhost" ? "127.0.0.1" : host)
        let port = try #require(server.readLine().flatMap { Int($0) })
        let reply = try await withConnection(to: .tcp(host, port)) { connection in
            try await connection.write(Array("hello".utf8))
            return try await connection.read(atMost: 100)
        }
        #expect(reply == Array("HELLO".utf8))
        #expect(server.wait() == 0)
    }

    @Test("From a source address, in one family, with TCP_NODELAY")
    func source() async throws {
        let listener = try await Listener(on: .tcp("127.0.0.1", 0))
        let port = try #require(listener.localAddress.port)
        let source = SocketAddress(ipv4: 127, 0, 0, 9, port: 0)
        let connection = try await Connection.connect(to: .tcp("localhost", port), from: source)
        let accepted = try await listener.accept()
        for side in [connection, accepted] {
            #expect(
                try side.channel.withSocket { (socket) throws(SocketError) in try socket.option(.noDelay) } == true)
        }
        let peer = try accepted.channel.withSocket { (socket) throws(SocketError) in try socket.peerAddress }
        #expect(peer.host == "127.0.0.9")

        let rows: [(Endpoint, SocketAddress?, Socket.Family, SocketError.Code)] = [
            (.tcp("127.0.0.1", port), nil, .ipv6, .noAddressOfFamily),
            (.tcp("::1", port), nil, .ipv4, .noAddressOfFamily),
            (.address(listener.localAddress), nil, .ipv6, .familyNotSupported),
            (.tcp("localhost", port), source, .ipv6, .familyNotSupported),
            (.udp("localhost", port), nil, .ipv4, .notSupported),
            (.tcp("127.0.0.1", 70_000), nil, .unspecified, .invalidArgument),
            (.tcp("a\0b", port), nil, .unspecified, .invalidArgument),
            (.unix("/nonexistent/minato"), nil, .unspecified, .notFound),
            (.tcp("127.0.0.1", port), SocketAddress(ipv4: 192, 0, 2, 1, port: 0), .unspecified, .addressNotAvailable),
        ]
        for (endpoint, source, family, code) in rows {
            let error = await #expect(throws: SocketError.self) {
                try await Connection.connect(to: endpoint, from: source, family: family)
            }
            #expect(error?.code == code, "\(endpoint)")
        }
        let four = try await Connection.connect(to: .tcp("localhost", port), family: .ipv4)
        four.close()
    }

    @Test("Over Unix sockets, by path and abstract name")
    func unix() async throws {
        let directory = try TemporaryDirectory()
        let name = "minato-\(getpid())-connecting"
        for endpoint in [Endpoint.unix(directory.file("s")), .abstract(name)] {
            let listener = try await Listener(on: endpoint)
            try await withConnection(to: endpoint) { connection in
                let accepted = try await listener.accept()
                try await accepted.write([7])
                #expect(try await connection.read(atMost: 5) == [7])
            }
        }
    }

    @Test("A refused connect, and one that nobody answers, say where")
    func refused() async throws {
        let holder = try Socket(.ipv4)
        try holder.bind(to: SocketAddress(ipv4: 127, 0, 0, 1, port: 0))
        let target = try holder.localAddress
        let refused = await #expect(throws: SocketError.self) { try await Connection.connect(to: .address(target)) }
        #expect(refused?.description == "connect tcp \(target): Connection refused (ECONNREFUSED)")

        let hole = try Blackhole()
        let clock = ContinuousClock()
        let begin = clock.now
        let silent = await #expect(throws: SocketError.self) {
            try await Connection.connect(to: .address(hole.address), timeout: .milliseconds(50))
        }
        #expect(silent?.description == "connect tcp \(hole.address): Connection timed out (ETIMEDOUT)")
        #expect(clock.now - begin >= .milliseconds(50))
        let late = await #expect(throws: SocketError.self) {
            try await Connection.connect(to: .address(hole.address), deadline: .after(.zero))
        }
        #expect(late?.code == .timedOut)
    }

    @Test("A socket that would meet itself is refused")
    func itself() async throws {
        let free = try Socket.listen(on: .tcp("127.0.0.1", 0)).localAddress
        let error = await #expect(throws: SocketError.self) {
            try await Connection.connect(to: .address(free), from: free)
        }
        #expect(error?.code == .connectionRefused)
    }

    @Test("A full Unix backlog is waited for, with a time limit, and got through when there is room")
    func fullUnixBacklog() async throws {
        let listener = try Socket.listen(on: .address(.unixUnnamed), backlog: 0)
        let target = try listener.localAddress
        let first = try Socket.connect(to: .address(target))
        let error = await #expect(throws: SocketError.self) {
            try await Connection.connect(to: .address(target), timeout: .milliseconds(30))
        }
        #expect(error?.description == "connect unix \(target): Connection timed out (ETIMEDOUT)")
        let waiter = Task { try await Connection.connect(to: .address(target)) }
        #expect(try listener.accept().address == .unixUnnamed)
        let connection = try await waiter.value
        #expect(try listener.accept().address == .unixUnnamed)
        connection.close()
        try first.close()
    }

    @Test("Cancelling ends a connect at once, before and after it began")
    func cancel() async throws {
        let hole = try Blackhole()
        let task = Task { try await Connection.connect(to: .address(hole.address)) }
        task.cancel()
        #expect(await #expect(throws: SocketError.self) { try await task.value }?.code == .cancelled)
        let (begun, tell) = AsyncStream.makeStream(of: Void.self)
        let waiting = Task {
            tell.yield()
            return try await Connection.connect(to: .address(hole.address))
        }
        for await _ in begun { break }
        waiting.cancel()
        let error = await #expect(throws: SocketError.self) { try await waiting.value }
        #expect(error?.code == .cancelled)
    }

    @Test("withConnection gives back what cannot be copied, rethrows, and closes at the end")
    func scope() async throws {
        struct Unique: ~Copyable { let value: Int }
        struct Failure: Error {}
        let listener = try await Listener(on: .tcp("127.0.0.1", 0))
        let endpoint = Endpoint.address(listener.localAddress)
        var escaped: [Connection] = []
        let unique = try await withConnection(to: endpoint) { connection in
            escaped.append(connection)
            return Unique(value: 5)
        }
        #expect(unique.value == 5)
        await #expect(throws: Failure.self) {
            try await withConnection(to: endpoint) { connection in
                escaped.append(connection)
                throw Failure()
            }
        }
        for connection in escaped {
            let error = await #expect(throws: SocketError.self) { try await connection.read(atMost: 1) }
            #expect(error?.code == .closed)
            #expect(try await listener.accept().read(atMost: 1) == [])
        }
    }

    @Test("Cancelling the task ends what the body waits for, on the loop, off it, and on the main actor")
    func cancelBody() async throws {
        let listener = try await Listener(on: .tcp("127.0.0.1", 0))
        let endpoint = Endpoint.address(listener.localAddress)
        let loop = try EventLoop()
        defer { loop.shutdown() }
        let (begun, tell) = AsyncStream.makeStream(of: Void.self)
        let body: @Sendable () async throws -> Void = {
            try await withConnection(to: endpoint, loop: loop) { connection in
                tell.yield()
                _ = try await connection.read(atMost: 1)
            }
        }
        let tasks = [
            Task(executorPreference: loop) { try await body() }, Task.detached { try await body() },
            Task { @MainActor in try await body() },
        ]
        var count = 0
        for await _ in begun {
            count += 1
            if count == tasks.count { break }
        }
        for task in tasks {
            task.cancel()
            let error = await #expect(throws: SocketError.self) { try await task.value }
            #expect(error?.code == .cancelled)
        }
    }

    @Test("The body runs where the caller runs")
    @MainActor
    func isolation() async throws {
        let listener = try await Listener(on: .tcp("127.0.0.1", 0))
        try await withConnection(to: .address(listener.localAddress)) { connection in
            MainActor.assertIsolated()
            try await connection.write([1])
            MainActor.assertIsolated()
        }
    }

    @Test("10,000 random cancellations: each ends, and nothing is left")
    func storm() async {
        // In a process of its own, whose threads no other test blocks meanwhile.
        await #expect(processExitsWith: .success) { try await Self.cancelOften() }
    }

    private static func cancelOften() async throws {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        let listener = try await Listener(on: .tcp("127.0.0.1", 0), loop: loop)
        let full = try Socket.listen(on: .address(.unixUnnamed), backlog: 0)
        let filler = try Socket.connect(to: .address(full.localAddress))
        let hole = try Blackhole()
        let targets = [listener.localAddress, try full.localAddress, hole.address].map { Endpoint.address($0) }
        let accepting = Task {
            for try await connection in listener.connections { connection.close() }
        }
        var outcomes: [SocketError.Code?: Int] = [:]
        for _ in 0..<100 {
            await withTaskGroup(of: SocketError.Code?.self) { group in
                for place in 0..<100 {
                    let endpoint = targets[place % targets.count]
                    let turns = Int.random(in: 0..<20)
                    group.addTask {
                        let task = Task { () async -> SocketError.Code? in
                            do throws(SocketError) {
                                _ = try await Connection.connect(to: endpoint, loop: loop)
                                return nil
                            } catch {
                                return error.code
                            }
                        }
                        for _ in 0..<turns { await Task.yield() }
                        task.cancel()
                        return await task.value
                    }
                }
                for await outcome in group { outcomes[outcome, default: 0] += 1 }
            }
        }
        #expect(Set(outcomes.keys).isSubset(of: [nil, .cancelled]), "\(outcomes)")
        #expect(outcomes.values.reduce(0, +) == 10_000)
        listener.close()
        try await accepting.value
        // The loop closes what was given up a moment later.
        let port = listener.localAddress.port ?? 0
        while openSockets(to: port) > 0 || openSockets(to: hole.address.port ?? 0) > hole.fillerCount {
            await Task.yield()
        }
        try filler.close()
    }

    /// How many sockets of this machine are connected, or on the way, to a port of 127.0.0.1 and still open.
    private static func openSockets(to port: Int) -> Int {
        guard let table = unsafe fopen("/proc/net/tcp", "re") else { return 0 }
        defer { unsafe fclose(table) }
        var count = 0
        var line = [CChar](repeating: 0, count: 512)
        while unsafe fgets(&line, Int32(line.count), table) != nil {
            let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                .split(separator: " ")
            // Fields: number, local, remote, state, queues, timers, retransmits, user, timeout, inode; without one it is closed.
            guard fields.count > 9, fields[2].hasPrefix("0100007F:") else { continue }
            if Int(fields[2].dropFirst(9), radix: 16) == port, fields[9] != "0" { count += 1 }
        }
        return count
    }
}
