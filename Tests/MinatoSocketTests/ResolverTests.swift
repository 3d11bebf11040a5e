import Glibc
import TestSupport
import Testing

@testable import MinatoSocket

@Suite("Resolver", .watchdog)
struct ResolverTests {
    @Test("Numbers are resolved without waiting, with the port and kind asked for")
    func numeric() throws {
        let answers = try Resolver.addresses(of: "127.0.0.1", service: "80", kind: .datagram, timeout: .zero)
        #expect(answers.map(\.address) == [SocketAddress(ipv4: 127, 0, 0, 1, port: 80)])
        #expect(answers.first?.kind == .datagram)
        #expect(try Resolver.addresses(of: nil, service: "0", family: .ipv4, flags: .passive)[0].address.isWildcard)
    }

    @Test("localhost has addresses of both families or of the one asked for")
    func localhost() throws {
        for timeout in [nil, Duration.seconds(20)] {
            let all = try Resolver.addresses(of: "localhost", service: "http", timeout: timeout)
            #expect(all.contains { $0.address == SocketAddress(ipv4: 127, 0, 0, 1, port: 80) })
            let v4 = try Resolver.addresses(of: "localhost", family: .ipv4, timeout: timeout)
            #expect(v4.allSatisfy { $0.address.family == .ipv4 })
        }
    }

    @Test("Wrong questions are typed errors")
    func errors() {
        let cases: [(String, String, SocketError.Code)] = [
            ("127.0.0.1", "65536", .invalidArgument), ("127.0.0.1", "-1", .invalidArgument),
            ("127.0.0.1", "no such service", .unknownService), ("a\0b", "1", .invalidArgument),
        ]
        for (host, service, code) in cases {
            let error = #expect(throws: SocketError.self) { try Resolver.addresses(of: host, service: service) }
            #expect(error?.code == code, "\(host) \(service)")
        }
        let negative = #expect(throws: SocketError.self) {
            try Resolver.addresses(of: "localhost", timeout: .seconds(-1))
        }
        #expect(negative?.code == .invalidArgument)
        let numericOnly = #expect(throws: SocketError.self) {
            try Resolver.addresses(of: "localhost", flags: .numericHost)
        }
        #expect(numericOnly?.code == .unknownHost)
        #expect(numericOnly?.description == "resolve localhost: Name or service not known (EAI_NONAME)")
        let atOnce = #expect(throws: SocketError.self) { try Resolver.addresses(of: "localhost", timeout: .zero) }
        #expect(atOnce?.code == .wouldBlock)
    }

    @Test("Services, protocols, names and interfaces are found both ways")
    func tables() throws {
        #expect(try Resolver.port(of: "http", protocolName: "tcp") == 80)
        #expect(try Resolver.service(at: 80, protocolName: "tcp") == "http")
        #expect(try Resolver.protocolNumber(of: "udp") == 17)
        #expect(try !Resolver.hostName().isEmpty)
        #expect(
            try Resolver.names(of: SocketAddress(ipv4: 127, 0, 0, 1, port: 80), numeric: true) == ("127.0.0.1", "80"))
        let loopback = try NetworkInterface(named: "lo")
        #expect(try NetworkInterface(index: loopback.index) == loopback)
        #expect(try NetworkInterface.all().contains(loopback))
        #expect(throws: SocketError.self) { try Resolver.port(of: "no-such-service") }
        #expect(throws: SocketError.self) { try Resolver.port(of: "ht\0tp") }
        #expect(throws: SocketError.self) { try Resolver.service(at: 70_000) }
        #expect(throws: SocketError.self) { try Resolver.service(at: 1, protocolName: "no-such-protocol") }
        #expect(throws: SocketError.self) { try Resolver.protocolNumber(of: "nonesuch") }
        #expect(throws: SocketError.self) { try NetworkInterface(named: "nonesuch") }
        #expect(throws: SocketError.self) { try NetworkInterface(index: 0) }
    }

    @Test("A look-up that hangs costs its thread and not the caller, and the pool is bounded")
    func pool() throws {
        let pool = ResolverPool(limit: 1, queueLimit: 2)
        let gate = Gate()
        let hanging = { @Sendable () throws(SocketError) -> [Resolver.Answer] in
            gate.wait()
            return []
        }
        // The first occupies the only thread, the second waits in the queue: both are given up at their deadline.
        #expect(try pool.run(until: .after(.milliseconds(20)), hanging) == nil)
        #expect(try pool.run(until: .after(.milliseconds(20)), hanging) == nil)
        let waiting = try (0..<2).map { _ in
            try Background { try pool.run(until: .after(.seconds(30)), hanging) != nil }
        }
        while pool.queued < 2 { sched_yield() }
        let refused = #expect(throws: SocketError.self) { try pool.run(until: .after(.seconds(1)), hanging) }
        #expect(refused?.code == .resolverBusy)
        gate.open()
        for background in waiting { #expect(try background.join()) }
    }

    /// Holds threads back until it is opened.
    final class Gate: @unchecked Sendable {
        private let lock = Lock()
        private var isOpen = false
        private var waiters = 0

        /// Whether a thread has come to it.
        var isWaitedFor: Bool { lock.withLock { waiters > 0 } }

        func wait() {
            lock.withLock {
                waiters += 1
                while !isOpen { lock.wait() }
            }
        }

        func open() {
            lock.withLock {
                isOpen = true
                lock.wakeAll()
            }
        }
    }
}
