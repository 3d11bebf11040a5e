internal import Glibc
internal import MinatoSocket

// The loop that takes what arrives and hands it to the workers: the same for connections and for datagrams.

extension SocketServer {
    /// What was taken from the listener: a descriptor to shut down when the server ends, and the job for a worker.
    struct Taken {
        /// Nil for a datagram.
        let descriptor: Int32?
        /// What the worker does. It is called with the thing that must be called when the descriptor is about to close.
        let job: @Sendable (_ dismiss: () -> Void) -> Void
    }

    /// Serves until the server is stopped, and returns when every handler has.
    ///
    /// - Parameter take: takes one connection or datagram without waiting.
    func serve(taking take: (Listener) throws(SocketError) -> Taken) throws(SocketError) {
        let watch = try begin()
        defer { finish() }
        do {
            try takeUntilStopped(watch, take)
        } catch {
            shutdown()
            throw error
        }
    }

    /// Makes everything ready that can fail, the first thread too: so there is always one that will become idle again.
    private func begin() throws(SocketError) -> ListenerWatch {
        guard let listener = state.withLock({ $0.listener }) else { throw SocketError(.serve, .closed) }
        let watch = try ListenerWatch(listener.socket.descriptor)
        try state.withLock { (state) throws(SocketError) in
            try state.begin(with: watch)
        }
        guard case .start? = state.withLock({ $0.choose(limit: 1) }) else { return watch }
        do {
            let worker = try startWorker()
            state.withLock { $0.putBack(worker) }
        } catch {
            _ = state.withLock { $0.abandon() }
            state.announce()
            throw error
        }
        return watch
    }

    private func takeUntilStopped(
        _ watch: ListenerWatch, _ take: (Listener) throws(SocketError) -> Taken
    ) throws(SocketError) {
        guard let listener = state.withLock({ $0.listener }) else { return }
        var backoff = AcceptBackoff()
        var threadsAreShort = false
        while true {
            try watch.wait()
            guard let worker = nextWorker(&threadsAreShort) else { return }
            // Counted before the attempt: a descriptor that is freed right after it failed is not missed.
            let jobsDone = state.withLock { $0.jobsDone }
            do {
                let taken = try take(listener)
                backoff.succeeded()
                hand(taken, to: worker)
            } catch {
                state.withLock { $0.putBack(worker) }
                switch backoff.failed(error.code) {
                case .goOn: break
                case .pause(let pause, let isNew):
                    if isNew { report(error) }
                    waitForDescriptors(pause, after: jobsDone)
                case .end: throw error
                }
            }
        }
    }

    /// Waits for the time given, but not past the end of one more job, which frees descriptors, nor past a stop.
    ///
    /// Jobs that end at once do not make it shorter than `AcceptBackoff.apart`.
    func waitForDescriptors(_ pause: Duration, after jobsDone: UInt64) {
        _ = state.wait(until: .after(min(pause, AcceptBackoff.apart))) { $0.phase != .serving ? true : nil }
        _ = state.wait(until: .after(pause)) { $0.phase != .serving || $0.jobsDone != jobsDone ? true : nil }
    }

    /// A worker for the next job; waits while all are busy. Nil when the server is stopped.
    private func nextWorker(_ threadsAreShort: inout Bool) -> Worker? {
        var limit = limits.threads
        var (pause, retry) = (AcceptBackoff.shortest, Deadline.none)
        while true {
            switch state.wait(until: retry, for: { $0.choose(limit: limit) }) {
            case .worker(let worker)?: return worker
            case .stop?: return nil
            case nil: (limit, retry) = (limits.threads, .none)
            case .start?:
                do {
                    let worker = try startWorker()
                    threadsAreShort = false
                    return worker
                } catch {
                    if !threadsAreShort { report(error) }
                    threadsAreShort = true
                    // One of those that live will be idle again; or, if they are busy for long, there may be a thread by then.
                    (limit, retry) = (0, .after(pause))
                    pause = min(pause * 2, AcceptBackoff.longest)
                }
            }
        }
    }

    /// Starts the thread that `ServingState.choose` has counted.
    private func startWorker() throws(SocketError) -> Worker {
        let worker = Worker()
        let state = state
        do {
            try startThread {
                worker.work { worker in
                    let goesOn = state.withLock { $0.rest(worker) }
                    state.announce()
                    return goesOn
                }
                state.withLock { $0.left() }
                state.announce()
            }
        } catch {
            state.withLock { $0.left() }
            throw error
        }
        return worker
    }

    /// Enters the work in the list of what is in flight, already here: so nothing that was taken is ever missed by a drain.
    private func hand(_ taken: Taken, to worker: Worker) {
        guard let number = state.withLock({ $0.admit(taken.descriptor.map { .descriptor($0) } ?? .none) }) else {
            state.withLock { $0.putBack(worker) }
            return
        }
        let state = state
        worker.perform {
            state.withLock { $0.began(number, by: .thisThread) }
            taken.job {
                state.withLock { $0.dismiss(number) }
                state.announce()
            }
        }
    }

    /// Closes the listener, ends the idle threads and waits for the others.
    private func finish() {
        _ = state.withLock { $0.stopTaking() }
        state.announce()
        for worker in state.withLock({ $0.takeIdle() }) { worker.end() }
        _ = state.wait { $0.threads == 0 ? true : nil }
        _ = state.withLock { $0.close() }
    }
}
