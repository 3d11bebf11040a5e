internal import CMinato
internal import Glibc

/// The inside of an event loop: what its thread keeps alive after the last ``EventLoop`` handle is gone.
///
/// **Threads.** Only `post`, `enqueue`, `stop` and `isCurrent` may be used from other threads than the loop's.
@safe
package final class LoopCore: @unchecked Sendable {
    /// What other threads leave for the loop.
    enum Remote {
        case job(UnownedJob)
        case call(@Sendable () -> Void)
    }

    /// Under the lock: what has come, and whether somebody must kick the loop so that it sees it.
    struct Inbox {
        var items: [Remote] = []
        var isAsleep = false
        var isStopping = false
        /// The thread has taken its last look: nothing that comes now will be seen.
        var hasEnded = false
        /// Why the loop has ended, if it was not stopped.
        var failure: SocketError.Code?
    }

    /// As many events as one wait takes.
    private static let batch = 256
    /// Jobs, and timers, run in a row before the descriptors are looked at again: of either there may be thousands.
    private static let jobsInARow = 1024
    private static let timersInARow = 32
    /// The operations that a job may make without waiting; then its task goes behind the others.
    package static var share: Int { 32 }

    let poller: OpaquePointer
    private let events: UnsafeMutablePointer<minato_event>
    let inbox = Guarded(Inbox())
    /// Whether the poller reports edges by itself: epoll does, poll(2) has to be told what is waited for.
    package let hasEdges: Bool

    /// What belongs to the loop's thread, in plain memory: a class's variables are checked for exclusive access each time.
    @safe
    package struct Thread: ~Copyable {
        package var jobs = JobRing()
        /// The jobs of those who had their share, and of those who had it before they waited: run one by one, each after another
        /// look at the descriptors.
        package var behind = JobRing()
        /// What is enqueued now goes behind.
        package var goesBehind = false
        /// How many operations the job that runs has made without waiting.
        package var operations = 0
        package var timers = TimerHeap()
        var sources: [LoopSource] = []
        /// Sources that were removed while a batch of events is being handled, in which they may occur again.
        var removed: [LoopSource] = []
        var isHandling = false
        var yielded: [UnsafeContinuation<Void, Never>] = unsafe []
        /// Sources that have more to do, after the others.
        var again: [LoopSource] = []
        /// The longest time for which `now` has stayed the same, of all that a deadline which has not come yet may have been
        /// counted in: by so much it may have lagged behind.
        package var longestTurn: Int64 = 0
        /// The same since `longestTurn` was looked over.
        var longestTurnOfLate: Int64 = 0
        /// When that is to be done again.
        var nextLookOver: Int64 = 0
        /// The longest time for which a deadline was counted from `now`, 10 s at least.
        package var longestLimit: Int64 = 10_000_000_000
        package var scratch: UnsafeMutableRawPointer?
        /// What the channels keep for the loop: where its tasks wait.
        package var room: AnyObject?
        var executor: UnownedTaskExecutor?
    }

    /// The time since which events are being handled, 0 when nobody has asked yet.
    package let clock: UnsafeMutablePointer<Int64>

    package let spare = SparePiece()

    /// How often the process had forked when the loop was opened.
    let forks = minato_thread_forks()

    package let threadMemory: UnsafeMutablePointer<Thread>
    var thread: Thread {
        _read { yield unsafe threadMemory.pointee }
        _modify { yield unsafe &threadMemory.pointee }
    }

    /// What jobs are run on; set before the thread starts, valid while there are jobs.
    var executor: UnownedTaskExecutor? {
        get { unsafe thread.executor }
        set { unsafe thread.executor = newValue }
    }

    init(backend: Int32) throws(SocketError) {
        var opened: OpaquePointer?
        let result = unsafe minato_poller_open(backend, &opened)
        guard result >= 0, let poller = unsafe opened else {
            throw SocketError(.open, .init(result: result), subject: "event loop")
        }
        unsafe self.poller = poller
        hasEdges = unsafe minato_poller_backend(poller) == Int32(MINATO_POLLER_EPOLL)
        unsafe threadMemory = .allocate(capacity: 1)
        unsafe threadMemory.initialize(to: Thread())
        unsafe clock = .allocate(capacity: 1)
        unsafe clock.initialize(to: 0)
        unsafe events = .allocate(capacity: Self.batch)
        unsafe events.initialize(repeating: minato_event(), count: Self.batch)
        LiveObjects.loop.isBorn()
    }

    deinit {
        LiveObjects.loop.isGone()
        unsafe minato_poller_close(poller)
        unsafe events.deallocate()
        unsafe clock.deallocate()
        unsafe thread.scratch?.deallocate()
        unsafe threadMemory.deinitialize(count: 1)
        unsafe threadMemory.deallocate()
    }

    /// Whether this is the loop's thread.
    @inline(__always)
    package var isCurrent: Bool {
        unsafe minato_thread_value() == Unmanaged.passUnretained(self).toOpaque()
    }
}

