internal import Glibc
internal import MinatoSocket

/// The threads that do what would hold up an event loop.
final class OffloadPool: Sendable {
    typealias Job = @Sendable () -> Void

    static let shared = OffloadPool(
        limit: min(32, max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) + 4), idle: .seconds(10))

    private struct State {
        /// Jobs that nobody has taken, from `next` on; before it, nil.
        var jobs: [Job?] = []
        var next = 0
        var threads = 0
        /// Threads that wait for a job.
        var idle = 0

        mutating func take() -> Job? {
            guard next < jobs.count else { return nil }
            defer {
                next += 1
                if next == jobs.count {
                    (jobs, next) = ([], 0)
                } else if next > jobs.count / 2, next >= 64 {
                    // While there is always somebody who waits.
                    jobs.removeFirst(next)
                    next = 0
                }
            }
            return jobs[next].take()
        }

        /// In one step, so that nobody takes a thread that has a job for an idle one.
        mutating func takeWhenIdle() -> Job? {
            guard let job = take() else { return nil }
            idle -= 1
            return job
        }
    }

    private let state = Guarded(State())
    private let limit: Int
    /// How long a thread waits for a job before it ends.
    private let idle: Duration

    init(limit: Int, idle: Duration) {
        self.limit = limit
        self.idle = idle
    }

    /// How many threads there are.
    var threads: Int { state.withLock { $0.threads } }

    /// Has a thread do it, after what came before.
    func perform(
        _ job: @escaping Job,
        startThread: (@escaping Job) throws(SocketError) -> Void = { (job) throws(SocketError) in
            try Thread.start(.offloadThread, job)
        }
    ) {
        let needsThread = state.withLock { state in
            state.jobs.append(job)
            guard state.idle < state.jobs.count - state.next, state.threads < limit else { return false }
            state.threads += 1
            return true
        }
        guard needsThread else { return state.wakeAll() }
        do {
            try startThread { self.work() }
        } catch {
            // The threads that there are will come to it. Without any, somebody has to; and to what others left to a thread that
            // was counted and could not be started either.
            state.withLock { $0.threads -= 1 }
            while let own = state.withLock({ $0.threads == 0 ? $0.take() : nil }) { own() }
        }
    }

    private func work() {
        while let job = next() { job() }
    }

    /// A job, after some waiting; nil when the thread is to end, which is no longer counted then.
    private func next() -> Job? {
        let deadline = Deadline.after(idle)
        state.withLock { $0.idle += 1 }
        let job = state.wait(until: deadline) { $0.takeWhenIdle() }
        if let job { return job }
        return state.withLock { state in
            // One may have come in the last moment.
            if let job = state.takeWhenIdle() { return job }
            state.idle -= 1
            state.threads -= 1
            return nil
        }
    }
}
