internal import CMinato
@_spi(Loops) internal import MinatoLoop

/// Something that an event loop does for one task, which waits for the end of it: a look-up, a connect.
///
/// **Threads.** `run` belongs to the task; everything else happens on the loop's thread, so that nothing needs a lock.
/// `began`, `reached`, `ended` and `failure` are to be overridden.
@safe
class LoopErrand<Success: Sendable>: LoopSource, @unchecked Sendable {
    typealias Outcome = Result<Success, SocketError>

    final let loop: EventLoop
    private var deadline = Deadline.none
    private var waiter: UnsafeContinuation<Outcome, Never>?
    /// There before the waiter when the task was cancelled before the loop came to it.
    private var outcome: Outcome?

    init(on loop: EventLoop) {
        self.loop = loop
        super.init()
        LiveObjects.errand.isBorn()
    }

    deinit { LiveObjects.errand.isGone() }

    /// Does the errand and waits for its end: an outcome, the deadline, cancellation, or the end of the loop.
    nonisolated(nonsending) final func run(until deadline: Deadline) async throws(SocketError) -> Success {
        var task: UnsafeRawPointer?
        let outcome = await withTaskCancellationHandler {
            unsafe await withUnsafeContinuation { (waiter: UnsafeContinuation<Outcome, Never>) in
                unsafe task = unsafe unsafeBitCast(waiter, to: UnsafeRawPointer.self)
                let isTaken = loop.core.post { unsafe self.begin(waiter, deadline) }
                // The loop has ended, and its thread with it.
                if !isTaken { unsafe waiter.resume(returning: .failure(failure(codeOfClosed))) }
            }
        } onCancel: {
            loop.core.post { self.finish(.failure(self.failure(.cancelled))) }
        }
        unsafe minato_thread_acquire(task)
        return try outcome.get()
    }

    /// Why there is no loop: it was shut down, or this is a process that was forked off the loop's.
    private var codeOfClosed: SocketError.Code { loop.core.isForked ? .forked : .closed }

    private func begin(_ waiter: UnsafeContinuation<Outcome, Never>, _ deadline: Deadline) {
        if let outcome { return unsafe waiter.resume(returning: outcome) }
        unsafe self.waiter = unsafe waiter
        self.deadline = deadline
        wake(at: .max)
        began()
    }

    /// Ends the errand. Only the first outcome counts.
    final func finish(_ outcome: Outcome) {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        loop.core.cancelTimer(self)
        ended()
        unsafe waiter?.resume(returning: outcome)
        unsafe waiter = nil
    }

    final var isFinished: Bool { outcome != nil }

    /// Has `reached` called at a time, instead of the one that was set before.
    ///
    /// Something is always set: what has a timer is told when the loop ends, and is kept alive by it.
    final func wake(at time: Int64) {
        if !isFinished { loop.core.setTimer(self, min(time, deadline.nanoseconds, .max - 1)) }
    }

    final override func timeIsOver(_ now: Int64) {
        if deadline.nanoseconds <= now { finish(.failure(failure(.timedOut))) } else { reached(now) }
    }

    final override func loopEnds() { finish(.failure(failure(.closed))) }

    /// To be begun.
    func began() {}
    /// The time that `wake` was told has come.
    func reached(_ now: Int64) {}
    /// To be ended: give back what it has.
    func ended() {}
    /// What it failed with when it was cut short.
    func failure(_ code: SocketError.Code) -> SocketError { SocketError(.resolve, code) }
}
