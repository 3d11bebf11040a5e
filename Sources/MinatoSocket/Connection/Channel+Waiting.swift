internal import CMinato
@_spi(Loops) internal import MinatoLoop
internal import Synchronization

// How an operation waits: for readiness, until a deadline, and as long as its task is not cancelled.

extension Channel {
    /// Waits until a try is worth it again. The caller has the direction.
    @inline(__always)
    nonisolated(nonsending) func wait(_ direction: Direction, until deadline: Deadline) async -> Wake {
        if canWaitInRoom {
            let wake = await waitInRoom(direction, deadline)
            if wake != .foreign { return wake }
        }
        return await waitElsewhere(direction, until: deadline)
    }

    /// Whether a wait may be tried in the loop's room, where that of a task which is not the own one ends as `.foreign`.
    @inline(__always)
    var canWaitInRoom: Bool { owner.load(ordering: .relaxed) != 0 && isOnLoop }

    /// As `wait`, for every other task. Kept out of it: a continuation lies in the memory of the task that waits for it.
    @inline(never)
    private nonisolated(nonsending) func waitElsewhere(_ direction: Direction, until deadline: Deadline) async -> Wake {
        if owner.load(ordering: .relaxed) != 0, !isOnLoop {
            let wake = await park(direction, current.wait(direction) &+ 1, isOwn: true, deadline)
            if wake != .foreign { return wake }
        }
        return await waitInForeignTask(direction, until: deadline)
    }

    /// As `wait`, for the own task when it runs on the loop.
    @inline(__always)
    private nonisolated(nonsending) func waitInRoom(_ direction: Direction, _ deadline: Deadline) async -> Wake {
        await enterRoom(direction, deadline).pass()
        return wake(direction)
    }

    /// The room, which expects the own task next.
    @inline(__always)
    func enterRoom(_ direction: Direction, _ deadline: Deadline) -> WaitingRoom {
        unsafe core._withUnsafeGuaranteedRef { core in
            // Only the loop's thread looks at these, and it is this one.
            if deadline != .none { limitOnLoop(direction, current.wait(direction) &+ 1, deadline.nanoseconds) }
            let room = core.room
            room.expect(self, direction, isTimed: deadline != .none)
            return room
        }
    }

    /// How the wait of a job ended.
    func wake(_ direction: Direction) -> Wake { unsafe direction == .reading ? readerWake : writerWake }

    /// A task has arrived in the room. It goes on at once when there is no reason to wait, or when it is not the own one: a job
    /// is the address of its task.
    @inline(__always)
    func seat(_ direction: Direction, _ job: UnownedJob, isTimed: Bool) {
        if direction == .reading { unsafe reader = .job(job) } else { unsafe writer = .job(job) }
        let isOwn = unsafe unsafeBitCast(job, to: UInt.self) == owner.load(ordering: .relaxed)
        if isOwn, update({ $0.beginWait(direction, isOwn: true, isTimed: isTimed) }) {
            if unsafe !core._withUnsafeGuaranteedRef({ $0.hasEdges }) { showInterest() }
        } else {
            resume(direction, isOwn ? reasonNotToWait(true) : .foreign)
        }
    }

    /// As `wait`, with a cancellation handler of its own, which costs as much as the rest of the wait.
    @inline(never)
    private nonisolated(nonsending) func waitInForeignTask(
        _ direction: Direction, until deadline: Deadline
    ) async -> Wake {
        // Nobody would ever end the wait.
        if loop.core.isForked { return .closed }
        let number = current.wait(direction) &+ 1
        return await withTaskCancellationHandler {
            await park(direction, number, isOwn: false, deadline)
        } onCancel: {
            endWait(direction, number, .cancelled)
        }
    }

    /// `_unsafeInheritExecutor_withUnsafeContinuation` is `withUnsafeContinuation` without the switch of executors in front,
    /// which looks the task's preference up under a lock. It is kept in the standard library for code compiled earlier.
    @inline(__always)
    private nonisolated(nonsending) func park(
        _ direction: Direction, _ number: UInt16, isOwn: Bool, _ deadline: Deadline
    ) async -> Wake {
        let wake: Wake = unsafe await _unsafeInheritExecutor_withUnsafeContinuation { continuation in
            // A continuation is the address of its task.
            if isOwn, unsafe unsafeBitCast(continuation, to: UInt.self) != owner.load(ordering: .relaxed) {
                return unsafe continuation.resume(returning: .foreign)
            }
            if direction == .reading {
                unsafe reader = .continuation(continuation)
            } else {
                unsafe writer = .continuation(continuation)
            }
            guard update({ $0.beginWait(direction, isOwn: isOwn, isTimed: deadline != .none) }) else {
                return unsafe continuation.resume(returning: reasonNotToWait(isOwn))
            }
            // From here on the wait may be over, and the operation under way again, on another thread. What follows names
            // the wait by its number, and does nothing when that one is over.
            if !isOwn, Task.isCancelled { endWait(direction, number, .cancelled) }
            limit(direction, number, deadline)
        }
        // The operation still has the direction, and with it the continuation's memory.
        if case .continuation(let continuation) = unsafe direction == .reading ? reader : writer {
            unsafe minato_thread_acquire(unsafeBitCast(continuation, to: UnsafeRawPointer?.self))
        }
        return wake
    }