// MARK: - On the loop's thread

extension LoopCore {
    /// Registers a source for everything, edge-triggered; or, without edges, for nothing until `setInterest`.
    package func add(_ source: LoopSource, _ descriptor: Int32, interest: UInt32) -> Int32 {
        let data = unsafe UInt64(UInt(bitPattern: Unmanaged.passUnretained(source).toOpaque()))
        let result = unsafe minato_poller_add(poller, descriptor, interest, data, &source.registration)
        guard result >= 0 else { return result }
        unsafe source.place = thread.sources.count
        thread.sources.append(source)
        return 0
    }

    /// Changes what a source is told about.
    package func setInterest(_ source: LoopSource, _ interest: UInt32) {
        let data = unsafe UInt64(UInt(bitPattern: Unmanaged.passUnretained(source).toOpaque()))
        unsafe minato_poller_modify(poller, source.registration, interest, data)
    }

    /// Removes a source and its timer. Before its descriptor is closed.
    package func remove(_ source: LoopSource) {
        thread.timers.cancel(source)
        guard unsafe source.place >= 0 else { return }
        unsafe minato_poller_remove(poller, source.registration)
        unsafe source.registration = 0
        // In the batch of events under way it may occur once more, as an address: it must outlive the batch.
        if thread.isHandling { thread.removed.append(source) }
        let last = thread.sources.removeLast()
        if last !== source {
            unsafe last.place = unsafe source.place
            unsafe thread.sources[source.place] = last
        }
        unsafe source.place = -1
    }

    package func setTimer(_ source: LoopSource, _ deadline: Int64) { thread.timers.set(source, deadline) }

    package func cancelTimer(_ source: LoopSource) { thread.timers.cancel(source) }

    /// Has a task wait until the other descriptors have been looked at.
    func yield(_ continuation: UnsafeContinuation<Void, Never>) { unsafe thread.yielded.append(continuation) }

    /// Calls a source again, by `isCalledAgain`, when the other descriptors have been looked at: once, however often it asks.
    package func callAgain(_ source: LoopSource) {
        if unsafe source.isToBeCalledAgain { return }
        unsafe source.isToBeCalledAgain = true
        thread.again.append(source)
    }

    /// Runs the jobs that are there, as after every event: for a source that has more to do when they have been run. To be called
    /// from what a source is told, never from a job.
    package func runJobsNow() { runJobs() }

    /// The time, read once for each turn of the loop: it may lag behind by what a turn takes, `longestTurn` at most.
    package var now: Int64 {
        if unsafe clock.pointee == 0 { unsafe clock.pointee = minato_clock_now() }
        return unsafe clock.pointee
    }

    /// Before the loop waits: from now on the time is another one.
    ///
    /// - Parameter time: what the clock has said after the last job, 0 when nobody has looked.
    private func endTurn(_ time: Int64) {
        let began = unsafe clock.pointee
        guard began != 0 else { return }
        unsafe clock.pointee = 0
        let end = time == 0 ? minato_clock_now() : time
        if unsafe end &- began > threadMemory.pointee.longestTurnOfLate || end > threadMemory.pointee.nextLookOver {
            remember(end - began, end)
        }
    }

    /// What ended longer ago than any limit lasts puts nothing off any more: what was counted in it has come. So one long turn, a
    /// process that was stopped, is felt for two limits and not for ever.
    @inline(never)
    private func remember(_ turn: Int64, _ now: Int64) {
        thread.longestTurnOfLate = max(thread.longestTurnOfLate, turn)
        thread.longestTurn = max(thread.longestTurn, turn)
        guard now > thread.nextLookOver else { return }
        thread.longestTurn = thread.longestTurnOfLate
        thread.longestTurnOfLate = 0
        thread.nextLookOver = now &+ min(thread.longestLimit, .max - now)
    }

    /// Deadlines are counted from `now` that are so far ahead.
    @inline(never)
    package func counts(_ nanoseconds: Int64) {
        let longer = nanoseconds - thread.longestLimit
        guard longer > 0 else { return }
        thread.longestLimit = nanoseconds
        // It was to be one of the limits before from the last time on.
        thread.nextLookOver += min(longer, .max - thread.nextLookOver)
    }

    /// The body of the thread.
    func run() {
        unsafe minato_thread_set_value(Unmanaged.passUnretained(self).toOpaque())
        var failedWaits = 0
        while takeInbox() {
            runJobs()
            let time = fireTimers()
            let mayWait =
                unsafe thread.jobs.count == 0 && thread.behind.count == 0 && thread.yielded.isEmpty
                && thread.again.isEmpty && fallAsleep()
            let deadline = mayWait ? thread.timers.next : Int64(MINATO_NO_WAIT)
            endTurn(time)
            let count = unsafe minato_poller_wait(poller, events, Self.batch, deadline)
            failedWaits = count < 0 ? failedWaits + 1 : 0
            if count < 0, !goesOn(after: .init(result: count), inARow: failedWaits) { break }
            handle(count)
            resumeYielded()
            callAgain()
            if thread.behind.count > 0 { runBehind(count) }
        }
        end()
        minato_thread_set_value(nil)
    }

