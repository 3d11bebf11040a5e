import Glibc
import TestSupport
import Testing

@testable import MinatoSocket

@Suite("Connecting to names", .watchdog)
struct DialerTests {
    let loop: EventLoop
    let pool = ResolverPool(limit: 2, queueLimit: 2)
    let gate = ResolverTests.Gate()

    init() throws { loop = try EventLoop() }

    /// Connects to a name that has these addresses. `.ipv6` or `.ipv4` in `hanging`: that look-up waits at the gate.
    private func dial(
        _ addresses: [SocketAddress], hanging: Set<Socket.Family> = [], timeout: Duration? = nil,
        family: Socket.Family = .unspecified
    ) async throws(SocketError) -> SocketAddress {
        let gate = gate
        let dialer = Dialer(to: .tcp("name.test", 1), from: nil, family: family, on: loop, pool: pool) {
            (query) throws(SocketError) in
            if hanging.contains(query.family) { gate.wait() }
            let own = addresses.filter { $0.family == query.family }
            if own.isEmpty { throw SocketError(.resolve, .noAddressOfFamily, subject: query.subject) }
            return own.map { Resolver.Answer(address: $0, kind: .stream, protocolNumber: 0, canonicalName: nil) }
        }
        let connection = Connection(try await dialer.run(until: .after(timeout)))
        defer { connection.close() }
        var peer = SocketAddress()
        _ = connection.channel.withDescriptor { peer = (try? SharedPeer.address(of: $0)) ?? SocketAddress() }
        return peer
    }

    private func closedAddress(_ host: String = "127.0.0.1") throws -> (SharedSocket, SocketAddress) {
        // Bound and not listening: nobody can take the port meanwhile, and nobody answers there.
        let holder = try Socket(host.contains(":") ? .ipv6 : .ipv4)
        try holder.bind(to: SocketAddress(host: host, port: 0))
        let address = try holder.localAddress
        return (SharedSocket(holder), address)
    }

    @Test("The first address that answers wins: refused ones cost nothing, silent ones 250 ms")
    func race() async throws {
        let listener = try Socket.listen(on: .tcp("127.0.0.1", 0))
        let good = try listener.localAddress
        let (holder, closed) = try closedAddress("::1")
        #expect(try await dial([closed, good]) == good)
        let silent = try Blackhole("::1")
        let clock = ContinuousClock()
        let begin = clock.now
        #expect(try await dial([silent.address, good]) == good)
        #expect(clock.now - begin >= .milliseconds(250))
        withExtendedLifetime((holder, silent)) {}
    }

    @Test("A look-up that hangs holds the other family up for 50 ms only")
    func slowLookUp() async throws {
        let listener = try Socket.listen(on: .tcp("127.0.0.1", 0))
        let good = try listener.localAddress
        defer { gate.open() }
        let clock = ContinuousClock()
        let begin = clock.now
        #expect(try await dial([good], hanging: [.ipv6]) == good)
        #expect(clock.now - begin >= .milliseconds(50))
    }

    @Test("The deadline covers the look-up, and the time in its queue; the loop is not blocked meanwhile")
    func deadline() async throws {
        defer { gate.open() }
        let both: Set<Socket.Family> = [.ipv4, .ipv6]
        // The first takes both threads, the second waits in the queue.
        for _ in 0..<2 {
            let error = await #expect(throws: SocketError.self) {
                try await dial([], hanging: both, timeout: .milliseconds(30))
            }
            #expect(error?.description == "resolve name.test:1: Connection timed out (ETIMEDOUT)")
        }
        #expect(pool.queued == 0)
    }

    @Test("A full queue refuses")
    func busy() async throws {
        let both: Set<Socket.Family> = [.ipv4, .ipv6]
        try await withThrowingTaskGroup { group in
            for _ in 0..<2 {
                group.addTask { _ = try? await dial([], hanging: both) }
            }
            while pool.queued < 2 { await Task.yield() }
            let error = await #expect(throws: SocketError.self) { try await dial([], hanging: both) }
            #expect(error?.code == .resolverBusy)
            gate.open()
            try await group.waitForAll()
        }
    }

    @Test("A name without addresses, and one whose addresses all fail")
    func failures() async throws {
        let unknown = await #expect(throws: SocketError.self) { try await dial([]) }
        #expect(unknown?.code == .noAddressOfFamily)
        #expect(unknown?.operation == .resolve)
        let (first, six) = try closedAddress("::1")
        let (second, four) = try closedAddress()
        let refused = await #expect(throws: SocketError.self) { try await dial([four, six]) }
        #expect(
            refused?.description
                == "connect tcp://name.test:1: Connection refused (ECONNREFUSED) [connect tcp \(six): Connection refused "
                + "(ECONNREFUSED); connect tcp \(four): Connection refused (ECONNREFUSED)]")
        let only = await #expect(throws: SocketError.self) { try await dial([four, six], family: .ipv4) }
        #expect(only?.description == "connect tcp \(four): Connection refused (ECONNREFUSED)")
        withExtendedLifetime((first, second)) {}
    }

    @Test("Cancelling returns while the look-up hangs")
    func cancel() async throws {
        defer { gate.open() }
        for isBegun in [true, false] {
            let task = Task { try await dial([], hanging: [.ipv4, .ipv6]) }
            while isBegun, !gate.isWaitedFor { await Task.yield() }
            task.cancel()
            let error = await #expect(throws: SocketError.self) { try await task.value }
            #expect(error?.code == .cancelled)
            if isBegun { #expect(error?.description == "resolve name.test:1: Operation canceled (ECANCELED)") }
        }
    }

    @Test("A loop that ends, or has ended, ends it with .closed")
    func loopEnds() async throws {
        let hole = try Blackhole()
        let (begun, wait) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            wait.yield()
            return try await dial([hole.address])
        }
        for await _ in begun { break }
        loop.shutdown()
        let error = await #expect(throws: SocketError.self) { try await task.value }
        #expect(error?.code == .closed)
        let later = await #expect(throws: SocketError.self) { try await dial([hole.address]) }
        #expect(later?.code == .closed)
    }
}

/// The peer's address of a bare descriptor.
enum SharedPeer {
    static func address(of descriptor: Int32) throws -> SocketAddress {
        let socket = try Socket(adopting: dup(descriptor))
        return try socket.peerAddress
    }
}
