import Glibc
import TestSupport
import Testing

@testable import MinatoSocket

@Suite("Listening in tasks", .watchdog)
struct ListenerTests {
    @Test("Connections are taken in turn; names, ports and paths are bound as the blocking face does")
    func accept() async throws {
        let directory = try TemporaryDirectory()
        for endpoint in [
            Endpoint.tcp("127.0.0.1", 0), .tcp("localhost", 0), .tcp("", 0), .tcp("::1", 0), .unix(directory.file("s")),
        ] {
            let listener = try await Listener(on: endpoint)
            let target =
                listener.localAddress.isWildcard
                ? SocketAddress(ipv4: 127, 0, 0, 1, port: UInt16(listener.localAddress.port ?? 0))
                : listener.localAddress
            for number in 0..<3 as Range<UInt8> {
                let client = try Socket.connect(to: .address(target))
                let connection = try await listener.accept(timeout: .seconds(20))
                try await connection.write([number])
                #expect(try client.receive(atMost: 10) == [number])
            }
        }
        let named = try await Listener(on: .tcp("localhost", 0))
        #expect(named.localAddress.family == .ipv4)
    }

    @Test("What cannot be bound is a typed error")
    func failures() async throws {
        let first = try await Listener(on: .tcp("127.0.0.1", 0))
        let port = first.localAddress.port ?? 0
        let rows: [(Endpoint, SocketError.Code)] = [
            (.tcp("127.0.0.1", port), .addressInUse), (.tcp("192.0.2.1", 0), .addressNotAvailable),
            (.udp("127.0.0.1", 0), .notSupported), (.tcp("127.0.0.1", -1), .invalidArgument),
            (.tcp("no such name.invalid", 0), .unknownHost),
        ]
        for (endpoint, code) in rows {
            let error = await #expect(throws: SocketError.self) { try await Listener(on: endpoint) }
            #expect(error?.code == code, "\(endpoint)")
        }
        let idle = try Socket(.ipv4)
        try idle.bind(to: SocketAddress(ipv4: 127, 0, 0, 1, port: 0))
        let address = try idle.localAddress
        do throws(SocketError) {
            _ = try Listener(adopting: idle)
            Issue.record("no error")
        } catch {
            #expect(error.description == "adopt tcp socket that does not listen \(address): Invalid argument (EINVAL)")
        }
    }

    @Test("An adopted socket listens on; its connections have TCP_NODELAY and are close-on-exec and non-blocking")
    func adopted() async throws {
        let listener = try Listener(adopting: Socket.listen(on: .tcp("127.0.0.1", 0)))
        let client = try Socket.connect(to: .address(listener.localAddress))
        let connection = try await listener.accept()
        let descriptor = try #require(connection.channel.withDescriptor { $0 })
        #expect(fcntl(descriptor, F_GETFD) == FD_CLOEXEC)
        #expect(fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0)
        #expect(try connection.channel.withSocket { (socket) throws(SocketError) in try socket.option(.noDelay) })
        try client.close()
    }

    @Test("Timeout, deadline, cancellation and closing end an accept, and it loses nothing")
    func ends() async throws {
        let listener = try await Listener(on: .tcp("127.0.0.1", 0))
        let timeout = await #expect(throws: SocketError.self) { try await listener.accept(timeout: .milliseconds(10)) }
        #expect(timeout?.description == "accept tcp \(listener.localAddress): Connection timed out (ETIMEDOUT)")
        let deadline = Deadline.after(.milliseconds(10))
        for _ in 0..<2 {
            let error = await #expect(throws: SocketError.self) { try await listener.accept(deadline: deadline) }
            #expect(error?.code == .timedOut)
        }
        let cancelled = Task { try await listener.accept() }
        cancelled.cancel()
        #expect(await #expect(throws: SocketError.self) { try await cancelled.value }?.code == .cancelled)

        let client = try Socket.connect(to: .address(listener.localAddress))
        let connection = try await listener.accept(timeout: .seconds(20))
        connection.close()
        try client.close()

        let waiter = Task { try await listener.accept() }
        while !listener.channel.current.isWaiting(.reading) { await Task.yield() }
        let second = await #expect(throws: SocketError.self) { try await listener.accept() }
        #expect(second?.code == .busy)
        listener.close()
        listener.close()
        #expect(await #expect(throws: SocketError.self) { try await waiter.value }?.code == .closed)
        let after = await #expect(throws: SocketError.self) { try await listener.accept() }
        #expect(after?.description == "accept tcp \(listener.localAddress): Closed")
    }

