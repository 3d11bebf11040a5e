import MinatoSocket

@testable import MinatoURL

/// What threads of a test leave behind.
final class Outcome: @unchecked Sendable {
    private let lock = Lock()
    private var kept: [OpenError] = []
    private let finished = Gate()

    /// Starts a thread.
    func run(_ body: @escaping @Sendable () -> Void) throws {
        try Thread.start {
            body()
            self.finished.open()
        }
    }

    /// Waits for that many threads.
    func wait(_ count: Int) -> Bool { finished.wait(count) }

    func set(_ error: OpenError) { lock.withLock { kept.append(error) } }

    /// The errors so far.
    var errors: [OpenError] { lock.withLock { kept } }

    /// The first error, or nil.
    var error: OpenError? { errors.first }

    /// Values that threads leave, in the order in which they came.
    final class Kept<Value: Sendable>: @unchecked Sendable {
        private let lock = Lock()
        private var kept: [Value] = []

        var values: [Value] { lock.withLock { kept } }

        func append(_ value: Value) { lock.withLock { kept.append(value) } }
    }

    /// A number that threads add to.
    final class Counter: @unchecked Sendable {
        private let lock = Lock()
        private var number = 0

        var value: Int { lock.withLock { number } }

        func add(_ more: Int) { lock.withLock { number += more } }
    }
}
