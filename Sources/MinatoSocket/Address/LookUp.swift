/// A look-up that a task waits for: made on the resolver's threads, with its deadline kept by an event loop.
///
/// **Threads.** See ``LoopErrand``. A look-up that was given up keeps its thread until the C library returns.
final class LookUp<Value: Sendable>: LoopErrand<Value>, @unchecked Sendable {
    private let subject: String
    private let pool: ResolverPool
    private let work: @Sendable () throws(SocketError) -> Value
    private var job: ResolverPool.Job?

    init(
        of subject: String, on loop: EventLoop, pool: ResolverPool = .shared,
        _ work: @escaping @Sendable () throws(SocketError) -> Value
    ) {
        self.subject = subject
        self.pool = pool
        self.work = work
        super.init(on: loop)
    }

    override func began() {
        let work = work
        do throws(SocketError) {
            // Weak: a look-up that was given up shall not keep the loop alive.
            job = try pool.start { [weak self] in
                let outcome = Result { () throws(SocketError) in try work() }
                guard let self else { return }
                self.loop.core.post { self.finish(outcome) }
            }
        } catch {
            finish(.failure(failure(error.code)))
        }
    }

    override func ended() {
        if let job { pool.giveUp(job) }
        job = nil
    }

    override func failure(_ code: SocketError.Code) -> SocketError {
        SocketError(.resolve, code, subject: subject)
    }
}
