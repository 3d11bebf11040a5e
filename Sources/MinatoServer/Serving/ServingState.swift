internal import CMinato
internal import Glibc
@_spi(Loops) internal import MinatoLoop
internal import MinatoSocket

/// All that a server's threads share, changed under one lock: the phase, the threads, the work in flight.
///
///     ready ──begin──▶ serving ──stop──▶ stopping ──ended──▶ closed
///       └───────────────stop──────────────────────────────────▲
struct ServingState {
    enum Phase {
        /// Bound, nobody serves.
        case ready
        /// `serve` or `serveBlocking` is under way.
        case serving
        /// It has been told to return.
        case stopping
        /// For good.
        case closed
    }

    /// How work is ended before its handler ends it.
    enum Ending {
        /// Not at all: a datagram's.
        case none
        /// By shutting down a descriptor. Its owner removes the entry before it closes the descriptor, under the same lock
        /// under which it is shut down here: so the number is never another socket's.
        case descriptor(Int32)
        /// By telling it. After the lock is given up.
        case told(any Endable)
    }

    /// Something that a handler works at.
    private struct Work {
        let ending: Ending
        /// The thread or the task of the handler, nil before it begins.
        var worker: WorkerID?
        /// Ended by this server.
        var isEnded = false
    }

    private(set) var phase = Phase.ready
    private(set) var listener: Listener?
    /// There while somebody serves.
    private(set) var watch: (any ServingWatch)?
    /// Who takes connections or datagrams, while there may be one in its hands that is not entered yet.
    private var taker: WorkerID?
    /// How many loops take connections or datagrams.
    private var takers = 0
    /// Connections that loops are taking, or have taken and not entered as work yet: as much in flight as those that are.
    private var underWay = 0
    /// How many connections have ended on loops: after each, a descriptor is free again.
    private(set) var freed: UInt64 = 0
    /// What waits for the next change, on loops.
    private var gates: [Gate] = []

    private var idle: [Worker] = []
    private(set) var threads = 0
    /// The most threads that there were at one time.
    private(set) var peakThreads = 0
    /// How many jobs are done: after each, descriptors are free again.
    private(set) var jobsDone: UInt64 = 0

    private var work = WorkTable<Work>()
    private var nextWork: UInt64 = 0
    /// Connections that are admitted from now on are ended at once.
    private(set) var endsWork = false
    /// Whether somebody else has the listening socket, too.
    var hasSuccessor = false
    /// What was ended is given up, because the time of a drain was over.
    private(set) var givesUp = false
    /// Works that were not ended with the others: those of the handler that drains.
    private var spared = 0
    /// The datagrams that tasks handle: see ServingState+Handlers.
    var handlers = Handlers()
    private(set) var finished = 0
    private(set) var ended = 0

    init(_ listener: Listener) { self.listener = listener }
}

// MARK: - Phases

extension ServingState {
    /// ready → serving. From the same moment on the watch can be woken, so that no stop goes unheard. The error says why not.
    ///
    /// - Parameter takers: how many loops take connections; none: the calling thread does.
    mutating func begin(with watch: any ServingWatch, takers: Int = 0) throws(SocketError) {
        switch phase {
        case .ready: break
        case .serving: throw SocketError(.serve, .init(EALREADY), subject: "a second time")
        case .stopping, .closed: throw SocketError(.serve, .closed)
        }
        phase = .serving
        self.watch = watch
        self.takers = takers
        taker = takers == 0 ? .thisThread : nil
    }

    /// serving → ready: it failed before anything was served. After a stop: closed.
    mutating func abandon() -> Listener? {
        watch = nil
        taker = nil
        guard phase == .serving else { return close() }
        phase = .ready
        return nil
    }

    /// Nothing more is to be taken. The caller drops what is returned outside the lock.
    mutating func stop() -> Listener? {
        switch phase {
        case .ready: return close()
        case .serving:
            phase = .stopping
            handlers.watch()
        case .stopping, .closed: break
        }
        return nil
    }

