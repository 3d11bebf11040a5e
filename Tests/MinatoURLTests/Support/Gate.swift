import MinatoSocket
import TestSupport

/// Lets threads of a test wait for each other, with a limit: a test fails, it never hangs.
final class Gate: @unchecked Sendable {
    private let lock = Lock()
    private var count = 0

    /// Counts one more.
    func open() {
        lock.withLock {
            count += 1
            lock.wakeAll()
        }
    }

    /// As `wait`, for tasks.
    func opened(_ times: Int = 1) async -> Bool {
        (try? await Background { self.wait(times) }.value) ?? false
    }

    /// Lets time pass where time itself is what the test is about; ends at once when the gate is opened.
    func pause(_ duration: Duration) {
        lock.withLock { _ = count > 0 || lock.wait(until: Deadline.after(duration)) }
    }

    /// As `pause`, for tasks.
    func pauseTask(_ duration: Duration) async {
        _ = try? await Background { self.pause(duration) }.value
    }

    /// Waits until `open` was called `times` times; false after two minutes.
    ///
    /// So long because on a busy machine, and under a sanitizer, what takes a millisecond can take many seconds: the limit
    /// says only that it will not happen any more.
    @discardableResult
    func wait(_ times: Int = 1) -> Bool {
        let deadline = SuspendingClock.now.advanced(by: .seconds(120))
        return lock.withLock {
            while count < times {
                guard SuspendingClock.now < deadline else { return false }
                _ = lock.wait(until: Deadline.after(.milliseconds(100)))
            }
            return true
        }
    }
}
