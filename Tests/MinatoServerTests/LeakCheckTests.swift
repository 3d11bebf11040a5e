import Glibc
import MinatoSocket
import TestSupport
import Testing

/// The leak check of the tests themselves: each kind of leak is made on purpose in a process of its own, which must fail.
@Suite("The leak check", .watchdog)
struct LeakCheckTests {
    enum Kind: String, CaseIterable {
        case nothing, descriptor, thread, object, task, memory

        /// The line by which it is told, nil for what is no leak.
        var complaint: String? {
            switch self {
            case .nothing: nil
            case .descriptor: "leaked descriptor "
            case .thread: "leaked loopThread: "
            case .object: "leaked channel: 1, of which 0 may be"
            case .task: "leaked sleeper: 1, of which 0 may be"
            case .memory: "leaked memory: "
            }
        }
    }

    private static var asked: Kind? {
        unsafe getenv("MINATO_TEST_LEAK").flatMap { unsafe Kind(rawValue: String(cString: $0)) }
    }

    @Test("Makes a leak on purpose", .enabled(if: Self.asked != nil, "only in a process that the next test starts"))
    func leak() async throws {
        switch try #require(Self.asked) {
        case .nothing: break
        case .descriptor:
            let socket = try Socket(.ipv4, .stream)
            _ = socket.detach()
        case .thread:
            let loop = try EventLoop()
            _ = unsafe Unmanaged.passRetained(loop)
        case .object:
            // Closed, but not let go of.
            let ends = try Socket.pair()
            let connection = try Connection(adopting: ends.first)
            connection.close()
            _ = unsafe Unmanaged.passRetained(connection)
        case .task:
            let loop = try EventLoopGroup.shared.next()
            Task(executorPreference: loop) { try await loop.sleep(for: .seconds(3600)) }
            while LiveObjects.sleeper.count == 0 { await Task.yield() }
        case .memory: unsafe memset(malloc(100 << 20), 1, 100 << 20)
        }
    }

    @Test("It finds each kind of leak, and none where there is none", arguments: Kind.allCases)
    func finds(kind: Kind) throws {
        // A sanitizer has an allocator of its own, which finds what is leaked by itself.
        if kind == .memory, Sanitizer.isPresent { return }
        let process = try ChildProcess(
            ["/proc/\(getpid())/exe", "--testing-library", "swift-testing", "--filter", "LeakCheckTests/leak"],
            environment: ["MINATO_TEST_LEAK": kind.rawValue])
        _ = process.readToEnd()
        let errors = process.readErrors()
        let status = process.wait()
        #expect(status == (kind == .nothing ? 0 : 71), "\(errors)")
        let lines = errors.split(separator: "\n").filter { $0.hasPrefix("leaked ") }
        if let complaint = kind.complaint {
            #expect(lines.contains { $0.hasPrefix(complaint) }, "\(errors)")
        } else {
            #expect(lines.isEmpty)
        }
    }
}