    /// The end of taking connections: gives up the listener.
    mutating func stopTaking() -> Listener? {
        taker = nil
        return listener.take()
    }

    /// One of the loops takes no more. True: it was the last.
    mutating func loopStopsTaking() -> Bool {
        takers -= 1
        guard takers == 0 else { return false }
        // When the loops have ended without a stop: from now on somebody waits for the handlers.
        handlers.watch()
        return true
    }

    /// stopping → closed.
    mutating func close() -> Listener? {
        phase = .closed
        watch = nil
        taker = nil
        return listener.take()
    }
}

// MARK: - Threads

extension ServingState {
    enum Choice {
        case worker(Worker)
        /// None is idle, but one more may be started; it is counted already.
        case start
        case stop
    }

    /// A worker for the next job; nil: wait until one is idle.
    mutating func choose(limit: Int) -> Choice? {
        guard phase == .serving else { return .stop }
        if let worker = idle.popLast() { return .worker(worker) }
        guard threads < limit else { return nil }
        threads += 1
        peakThreads = max(peakThreads, threads)
        return .start
    }

    /// A thread ended, or could not be started.
    mutating func left() { threads -= 1 }

    /// A worker that was chosen was not needed.
    mutating func putBack(_ worker: Worker) { idle.append(worker) }

    /// A worker has done its job; false when it shall end.
    mutating func rest(_ worker: Worker) -> Bool {
        jobsDone &+= 1
        guard phase == .serving else { return false }
        idle.append(worker)
        return true
    }

    /// The idle ones, to be ended. Those that work end when they are done.
    mutating func takeIdle() -> [Worker] {
        defer { idle = [] }
        return idle
    }
}

// MARK: - Work in flight

extension ServingState {
    /// Whether others than this one have work, or may be about to enter some.
    func isBusy(besides worker: WorkerID) -> Bool {
        if takers > 0 || underWay > 0 { return true }
        if let taker, taker != worker { return true }
        if handlers.areBusy(besides: worker) { return true }
        return work.contains { $0.worker != worker }
    }

    /// How many connections or datagrams are in flight.
    var workCount: Int { work.count }

    /// Adds work and returns its number; nil when it is to be dropped.
    mutating func admit(_ ending: Ending, worker: WorkerID? = nil) -> UInt64? {
        guard !endsWork else { return nil }
        nextWork += 1
        work[nextWork] = Work(ending: ending, worker: worker)
        return nextWork
    }

    /// What became of a loop's wish to take a connection.
    enum Place {
        /// It may: the place is to be entered, or given back. With the value of `freed` before the attempt, by which a
        /// descriptor that becomes free right after it failed is not missed.
        case taken(freed: UInt64)
        /// There are as many as there may be, until the next change.
        case full(Gate)
        /// Nothing is taken any more.
        case stop
    }

    /// Takes a place for a connection that is about to be accepted.
    ///
    /// - Parameter isLast: what waits in the listener's queue is taken after the stop, which a drain serves.
    mutating func takePlace(limit: Int, isLast: Bool = false) -> Place {
        guard isLast ? phase == .stopping && !endsWork : phase == .serving else { return .stop }
        // Whoever has a successor is not asked for more: those whose wake-up came here would wait there for the next one's.
        guard work.count + underWay < limit || isLast && hasSuccessor else {
            return isLast ? .stop : .full(gateForChange())
        }
        underWay += 1
        return .taken(freed: freed)
    }

    /// No connection came of it; true when somebody waits for the place.
    mutating func giveBackPlace() -> Bool {
        underWay -= 1
        return !gates.isEmpty
    }

    /// The connection for which there is a place was closed before it was work.
    mutating func dropPlace() {
        underWay -= 1
        freed &+= 1
    }

