internal import CMinato

extension EventLoop {
    /// Waits for so long, and never less.
    ///
    /// - Parameter duration: zero and less: until the loop has looked at its other work.
    /// - Throws: `.cancelled` at once when the task is cancelled; `.closed` when the loop is shut down; `.forked` in a process
    ///   that was forked off the loop's.
    ///
    /// As a rule it is less than 1 ms late, more when a task keeps the loop. Every task may call it, on the loop or not. The
    /// date plays no part.
    ///
    /// Python: `asyncio.sleep`. See clock_gettime(2), CLOCK_MONOTONIC.
    public nonisolated(nonsending) func sleep(for duration: Duration) async throws(SocketError) {
        try await sleep(until: .after(duration))
    }

    /// Waits until a deadline, and never less: see ``sleep(for:)``. For ever, until the task is cancelled, for
    /// ``Deadline/none``.
    public nonisolated(nonsending) func sleep(until deadline: Deadline) async throws(SocketError) {
        let sleeper = Sleeper()
        let core = core
        var task: UnsafeRawPointer?
        let wake = await withTaskCancellationHandler {
            await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Sleeper.Wake, Never>) in
                unsafe task = unsafe unsafeBitCast(continuation, to: UnsafeRawPointer.self)
                let isTaken = core.post { unsafe sleeper.begin(continuation, on: core, until: deadline) }
                if !isTaken { unsafe continuation.resume(returning: .closed) }
            }
        } onCancel: {
            core.post { sleeper.cancel(on: core) }
        }
        unsafe minato_thread_acquire(task)
        switch wake {
        case .done: break
        case .cancelled: throw SocketError(.sleep, .cancelled)
        case .closed: throw SocketError(.sleep, core.isForked ? .forked : .closed)
        }
    }
}

/// A task that sleeps.
@safe
private final class Sleeper: LoopSource, @unchecked Sendable {
    enum Wake: Sendable { case done, cancelled, closed }

    // The loop's thread only.
    private var continuation: UnsafeContinuation<Wake, Never>?
    private var isCancelled = false

    override init() {
        super.init()
        LiveObjects.sleeper.isBorn()
    }

    deinit { LiveObjects.sleeper.isGone() }

    func begin(_ continuation: UnsafeContinuation<Wake, Never>, on core: LoopCore, until deadline: Deadline) {
        if isCancelled { return unsafe continuation.resume(returning: .cancelled) }
        unsafe self.continuation = unsafe continuation
        core.setTimer(self, deadline.nanoseconds)
    }

    func cancel(on core: LoopCore) {
        // It may come before the beginning.
        isCancelled = true
        core.cancelTimer(self)
        wake(.cancelled)
    }

    override func timeIsOver(_ now: Int64) { wake(.done) }

    override func loopEnds() { wake(.closed) }

    private func wake(_ wake: Wake) {
        let waiting = unsafe continuation
        unsafe continuation = nil
        unsafe waiting?.resume(returning: wake)
    }
}