    @Test("The sequence gives connections, ends when the listener is closed, throws when the task is cancelled")
    func sequence() async throws {
        let listener = try await Listener(on: .tcp("127.0.0.1", 0))
        let serving = Task {
            var count = 0
            for try await connection in listener.connections {
                count += 1
                try await connection.write([1])
            }
            return count
        }
        for _ in 0..<5 {
            let greeting = try await withConnection(to: .address(listener.localAddress)) { connection in
                try await connection.read(atMost: 2)
            }
            #expect(greeting == [1])
        }
        listener.close()
        #expect(try await serving.value == 5)

        let other = try await Listener(on: .tcp("127.0.0.1", 0))
        let endless = Task { for try await _ in other.connections {} }
        endless.cancel()
        #expect(await #expect(throws: SocketError.self) { try await endless.value }?.code == .cancelled)
    }

    @Test("A copy that blocks does not make it wait in accept4")
    func blockingCopy() async throws {
        let socket = try Socket.listen(on: .tcp("127.0.0.1", 0))
        let copy = try socket.duplicate().detach()
        defer { close(copy) }
        let listener = try Listener(adopting: socket)
        #expect(await code { _ = try await listener.accept(timeout: .zero) } == .timedOut)
        let client = try Socket.connect(to: .address(listener.localAddress))
        try await listener.accept().close()
        #expect(try client.receive(atMost: 1).isEmpty)
    }

    @Test("An error that cannot pass ends the sequence: a socket that listens no more")
    func unusable() async throws {
        let socket = try Socket.listen(on: .tcp("127.0.0.1", 0))
        let alias = try socket.duplicate()
        let listener = try Listener(adopting: socket)
        let serving = Task { for try await _ in listener.connections {} }
        while !listener.channel.current.isWaiting(.reading) { await Task.yield() }
        // accept4 says EINVAL from now on.
        try alias.shutdown(.receiving)
        let error = await #expect(throws: SocketError.self) { try await serving.value }
        #expect(error?.description == "accept tcp \(listener.localAddress): Invalid argument (EINVAL)")
    }

    @Test("A connection that was reset in the queue is given out, or skipped, and the next one is served")
    func resetInQueue() async throws {
        let listener = try await Listener(on: .tcp("127.0.0.1", 0))
        for _ in 0..<3 {
            let client = try Socket.connect(to: .address(listener.localAddress))
            try client.setOption(.linger, .upTo(seconds: 0))
            try client.close()
        }
        let last = Task { () -> [UInt8] in
            try await withConnection(to: .address(listener.localAddress)) { try await $0.read(atMost: 2) }
        }
        for try await connection in listener.connections {
            do throws(SocketError) {
                try await connection.write([9])
                break
            } catch {
                // Linux gives a socket whose first use says that it was reset.
                #expect([.connectionReset, .brokenPipe, .notConnected].contains(error.code))
            }
        }
        #expect(try await last.value == [9])
    }

    @Test("acceptReady takes what is there and never waits; after an empty queue it waits for the kernel's word")
    func ready() async throws {
        let loop = try EventLoop()
        defer { loop.shutdown() }
        let listener = try await Listener(on: .tcp("127.0.0.1", 0), loop: loop)
        guard case .none = listener.acceptReady() else { return #expect(Bool(false), "not empty") }
        #expect(!listener.channel.current.isReady(.reading) || !loop.core.hasEdges)
        let clients = try (0..<3).map { _ in SharedSocket(try Socket.connect(to: .address(listener.localAddress))) }
        var taken: [SocketAddress] = []
        while taken.count < 3 {
            try await listener.waitUntilReady(deadline: .after(.seconds(20)))
            accepting: while true {
                switch listener.acceptReady() {
                case .connection(let descriptor, let peer):
                    let socket = listener.socket(owning: descriptor)
                    #expect(try socket.peerAddress == peer)
                    taken.append(peer)
                case .none: break accepting
                case .failure(let code):
                    Issue.record("\(code)")
                    break accepting
                }
            }
        }
        #expect(try taken == clients.map { try $0.socket.localAddress })
        let late = await #expect(throws: SocketError.self) {
            try await listener.waitUntilReady(deadline: .after(.milliseconds(5)))
        }
        #expect(late?.code == .timedOut)
        listener.close()
        guard case .failure(.closed) = listener.acceptReady() else { return #expect(Bool(false), "not closed") }
    }

    @Test("A pause lasts as long as it says, whoever comes; cancelling and closing end it")
    func pause() async throws {
        let listener = try await Listener(on: .tcp("127.0.0.1", 0))
        let clock = ContinuousClock()
        let begin = clock.now
        let client = try Socket.connect(to: .address(listener.localAddress))
        try await listener.pause(.milliseconds(40))
        #expect(clock.now - begin >= .milliseconds(40))
        let cancelled = Task { try await listener.pause(.seconds(50)) }
        cancelled.cancel()
        #expect(await #expect(throws: SocketError.self) { try await cancelled.value }?.code == .cancelled)
        let closed = Task { try await listener.pause(.seconds(50)) }
        while !listener.channel.current.isWaiting(.writing) { await Task.yield() }
        listener.close()
        #expect(await #expect(throws: SocketError.self) { try await closed.value }?.code == .closed)
        try client.close()
    }
}
