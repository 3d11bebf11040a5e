/// The threads on which look-ups with a deadline are made.
///
/// getaddrinfo(3) cannot be cancelled: whoever gives up leaves his thread to it. That is why there are at most `limit`
/// threads, and a queue for the rest, and why a full queue refuses more.
final class ResolverPool: Sendable {
    static let shared = ResolverPool(limit: 8, queueLimit: 256)

    /// A look-up: waiting, then running, then done or given up.
    private final class Job: @unchecked Sendable {
        let work: @Sendable () throws(SocketError) -> [Resolver.Answer]
        /// Guarded by the pool's lock.
        var outcome: Result<[Resolver.Answer], SocketError>?

        init(_ work: @escaping @Sendable () throws(SocketError) -> [Resolver.Answer]) { self.work = work }
    }

    /// Guarded by `lock`.
    private final class State: @unchecked Sendable {
        var queue: [Job] = []
        var threads = 0
    }

    private let limit: Int
    private let queueLimit: Int
    private let lock = Lock()
    private let state = State()

    init(limit: Int, queueLimit: Int) {
        self.limit = limit
        self.queueLimit = queueLimit
    }

    /// Runs `work` on a thread of the pool; nil when the deadline comes first. The time in the queue counts.
    func run(
        until deadline: Deadline, _ work: @escaping @Sendable () throws(SocketError) -> [Resolver.Answer]
    ) throws(SocketError) -> Result<[Resolver.Answer], SocketError>? {
        let job = Job(work)
        try lock.withLock { () throws(SocketError) in
            guard state.queue.count < queueLimit else { throw SocketError(.resolve, .resolverBusy) }
            state.queue.append(job)
            guard state.threads < limit else { return }
            state.threads += 1
            do throws(SocketError) {
                try Thread.start { self.serve() }
            } catch {
                state.threads -= 1
                state.queue.removeAll { $0 === job }
                throw error
            }
        }
        return lock.withLock {
            while job.outcome == nil, lock.wait(until: deadline) {}
            if job.outcome == nil { state.queue.removeAll { $0 === job } }
            return job.outcome
        }
    }

    /// How many look-ups wait for a thread.
    var queued: Int { lock.withLock { state.queue.count } }

    /// Works the queue off and ends.
    private func serve() {
        while let job = next() {
            let outcome = Result { () throws(SocketError) in try job.work() }
            lock.withLock {
                job.outcome = outcome
                lock.wakeAll()
            }
        }
    }

    private func next() -> Job? {
        lock.withLock {
            if state.queue.isEmpty {
                state.threads -= 1
                return nil
            }
            return state.queue.removeFirst()
        }
    }
}
