internal import MinatoSocket

/// One thread of a server, and the inbox through which it gets its work.
///
/// Each worker waits for its own inbox, so that a new connection wakes one thread and not all that are idle.
final class Worker: Sendable {
    typealias Job = @Sendable () -> Void

    private enum Order {
        case perform(Job)
        case end
    }

    private let inbox = Guarded<Order?>(nil)

    /// Gives an idle worker something to do.
    func perform(_ job: @escaping Job) { put(.perform(job)) }

    /// Ends an idle worker.
    func end() { put(.end) }

    private func put(_ order: Order) {
        inbox.withLock { $0 = order }
        inbox.wakeAll()
    }

    /// Waits for a job and does it; false when the worker is to end instead.
    ///
    /// All that the job holds is let go before this returns.
    private func performNext() -> Bool {
        let order = inbox.wait { inbox in
            defer { inbox = nil }
            return inbox
        }
        guard case .perform(let job) = order else { return false }
        job()
        return true
    }

    /// Works, on the thread that calls this, until it is told to end or `rest`, called after each job, returns false.
    func work(until rest: (Worker) -> Bool) {
        while performNext(), rest(self) {}
    }
}