    /// The connection for which there is a place becomes work; nil when it is to be dropped.
    mutating func enterPlace(_ ending: Ending, worker: WorkerID? = nil) -> UInt64? {
        underWay -= 1
        return admit(ending, worker: worker)
    }

    /// The handler of the work begins.
    mutating func began(_ number: UInt64, by worker: WorkerID) { work[number]?.worker = worker }

    /// The handler is done; from now on the descriptor is not touched here.
    mutating func dismiss(_ number: UInt64) {
        guard let entry = work.remove(number) else { return }
        freed &+= 1
        if entry.isEnded { return }
        finished += 1
        if endsWork { spared -= 1 }
    }

    /// A handler of a datagram has returned, which was in a task's hands.
    mutating func handlerEnds(_ worker: WorkerID, _ tally: HandlerTally) {
        tally.change(by: -1)
        if !endsWork || handlers.isSpared(worker) { finished += 1 }
    }

    /// Ends everything in flight, so that the handlers that wait for it wake up. Returns what is to be told so.
    ///
    /// shutdown(2) does not block, so it may happen under the lock.
    ///
    /// - Parameter givingUp: whether what the peers have not taken of what they were sent is thrown away.
    mutating func endWork(besides worker: WorkerID? = nil, givingUp: Bool = false) -> [any Endable] {
        endsWork = true
        givesUp = givesUp || givingUp
        var told: [any Endable] = []
        var ended = 0
        var spared = 0
        work.updateAll { entry in
            if entry.isEnded { return }
            if let worker, entry.worker == worker {
                spared += 1
                return
            }
            switch entry.ending {
            case .none: break
            case .descriptor(let descriptor):
                if givingUp { UnsentData.giveUp(descriptor) }
                minato_socket_shutdown(descriptor, Int32(SHUT_RDWR))
            case .told(let endable): told.append(endable)
            }
            entry.isEnded = true
            ended += 1
        }
        self.ended += ended + handlers.end(besides: worker)
        self.spared = spared
        return told
    }
}

// MARK: - Waiting for changes

extension ServingState {
    /// A gate that opens with the next change.
    mutating func gateForChange() -> Gate {
        let gate = Gate()
        gates.append(gate)
        return gate
    }

    /// Forgets a gate that nobody waits at any more.
    mutating func remove(_ gate: Gate) { gates.removeAll { $0 === gate } }

    /// A gate for the next change, nil when the server stops, or when a connection has ended since `freed` was read.
    mutating func gateWhilePaused(unlessAfter freed: UInt64?) -> Gate? {
        phase == .serving && (freed == nil || freed == self.freed) ? gateForChange() : nil
    }

    private var isDone: Bool { work.isEmpty && underWay == 0 && takers == 0 && handlers.count == 0 }

    /// A gate for the next change, nil when nothing is in flight and nothing is taken any more.
    mutating func gateUntilDone() -> Gate? { isDone ? nil : gateForChange() }

    /// A gate for the next change, nil when nothing is in flight, or all of it has been ended: also what drained, which comes
    /// to its own end first.
    mutating func gateUntilEnd() -> Gate? {
        endsWork && spared == 0 && handlers.spared == 0 || isDone ? nil : gateForChange()
    }

    /// A gate for the next change, nil when only this one has work, or all of it has been ended.
    mutating func gateUnlessDone(besides worker: WorkerID) -> Gate? {
        !endsWork && isBusy(besides: worker) ? gateForChange() : nil
    }

    fileprivate mutating func takeGates() -> [Gate] {
        defer { gates = [] }
        return gates
    }
}

extension Guarded<ServingState> {
    /// Makes a change, and wakes all that wait for one, threads and tasks.
    func change<Result>(_ body: (inout ServingState) -> Result) -> Result {
        let (result, gates) = withLockAndWake { state in (body(&state), state.takeGates()) }
        for gate in gates { gate.open() }
        return result
    }

    /// Wakes all that wait for a change, threads and tasks.
    func announce() { change { _ in } }
}
