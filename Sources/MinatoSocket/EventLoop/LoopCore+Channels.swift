@_spi(Loops) internal import MinatoLoop

// What only channels ask of a loop, on its thread. Here and not beside the rest: nothing is inlined into another module that is
// not public there, and each message asks for some of it.

extension LoopCore {
    /// Where tasks of the loop wait for their connections; made when the first of them does.
    @inline(__always)
    var room: WaitingRoom {
        if let room = unsafe threadMemory.pointee.room { return unsafe unsafeDowncast(room, to: WaitingRoom.self) }
        return furnish()
    }

    @inline(never)
    private func furnish() -> WaitingRoom {
        let room = WaitingRoom()
        unsafe threadMemory.pointee.room = room
        return room
    }

    /// The room, which puts the next job that arrives behind the others.
    func enterRoomBehind() -> WaitingRoom {
        let room = room
        room.expectBehind(self)
        return room
    }

    /// Takes a job of a task that prefers this loop, on its thread.
    @inline(__always)
    func enqueueOnLoop(_ job: UnownedJob) { unsafe threadMemory.pointee.jobs.append(job) }

    /// Sets a source's timer, unless it has one that runs out earlier.
    @inline(__always)
    func limitTimer(_ source: LoopSource, _ deadline: Int64) {
        if let earlier = unsafe threadMemory.pointee.timers.deadline(of: source), earlier <= deadline { return }
        setTimer(source, deadline)
    }

    /// Counts operations of the job that runs, which need not wait. True when it has had its share.
    func count(operations: Int) -> Bool {
        unsafe threadMemory.pointee.operations &+= operations
        return unsafe threadMemory.pointee.operations >= Self.share
    }

    /// Takes a job that goes behind the others.
    func enqueueBehind(_ job: UnownedJob) { unsafe threadMemory.pointee.behind.append(job) }

    /// Lets tasks go on, behind the others.
    func behind(_ resume: () -> Void) {
        unsafe threadMemory.pointee.goesBehind = true
        resume()
        unsafe threadMemory.pointee.goesBehind = false
    }

    /// Timeouts of 10 s and more, in nanoseconds, may be over later by the longest turn of the loop.
    static var roughly: Int64 { 10_000_000_000 }

    /// The deadline so far from `now`. It is odd, which tells that `now` was used.
    @inline(__always)
    func rough(_ nanoseconds: Int64) -> Deadline {
        let read = unsafe clock.pointee
        if unsafe nanoseconds > threadMemory.pointee.longestLimit { counts(nanoseconds) }
        let (sum, overflow) = (read == 0 ? now : read).addingReportingOverflow(nanoseconds)
        return overflow ? .none : Deadline(nanoseconds: sum | 1)
    }

    /// The time at which a deadline has certainly come, in nanoseconds: the present when it was set lay at most so much later.
    package func certain(_ deadline: Int64) -> Int64 {
        guard deadline & 1 == 1, deadline != .max else { return deadline }
        let (sum, overflow) = unsafe deadline.addingReportingOverflow(threadMemory.pointee.longestTurn)
        return overflow ? .max : sum
    }

    /// Memory to receive into, `LoopCore.scratchSize` bytes, for the time until the next suspension.
    var scratchMemory: UnsafeMutableRawPointer {
        if let scratch = unsafe threadMemory.pointee.scratch { return unsafe scratch }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: Self.scratchSize, alignment: 16)
        unsafe threadMemory.pointee.scratch = unsafe memory
        return unsafe memory
    }

    static var scratchSize: Int { 65_536 }
}

extension EventLoop {
    /// As `giveWay`, for a task that has had its share: it comes behind all those that ask for less, and those who went there
    /// before.
    nonisolated(nonsending) func goBehind() async {
        if isCurrent { await core.enterRoomBehind().pass() }
    }
}
