import Glibc
import TestSupport
import Testing

@testable import MinatoSocket

@Suite("Timeouts and deadlines of connections", .watchdog, .serialized)
struct ConnectionTimeoutTests {
    private typealias Call = @Sendable (Connection, Duration?, Deadline) async throws -> Void

    /// Every operation that may wait.
    private static let calls: [(name: String, call: Call)] = [
        ("read", { _ = try await $0.read(atMost: 10, timeout: $1, deadline: $2) }),
        (
            "append",
            {
                var bytes: [UInt8] = []
                try await $0.read(atMost: 10, appendingTo: &bytes, timeout: $1, deadline: $2)
            }
        ),
        (
            "into",
            {
                var bytes: [UInt8] = [0]
                var span = bytes.mutableSpan
                _ = try await $0.read(into: &span, timeout: $1, deadline: $2)
            }
        ),
        ("exactly", { _ = try await $0.read(exactly: 10, timeout: $1, deadline: $2) }),
        ("until", { _ = try await $0.read(until: [10], timeout: $1, deadline: $2) }),
        ("line", { _ = try await $0.readLine(timeout: $1, deadline: $2) }),
        ("all", { _ = try await $0.readAll(limit: 10, timeout: $1, deadline: $2) }),
        ("chunks", { for try await _ in $0.chunks(atMost: 10, timeout: $1, deadline: $2) {} }),
        ("message", { _ = try await $0.receiveMessage(ancillaryCapacity: 0, timeout: $1, deadline: $2) }),
        ("descriptors", { _ = try await $0.receiveDescriptors(atMost: 1, timeout: $1, deadline: $2) }),
        ("write", { while true { try await $0.write(muchContent, timeout: $1, deadline: $2) } }),
        ("pieces", { while true { try await $0.write(pieces: [muchContent], timeout: $1, deadline: $2) } }),
        (
            "send message",
            { while true { try await $0.sendMessage(muchContent, ancillary: [], timeout: $1, deadline: $2) } }
        ),
    ]

    @Test("Each operation ends when its time is over, not before; the connection stays as it is", arguments: Setup.tcp)
    func everyOperation(_ setup: Setup) async throws {
        for (name, call) in Self.calls {
            try await setup.run { stage in
                try await stage.start { connection in
                    let limit = Duration.milliseconds(4)
                    try connection.setReadTimeout(nil)
                    let start = ContinuousClock.now
                    let byTimeout = await code { try await call(connection, limit, .none) }
                    let first = start.duration(to: .now)
                    let byDeadline = await code { try await call(connection, nil, .after(limit)) }
                    // The earlier of both.
                    let byEarlier = await code { try await call(connection, .seconds(1000), .after(limit)) }
                    let byTheOther = await code { try await call(connection, limit, .after(.seconds(1000))) }
                    let atOnce = await code { try await call(connection, .zero, .none) }
                    let negative = await code { try await call(connection, .seconds(-1), .none) }
                    try connection.setReadTimeout(limit)
                    try connection.setWriteTimeout(limit)
                    let byStandard = await code { try await call(connection, nil, .none) }
                    let codes = [byTimeout, byDeadline, byEarlier, byTheOther, atOnce, negative, byStandard]
                    #expect(codes == Array(repeating: .timedOut, count: 7), "\(name)")
                    #expect(first >= limit, "\(name)")
                }.value
            }
        }
    }

    @Test("A deadline that has passed does not keep from what need not wait")
    func passed() async throws {
        try await Setup().run { stage in
            try stage.peer.socket.sendAll("abc\n")
            #expect(text(try await stage.connection.read(exactly: 1)) == "a")
            let deadline = Deadline.after(.zero)
            #expect(text(try await stage.connection.read(exactly: 1, deadline: deadline)) == "b")
            #expect(text(try await stage.connection.readLine(timeout: .zero, deadline: deadline)) == "c\n")
            try await stage.connection.write("x", timeout: .zero, deadline: deadline)
            #expect(await code { _ = try await stage.connection.read(atMost: 1, deadline: deadline) } == .timedOut)
        }
    }

    @Test("The time is for the operation as a whole, however often a byte comes", arguments: Setup.tcp)
    func whole(_ setup: Setup) async throws {
        try await setup.run { stage in
            let peer = stage.peer
            let dripping = try Background {
                while errorCode({ () throws(SocketError) in try peer.socket.send([65]) }) == nil {
                    usleep(1000)  // the rate of the drip, not a synchronisation
                }
            }
            let start = ContinuousClock.now
            let reading = stage.start { connection in
                await code { _ = try await connection.read(exactly: 1_000_000, timeout: .milliseconds(40)) }
            }
            #expect(try await reading.value == .timedOut)
            #expect(start.duration(to: .now) >= .milliseconds(40))
            stage.connection.close()
            try await dripping.value
        }
    }

    @Test("Several operations share one deadline", arguments: Setup.tcp)
    func shared(_ setup: Setup) async throws {
        try await setup.run { stage in
            try stage.peer.socket.sendAll("one\ntwo\n")
            let reading = stage.start { connection in
                let start = ContinuousClock.now
                let deadline = Deadline.after(.milliseconds(50))
                var lines: [String?] = []
                let result = await code {
                    while true { lines.append(text(try await connection.readLine(deadline: deadline))) }
                }
                #expect(lines == ["one\n", "two\n"])
                #expect(start.duration(to: .now) >= .milliseconds(50))
                return result
            }
            #expect(try await reading.value == .timedOut)
        }
    }

