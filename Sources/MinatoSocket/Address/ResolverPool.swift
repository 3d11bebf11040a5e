internal import CMinato
internal import Synchronization

/// The threads on which look-ups with a deadline are made, and those of tasks.
///
/// getaddrinfo(3) cannot be cancelled: whoever gives up leaves his thread to it. That is why there are at most `limit`
/// threads, and a queue for the rest, and why a full queue refuses more.
final class ResolverPool: Sendable {
    static var shared: ResolverPool {
        let pool = unsafe current.load(ordering: .acquiring)
        if unsafe pool.takeUnretainedValue().forks == minato_thread_forks() { return unsafe pool.takeUnretainedValue() }
        // In a forked child: the parent's threads are not there, and its lock may be taken for ever. So that pool is left alone.
        let own = unsafe Unmanaged.passRetained(ofProcess())
        let (isFirst, other) = unsafe current.compareExchange(
            expected: pool, desired: own, ordering: .acquiringAndReleasing)
        if isFirst { return unsafe own.takeUnretainedValue() }
        unsafe own.release()
        return unsafe other.takeUnretainedValue()
    }

    private static let current = unsafe Atomic(Unmanaged.passRetained(ofProcess()))

    private static func ofProcess() -> ResolverPool { ResolverPool(limit: 8, queueLimit: 256) }

    /// A look-up that waits or runs.
    final class Job: Sendable {
        fileprivate let work: @Sendable () -> Void

        fileprivate init(_ work: @escaping @Sendable () -> Void) { self.work = work }
    }

    private struct State {
        var queue: [Job] = []
        var threads = 0
    }

    private let limit: Int
    private let queueLimit: Int
    private let state = Guarded(State())
    private let forks = minato_thread_forks()

    init(limit: Int, queueLimit: Int) {
        self.limit = limit
        self.queueLimit = queueLimit
    }

    /// Has a thread do `work`, at once or when one is free.
    ///
    /// - Throws: `.resolverBusy`; EAGAIN when no thread can be started and none is there.
    @discardableResult
    func start(_ work: @escaping @Sendable () -> Void) throws(SocketError) -> Job {
        let job = Job(work)
        try state.withLock { (state) throws(SocketError) in
            if state.threads < limit {
                do throws(SocketError) {
                    try Thread.start(.lookUpThread) { self.serve(job) }
                    state.threads += 1
                    return
                } catch {
                    guard state.threads > 0 else { throw error }
                }
            }
            guard state.queue.count < queueLimit else { throw SocketError(.resolve, .resolverBusy) }
            state.queue.append(job)
        }
        return job
    }

    /// Takes a look-up out of the queue. One that runs already keeps its thread until it is done.
    func giveUp(_ job: Job) {
        state.withLock { state in state.queue.removeAll { $0 === job } }
    }

    /// Runs `work` on a thread of the pool; nil when the deadline comes first. The time in the queue counts.
    func run<Value: Sendable>(
        until deadline: Deadline, _ work: @escaping @Sendable () throws(SocketError) -> Value
    ) throws(SocketError) -> Result<Value, SocketError>? {
        let outcome = Guarded<Result<Value, SocketError>?>(nil)
        let job = try start {
            let result = Result { () throws(SocketError) in try work() }
            outcome.withLock { $0 = result }
            outcome.wakeAll()
        }
        if let result = outcome.wait(until: deadline, for: { $0 }) { return result }
        giveUp(job)
        return nil
    }

    /// How many look-ups wait for a thread.
    var queued: Int { state.withLock { $0.queue.count } }

    /// Makes a look-up, works the queue off, and ends.
    private func serve(_ first: Job) {
        first.work()
        while let job = next() { job.work() }
    }

    private func next() -> Job? {
        state.withLock { state in
            if state.queue.isEmpty {
                state.threads -= 1
                return nil
            }
            return state.queue.removeFirst()
        }
    }
}
