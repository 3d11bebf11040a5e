internal import Glibc

/// A mutex and a condition in one: what the blocking servers and pools wait with.
///
/// pthread's rather than `Synchronization.Mutex`: ThreadSanitizer understands it, and it has a condition.
@safe
package final class Lock: @unchecked Sendable {
    /// Both lie in one piece of memory: many locks are made for one request each.
    private let memory: UnsafeMutableRawPointer
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    package init() {
        let offset = unsafe MemoryLayout<pthread_mutex_t>.stride
        unsafe memory = unsafe .allocate(
            byteCount: offset + MemoryLayout<pthread_cond_t>.stride,
            alignment: max(MemoryLayout<pthread_mutex_t>.alignment, MemoryLayout<pthread_cond_t>.alignment))
        unsafe mutex = unsafe memory.initializeMemory(as: pthread_mutex_t.self, to: pthread_mutex_t())
        unsafe condition = unsafe (memory + offset).initializeMemory(as: pthread_cond_t.self, to: pthread_cond_t())
        unsafe pthread_mutex_init(mutex, nil)
        // Timed waits follow the clock of the deadlines.
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe memory.deallocate()
    }

    /// The first half of `withLock`, which is the one to call.
    @usableFromInline
    package func acquire() { unsafe _ = pthread_mutex_lock(mutex) }

    /// The second half of `withLock`.
    @usableFromInline
    package func release() { unsafe _ = pthread_mutex_unlock(mutex) }

    /// Runs `body` while no other thread runs one under this lock. Not recursive.
    @inlinable
    package func withLock<Result: ~Copyable, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        acquire()
        defer { release() }
        return try body()
    }

    /// Gives the lock up until another thread calls `wakeAll`. Only inside `withLock`; look at the condition in a loop.
    package func wait() {
        unsafe pthread_cond_wait(condition, mutex)
    }

    /// As `wait`, until the deadline at most. False when it has passed.
    package func wait(until deadline: Deadline) -> Bool {
        if deadline == .none {
            wait()
            return true
        }
        var time = timespec()
        time.tv_sec = Int(deadline.nanoseconds / 1_000_000_000)
        time.tv_nsec = Int(deadline.nanoseconds % 1_000_000_000)
        return unsafe pthread_cond_timedwait(condition, mutex, &time) != ETIMEDOUT
    }

    /// Wakes every thread that waits.
    package func wakeAll() {
        unsafe pthread_cond_broadcast(condition)
    }
}
