import CMinato
import Glibc
import MinatoSocket
public import Testing

/// Ends the process, with the name of the test, when a test hangs: `@Suite(.watchdog)`.
///
/// Swift Testing's own time limit does not stop a thread that is blocked in a system call.
public struct WatchdogTrait: SuiteTrait, TestTrait, TestScoping {
    let limit: Duration

    /// Whether the tests of a suite have it too.
    public var isRecursive: Bool { true }

    /// Runs a test while the watchdog knows of it.
    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent () async throws -> Void
    ) async throws {
        LeakCheck.install()
        guard testCase != nil else { return try await function() }
        let ticket = Watchdog.shared.start("\(test.id)", limit: limit)
        defer { Watchdog.shared.finish(ticket) }
        try await function()
    }
}

extension Trait where Self == WatchdogTrait {
    /// A test may take five minutes: a hundred times what the slowest one needs, and enough on a machine that is busy with
    /// other things, sanitizers included.
    public static var watchdog: Self { WatchdogTrait(limit: .seconds(300)) }
}

/// The thread that watches.
final class Watchdog: @unchecked Sendable {
    static let shared = Watchdog()

    private let lock = Lock()
    /// Guarded by `lock`.
    private var running: [Int: (name: String, deadline: Deadline)] = [:]
    private var next = 0

    private init() {
        do {
            try Thread.start { self.watch() }
        } catch {
            report("the watchdog could not be started: \(error)")
            exit(70)
        }
    }

    func start(_ name: String, limit: Duration) -> Int {
        lock.withLock {
            next += 1
            running[next] = (name, .after(limit))
            lock.wakeAll()
            return next
        }
    }

    func finish(_ ticket: Int) {
        lock.withLock { running[ticket] = nil }
    }

    private func watch() {
        while true {
            let stuck: String? = lock.withLock {
                let earliest = running.values.min { $0.deadline < $1.deadline }
                _ = lock.wait(until: earliest?.deadline ?? .none)
                return running.values.first { $0.deadline.hasPassed }?.name
            }
            if let stuck {
                report("watchdog: \(stuck) is stuck")
                _exit(70)
            }
        }
    }
}

func report(_ line: String) {
    var text = line + "\n"
    text.withUTF8 { bytes in
        if let base = bytes.baseAddress { _ = unsafe write(STDERR_FILENO, base, bytes.count) }
    }
}