    /// False when the loop is to end.
    private func takeInbox() -> Bool {
        let (items, goesOn) = inbox.withLock { (inbox) -> ([Remote], Bool) in
            inbox.isAsleep = false
            // Mostly nothing has come; emptying it would make a new array all the same.
            if inbox.items.isEmpty { return ([], !inbox.isStopping) }
            defer { inbox.items.removeAll(keepingCapacity: inbox.items.capacity <= 1024) }
            return (inbox.items, !inbox.isStopping)
        }
        for item in items {
            switch item {
            case .job(let job): thread.jobs.append(job)
            case .call(let body): body()
            }
        }
        return goesOn
    }

    /// Whether the loop may wait in the kernel: from now on whoever leaves something kicks it.
    private func fallAsleep() -> Bool {
        inbox.withLock { inbox in
            guard inbox.items.isEmpty, !inbox.isStopping else { return false }
            inbox.isAsleep = true
            return true
        }
    }

    private func handle(_ count: Int32) {
        guard count > 0 else { return }
        thread.isHandling = true
        var next = unsafe events
        let end = unsafe next + Int(count)
        while unsafe next < end {
            let event = unsafe next
            unsafe next += 1
            guard let address = unsafe UnsafeRawPointer(bitPattern: UInt(event.pointee.data)) else { continue }
            // Alive for the whole batch: see `remove`.
            unsafe Unmanaged<LoopSource>.fromOpaque(address)._withUnsafeGuaranteedRef { source in
                // Otherwise removed, and perhaps registered anew, since the kernel reported it.
                if unsafe source.registration == event.pointee.registration {
                    unsafe source.isReady(event.pointee.ready)
                }
            }
            if thread.jobs.count > 0 { runJobs() }
        }
        thread.isHandling = false
        if !thread.removed.isEmpty { thread.removed.removeAll(keepingCapacity: true) }
    }

    @inline(__always)
    private func runJobs() {
        guard let executor = unsafe thread.executor else { return }
        var left = Self.jobsInARow
        while left > 0, let job = thread.jobs.removeFirst() {
            unsafe threadMemory.pointee.operations = 0
            unsafe job.runSynchronously(on: executor)
            left &-= 1
        }
    }

    /// Those who had their share: one of them, and one more for each 32 descriptors that were ready. So whoever asks for
    /// little waits for one share at most, however many there are that ask for much; and these get on, whatever the others do.
    @inline(never)
    private func runBehind(_ events: Int32) {
        var left = min(thread.behind.count, 1 + max(Int(events), 0) / Self.share)
        while left > 0, let job = thread.behind.removeFirst() {
            thread.jobs.append(job)
            runJobs()
            left -= 1
        }
    }

    /// The time, when nothing was run since the clock was read; otherwise 0.
    private func fireTimers() -> Int64 {
        guard thread.timers.next != .max else { return 0 }
        let now = minato_clock_now()
        if thread.timers.next > now { return now }
        // Those that are left are due still: the loop looks at its descriptors without waiting, and comes back.
        for _ in 0..<Self.timersInARow {
            guard let source = thread.timers.removeExpired(now) else { break }
            source.timeIsOver(now)
            runJobs()
        }
        return 0
    }

    private func resumeYielded() {
        guard unsafe !thread.yielded.isEmpty else { return }
        let waiting = unsafe thread.yielded
        unsafe thread.yielded.removeAll(keepingCapacity: true)
        for place in unsafe waiting.indices {
            unsafe waiting[place].resume()
            runJobs()
        }
    }

    private func callAgain() {
        guard !thread.again.isEmpty else { return }
        let sources = thread.again
        thread.again.removeAll(keepingCapacity: true)
        for source in sources {
            unsafe source.isToBeCalledAgain = false
            guard source.isRegistered else { continue }
            source.isCalledAgain()
            runJobs()
        }
    }

    /// Tells every source, until nothing is left; the tasks go on elsewhere.
    private func end() {
        repeat {
            while let source = thread.sources.last ?? thread.timers.removeExpired(.max) {
                remove(source)
                source.loopEnds()
            }
            _ = takeInbox()
        } while !inbox.withLock { inbox in
            inbox.hasEnded = thread.sources.isEmpty && thread.timers.count == 0 && inbox.items.isEmpty
            return inbox.hasEnded
        }
        minato_thread_set_value(nil)
        // Nobody is called again, and what is kept here may keep the loop.
        thread.again = []
        thread.removed = []
        // Not run here: a task that does not come to an end would keep the thread.
        while let job = thread.jobs.removeFirst() ?? thread.behind.removeFirst() {
            globalConcurrentExecutor.enqueue(ExecutorJob(job))
        }
        let waiting = unsafe thread.yielded
        unsafe thread.yielded = unsafe []
        for place in unsafe waiting.indices { unsafe waiting[place].resume() }
    }
}
