import TestSupport
import Testing

@testable import MinatoSocket

@Suite("Resolving in tasks", .watchdog)
struct TaskResolverTests {
    @Test("The answers are those of the blocking face")
    func answers() async throws {
        for host in ["localhost", "127.0.0.1", "::1"] {
            let answers = try await Resolver.resolve(host, service: "80")
            #expect(try answers == Resolver.addresses(of: host, service: "80"))
        }
        let passive = try await Resolver.resolve(nil, service: "0", family: .ipv4, flags: .passive)
        #expect(passive.map(\.address.isWildcard) == [true])
        let loopback = SocketAddress(ipv4: 127, 0, 0, 1, port: 80)
        let names = try await Resolver.resolveNames(of: loopback)
        #expect(try names == Resolver.names(of: loopback))
    }

    @Test("Wrong questions are typed errors")
    func errors() async throws {
        let rows: [(String, String?, SocketError.Code)] = [
            ("127.0.0.1", "65536", .invalidArgument), ("a\0b", nil, .invalidArgument),
            ("127.0.0.1", "no such service", .unknownService), ("no such name.invalid", nil, .unknownHost),
        ]
        for (host, service, code) in rows {
            let error = await #expect(throws: SocketError.self) { try await Resolver.resolve(host, service: service) }
            #expect(error?.code == code, "\(host)")
        }
        let family = await #expect(throws: SocketError.self) {
            try await Resolver.resolve("127.0.0.1", family: .ipv6)
        }
        #expect(family?.code == .noAddressOfFamily)
    }

    @Test("Cancellation and the deadline end the wait for a look-up that hangs, and take it out of the queue")
    func hanging() async throws {
        let pool = ResolverPool(limit: 1, queueLimit: 2)
        let gate = ResolverTests.Gate()
        let loop = try EventLoop()
        defer { loop.shutdown() }
        let hang = { @Sendable () -> Int in
            gate.wait()
            return 3
        }
        let lookUp = { @Sendable () in LookUp(of: "x", on: loop, pool: pool) { () throws(SocketError) in hang() } }
        let first = Task { try await lookUp().run(until: .none) }
        let late = await #expect(throws: SocketError.self) {
            try await lookUp().run(until: .after(.milliseconds(20)))
        }
        #expect(late?.description == "resolve x: Connection timed out (ETIMEDOUT)")
        let cancelled = Task { try await lookUp().run(until: .none) }
        while pool.queued == 0 { await Task.yield() }
        cancelled.cancel()
        #expect(await #expect(throws: SocketError.self) { try await cancelled.value }?.code == .cancelled)
        #expect(pool.queued <= 1)
        gate.open()
        #expect(try await first.value == 3)
    }
}
