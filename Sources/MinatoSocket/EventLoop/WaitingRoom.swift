/// Where a connection's own task waits when it runs on the loop: an executor that keeps a job until its channel lets it go on.
///
/// A task that waits is one that was switched to an executor which does not run it yet. That is the same to the task as a
/// continuation, and less work for the runtime, which takes the lock of the task's records once less.
///
/// The channel has the job run as one of the loop's, not as one of the room's: ``pass()`` needs no isolation. So the switch back, to the executor of the caller, finds that it is there already.
///
/// **Threads.** The loop's only, of which each has a room of its own.
@safe
final actor WaitingRoom: SerialExecutor {
    /// Who is about to wait, and for what. In the same call of the runtime its job arrives in `enqueue`.
    @exclusivity(unchecked) private nonisolated(unsafe) var channel: Unmanaged<Channel>?
    @exclusivity(unchecked) private nonisolated(unsafe) var direction = Channel.Direction.reading
    @exclusivity(unchecked) private nonisolated(unsafe) var isTimed = false
    /// Without a channel: the loop behind whose other jobs the job goes.
    @exclusivity(unchecked) private nonisolated(unsafe) var core: Unmanaged<LoopCore>?

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe UnownedSerialExecutor(ordinary: self) }

    /// Says whose wait the next ``pass()`` is, and whether it has a deadline.
    @inline(__always)
    nonisolated func expect(_ channel: Channel, _ direction: Channel.Direction, isTimed: Bool) {
        unsafe self.channel = .passUnretained(channel)
        unsafe self.direction = direction
        unsafe self.isTimed = isTimed
    }

    /// Says that the next ``pass()`` is no wait: it is of a task that has had its share of the loop, and comes behind the others.
    nonisolated func expectBehind(_ core: LoopCore) {
        unsafe channel = nil
        unsafe self.core = .passUnretained(core)
    }

    /// Returns when the channel has let the task go on; how the wait ended, its `wake` tells.
    ///
    /// Never inlined: a switch to an executor where nothing is done would be optimised away.
    @inline(never)
    func pass() {}

    @inline(__always)
    nonisolated func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // Its operation keeps the channel alive.
        if let channel = unsafe channel {
            unsafe channel._withUnsafeGuaranteedRef { unsafe $0.seat(direction, job, isTimed: isTimed) }
        } else {
            unsafe core?._withUnsafeGuaranteedRef { $0.enqueueBehind(job) }
        }
    }
}