    @Test("A first byte that comes late is read, after timeouts that ran out before", arguments: Setup.all)
    func slowFirstByte(_ setup: Setup) async throws {
        try await setup.run { stage in
            let timeouts = Guarded(0)
            let reading = stage.start { connection in
                while true {
                    do throws(SocketError) {
                        return try await connection.read(atMost: 10, timeout: .milliseconds(2))
                    } catch {
                        guard error.code == .timedOut else { throw error }
                        timeouts.withLock { $0 += 1 }
                    }
                }
            }
            await until { timeouts.withLock { $0 } >= 5 }
            try stage.peer.socket.sendAll("late")
            #expect(text(try await reading.value) == "late")
        }
    }

    @Test("A timeout that ran out, or was not needed, does not touch the operations behind it", arguments: Setup.tcp)
    func stale(_ setup: Setup) async throws {
        try await setup.run { stage in
            let peer = stage.peer
            let reading = stage.start { connection in
                // Its timer is still set when the next waits begin, which have none, or later ones.
                try peer.socket.sendAll("a")
                _ = try await connection.read(atMost: 1, timeout: .milliseconds(30))
                let before = await code { _ = try await connection.read(atMost: 1, timeout: .milliseconds(5)) }
                let start = ContinuousClock.now
                let after = await code { _ = try await connection.read(atMost: 1, timeout: .milliseconds(60)) }
                return (before, after, start.duration(to: .now))
            }
            let (before, after, time) = try await reading.value
            #expect(before == .timedOut)
            #expect(after == .timedOut)
            #expect(time >= .milliseconds(60))
            let waiting = stage.start { connection in try await connection.read(atMost: 1) }
            await stage.untilWaiting(.reading)
            let other = stage.start { connection in try await connection.eventLoop.sleep(for: .milliseconds(40)) }
            try await other.value
            #expect(stage.connection.channel.current.isWaiting(.reading))
            try peer.socket.sendAll("b")
            #expect(text(try await waiting.value) == "b")
        }
    }

    @Test("What is there is taken in no time, also before the loop has told of it", arguments: Setup.backends)
    func unreported(_ backend: EventLoop.Backend) async throws {
        let loop = try EventLoop(backend: backend)
        defer { loop.shutdown() }
        for _ in 0..<50 {
            for isOwn in [true, false] {
                let pair = try Socket.pair()
                try pair.second.sendAll("xyz")
                let connection = try Connection(adopting: pair.first, on: loop)
                let reading = Task(executorPreference: loop) {
                    if isOwn { connection.channel.adoptCurrentTask() }
                    for try await piece in connection.chunks(atMost: 2, timeout: .zero) { return piece }
                    return []
                }
                #expect(try await reading.value == Array("xy".utf8))
                #expect(try await connection.read(atMost: 2, timeout: .zero) == Array("z".utf8))
                // Nothing more, and a time that has passed makes nothing of it.
                #expect(await code { _ = try await connection.read(atMost: 2, timeout: .zero) } == .timedOut)
                connection.close()
            }
            let listener = try await Listener(on: .tcp("127.0.0.1", 0), loop: loop)
            let client = try Socket.connect(to: .address(listener.localAddress))
            try await listener.accept(timeout: .zero).close()
            listener.close()
            try client.close()
            let datagrams = try await DatagramSocket(boundTo: .udp("127.0.0.1", 0), loop: loop)
            let sender = try Socket(.ipv4, .datagram)
            try sender.send([7], to: datagrams.localAddress)
            #expect(try await datagrams.receive(atMost: 1, timeout: .zero).bytes == [7])
            datagrams.close()
            try sender.close()
        }
    }

    @Test(
        "A wait that begins before the loop knows of the connection is limited all the same", arguments: Setup.backends)
    func unregistered(_ backend: EventLoop.Backend) async throws {
        let loop = try EventLoop(backend: backend)
        defer { loop.shutdown() }
        for _ in 0..<50 {
            let pair = try Socket.pair()
            let peer = SharedSocket(pair.second)
            let channel = Channel(pair.first, on: loop)
            let connection = Connection(channel)
            let reading = Task(executorPreference: loop) {
                await code { _ = try await connection.read(atMost: 1, timeout: .milliseconds(2)) }
            }
            if backend == .epoll { await until { channel.current.isWaiting(.reading) } }
            channel.register()
            #expect(await reading.value == .timedOut)
            try peer.socket.sendAll("x")
            #expect(text(try await connection.read(atMost: 1)) == "x")
            connection.close()
        }
    }

    @Test("Standard timeouts: none at first; zero and less are refused, and change nothing")
    func standard() async throws {
        try await Setup().run { stage in
            let connection = stage.connection
            #expect(connection.readTimeout == nil)
            #expect(connection.writeTimeout == nil)
            try connection.setReadTimeout(.seconds(3))
            try connection.setWriteTimeout(.milliseconds(4))
            #expect(errorCode { () throws(SocketError) in try connection.setReadTimeout(.zero) } == .invalidArgument)
            #expect(
                errorCode { () throws(SocketError) in try connection.setWriteTimeout(.seconds(-1)) } == .invalidArgument
            )
            #expect(connection.readTimeout == .seconds(3))
            #expect(connection.writeTimeout == .milliseconds(4))
            try connection.setReadTimeout(nil)
            #expect(connection.readTimeout == nil)
        }
    }
}
