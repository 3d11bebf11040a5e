import Glibc
import MinatoSocket
import Synchronization
import TestSupport

/// How often the handler of the storms ran, in whatever thread.
private let handled = Atomic<Int>(0)

/// Sends SIGUSR1 to one thread again and again until it is stopped.
final class SignalStorm: @unchecked Sendable {
    private let lock = Lock()
    private var isOver = false
    private var storm: Background<Void>?
    private let handledBefore: Int

    /// Aims at the calling thread.
    init() throws {
        handledBefore = handled.load(ordering: .relaxed)
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = { _ in handled.add(1, ordering: .relaxed) }
        // Without SA_RESTART: every system call that waits is interrupted.
        unsafe sigaction(SIGUSR1, &action, nil)
        // The threads of Swift's concurrency block all signals, and a thread that one of them starts inherits that.
        try SignalDescriptor.unblock([SIGUSR1])
        let target = pthread_self()
        storm = try Background {
            while !self.lock.withLock({ self.isOver }) {
                pthread_kill(target, SIGUSR1)
                usleep(200)  // the rate of the storm, not a synchronisation
            }
        }
    }

    /// Ends it and says how many signals arrived, those of other storms at the same time included.
    func stop() throws -> Int {
        lock.withLock { isOver = true }
        try storm?.join()
        return handled.load(ordering: .relaxed) - handledBefore
    }
}