    private func reasonNotToWait(_ isOwn: Bool) -> Wake {
        let state = current
        return state.isClosed ? .closed : isOwn && state.isCancelled ? .cancelled : .ready
    }

    private func endWait(_ direction: Direction, _ number: UInt16, _ wake: Wake) {
        if update({ $0.endWait(direction, number: number) }) { resume(direction, wake) }
    }

    // MARK: - Time

    /// Has the loop end the wait at the deadline, and tells a poller without edges what is waited for.
    @inline(__always)
    private func limit(_ direction: Direction, _ number: UInt16, _ deadline: Deadline) {
        guard deadline != .none || !loop.core.hasEdges else { return }
        if isOnLoop {
            limitOnLoop(direction, number, deadline.nanoseconds)
        } else {
            limitFromElsewhere(direction, number, deadline.nanoseconds)
        }
    }

    @inline(never)
    private func limitFromElsewhere(_ direction: Direction, _ number: UInt16, _ deadline: Int64) {
        loop.core.post { [self] in
            // Meanwhile it may be over, and a later wait limited already.
            let state = current
            guard state.isWaiting(direction), state.wait(direction) == number else { return }
            limitOnLoop(direction, number, deadline)
        }
    }

    /// A timer that is set already and runs out earlier is left alone: when it does, it is set again. So an operation that
    /// is limited and done, which is the rule, costs no timer.
    @inline(__always)
    private func limitOnLoop(_ direction: Direction, _ number: UInt16, _ deadline: Int64) {
        if unsafe !core._withUnsafeGuaranteedRef({ $0.hasEdges }) { showInterest() }
        guard deadline != .max else { return }
        if direction == .reading {
            unsafe readDeadline = deadline
            unsafe readDeadlineWait = number
        } else {
            unsafe writeDeadline = deadline
            unsafe writeDeadlineWait = number
        }
        // Not registered yet, or no more: the first is made up for by `register`.
        guard isRegistered else { return }
        unsafe core._withUnsafeGuaranteedRef { $0.limitTimer(self, deadline) }
    }

    /// Ends the waits whose time is over, and sets the timer for the others.
    func endWaits(_ now: Int64) {
        let next = unsafe min(
            check(.reading, readDeadline, readDeadlineWait, now), check(.writing, writeDeadline, writeDeadlineWait, now)
        )
        if next != .max, isRegistered { loop.core.setTimer(self, next) }
    }

    /// Ends the wait if its time is over; otherwise says when it will be.
    private func check(_ direction: Direction, _ deadline: Int64, _ number: UInt16, _ now: Int64) -> Int64 {
        let state = current
        // Not timed: the time was meant for a wait of the same number, 65,536 waits ago.
        guard state.isWaiting(direction), state.isTimed(direction), state.wait(direction) == number else { return .max }
        let due = loop.core.certain(deadline)
        guard due <= now else { return due }
        endWait(direction, number, .timedOut)
        return .max
    }

    /// Tells a poller without edges what is waited for. When nothing is, it stays as it is: silent since its last report,
    /// or with a report to come. Asking anew would bring the same hang-up again and again.
    func showInterest() {
        guard isRegistered else { return }
        let state = current
        var interest: UInt32 = 0
        if state.isWaiting(.reading) { interest |= UInt32(MINATO_READABLE | MINATO_READ_CLOSED) }
        if state.isWaiting(.writing) { interest |= UInt32(MINATO_WRITABLE) }
        if interest != 0 { loop.core.setInterest(self, interest | UInt32(MINATO_EDGE_TRIGGERED)) }
    }

    // MARK: - The own task

    /// Makes the calling task the one whose cancellation `cancelOwn` tells. To be called inside the cancellation handler.
    package func adoptCurrentTask() {
        owner.store(Self.currentTask, ordering: .relaxed)
        update { $0.forgetCancellation() }
        // The handler of a task that was cancelled before has run already.
        if Task.isCancelled { cancelOwn() }
    }

    /// The channel has no own task any more.
    package func disownTask() {
        owner.store(0, ordering: .relaxed)
        update { $0.forgetCancellation() }
    }

    /// To be called by the cancellation handler around the own task.
    package func cancelOwn() { resume(update { $0.cancelOwn() }, .cancelled) }

    /// The address of the running task, which is compared and never used.
    static var currentTask: UInt {
        unsafe withUnsafeCurrentTask { task in
            guard let task = unsafe task else { return 0 }
            return unsafe unsafeBitCast(task, to: UInt.self)
        }
    }
}
