/// A value that threads change under a lock, and for whose changes they wait.
package final class Guarded<State: ~Copyable>: @unchecked Sendable {
    @usableFromInline package let lock = Lock()
    /// Only under the lock, which is what the checks for exclusive access would find out.
    @exclusivity(unchecked) @usableFromInline package var state: State

    package init(_ state: consuming State) { unsafe self.state = state }

    /// Runs `body` while no other thread has the value.
    @inlinable
    package func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        lock.acquire()
        defer { lock.release() }
        return try unsafe body(&state)
    }

    /// As `withLock`, and wakes the threads that wait.
    package func withLockAndWake<Result>(_ body: (inout State) -> Result) -> Result {
        lock.withLock {
            defer { lock.wakeAll() }
            return unsafe body(&state)
        }
    }

    /// Runs `body` again after each `wakeAll`, until it returns a value or the deadline has passed: then nil.
    ///
    /// The lock is given up between the runs, never inside one, so that no thread waits with the value in its hands.
    package func wait<Result>(until deadline: Deadline = .none, for body: (inout State) -> Result?) -> Result? {
        lock.withLock {
            while true {
                if let result = unsafe body(&state) { return result }
                guard lock.wait(until: deadline) else { return unsafe body(&state) }
            }
        }
    }

    /// Wakes the threads that wait. To be called after a change that one of them waits for.
    package func wakeAll() { lock.withLock { lock.wakeAll() } }
}

/// Dumped without the value, which would be read without the lock.
extension Guarded: CustomReflectable where State: ~Copyable {
    package var customMirror: Mirror { Mirror(self, children: []) }
}
