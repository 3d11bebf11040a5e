internal import CMinato
@_spi(Loops) internal import MinatoLoop
internal import MinatoSocket

/// A server's socket on one loop: what is watched for and when, and how it ends. What is done with datagrams is the business of
/// those who inherit, one for each face: `turn`, and what stands beside it.
///
/// **Threads.** The loop's, but for what is said to be for tasks, and `end`.
@safe
class DatagramService: LoopSource, Endable, @unchecked Sendable {
    /// What is taken at the end of taking, in turns: as much as a receive buffer holds.
    private static let lastTurns = 4
    /// A time that has come.
    private static let now: Int64 = 1

    final let server: DatagramServer
    final let share: LoopShare
    final let core: LoopCore
    private final let descriptor: Int32
    private final let isOneOfSeveral: Bool

    /// In plain memory: a class's variables are checked for exclusive access each time.
    private final let memory: UnsafeMutablePointer<DatagramTransfer>
    final var transfer: DatagramTransfer {
        _read { yield unsafe memory.pointee }
        _modify { yield unsafe &memory.pointee }
    }

    // Not checked for exclusive access: the loop's thread only, and never passed on.
    @exclusivity(unchecked) private final var isWorking = false
    @exclusivity(unchecked) private final var isEnding = false
    @exclusivity(unchecked) private(set) final var isClosed = false
    /// What the loop watches the socket for; nil: it does not yet.
    @exclusivity(unchecked) private final var watched: UInt32?
    @exclusivity(unchecked) private final var timer = Int64.max
    /// How many turns are left that take what has come already; nil: it does not stop.
    @exclusivity(unchecked) private final var turnsLeft: Int?
    /// The tasks that wait for the end of taking, and for the end of everything.
    private final var stopper: UnsafeContinuation<Void, Never>?
    private final var waiter: UnsafeContinuation<Void, Never>?
    /// Why it ended by itself. To be read after `finish`.
    private(set) final var failure: SocketError?

    init(_ server: DatagramServer, _ share: LoopShare, _ port: DatagramPort, isOneOfSeveral: Bool) {
        self.server = server
        self.share = share
        self.isOneOfSeveral = isOneOfSeveral
        core = share.loop.core
        descriptor = port.socket.descriptor
        unsafe memory = .allocate(capacity: 1)
        unsafe memory.initialize(to: DatagramTransfer(port, server.control, server.limits, server.hooks))
        super.init()
    }

    deinit {
        unsafe memory.deinitialize(count: 1)
        unsafe memory.deallocate()
    }

    // MARK: - For those who inherit

    /// Sends what is late, receives, has datagrams handled and replies sent, as long as there is something to do.
    func turn() -> DatagramTransfer.Outcome { .wait }

    /// Whether something that was received is still to be handled.
    var holdsDatagrams: Bool { false }

    /// Whether nothing is received although there may be something.
    var isHeldUp: Bool { false }

    /// Nothing is handled any more: the loop has ended.
    func giveUp() {}

    // MARK: - For its task

    /// Takes the share's place at the socket.
    final func begin() {
        core.post { [self] in
            // The acceptor tells only of the server's end: two registrations would wake the loop twice for each datagram.
            core.remove(share.acceptor)
            arrange()
        }
    }

    /// Has it look whether there is something to receive.
    final func look() {
        core.post { [self] in
            transfer.isReadable = true
            callSoon()
        }
    }

    /// Receives nothing more, after what has come already. Afterwards the server knows of every reply that still waits.
    nonisolated(nonsending) final func stop() async {
        await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            let isTaken = core.post { [self] in unsafe takeTheLast(continuation) }
            if !isTaken { unsafe continuation.resume() }
        }
    }

    private final func takeTheLast(_ continuation: UnsafeContinuation<Void, Never>) {
        guard unsafe !isClosed else { return unsafe continuation.resume() }
        unsafe stopper = unsafe continuation
        // No wake-up comes to this loop any more. For a datagram whose wake-up has come already nobody else was woken, a
        // successor who has the socket too neither: so it is taken now, or it would wait for the next one.
        core.remove(self)
        unsafe (watched, timer) = (nil, .max)
        unsafe turnsLeft = Self.lastTurns
        transfer.isReadable = server.state.withLock { $0.phase == .stopping && !$0.endsWork }
        callSoon()
    }

    /// Waits until every reply has been sent or given up, and lets go of the socket. After `stop`.
    ///
    /// Not ended by the cancellation of the task, which ends the server, and so what this waits for.
    nonisolated(nonsending) final func finish() async {
        await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            let isTaken = core.post { [self] in
                unsafe waiter = continuation
                closeIfDone()
            }
            if !isTaken { unsafe continuation.resume() }
        }
    }

    // MARK: - Events

    final override func isReady(_ flags: UInt32) {
        if flags & UInt32(MINATO_READABLE | MINATO_HANGUP | MINATO_ERROR) != 0 { transfer.isReadable = true }
        goOn()
    }

    final override func timeIsOver(_ now: Int64) {
        unsafe timer = .max
        goOn()
    }

    private final func goOn() {
        guard unsafe !isClosed else { return }
        unsafe isWorking = true
        let outcome = turn()
        unsafe isWorking = false
        if unsafe isEnding { transfer.late.drop() }
        transfer.late.account(to: server, as: self)
        if case .end(let error) = outcome { fail(error) }
        var hasMore = if case .again = outcome { true } else { false }
        if unsafe turnsLeft != nil { hasMore = endTaking(hasMore) }
        arrange()
        if hasMore { callSoon() }
        closeIfDone()
    }

    /// One of the last turns is over. Whether another one is needed.
    private final func endTaking(_ hasMore: Bool) -> Bool {
        let left = unsafe (turnsLeft ?? 0) - 1
        unsafe turnsLeft = left
        if left <= 0 || !hasMore { transfer.isStopped = true }
        if holdsDatagrams || !transfer.isStopped { return hasMore }
        let waiting = unsafe stopper
        unsafe stopper = nil
        unsafe waiting?.resume()
        return false
    }

    /// Has the loop call again, after others have had their turn.
    final func callSoon() {
        guard unsafe !isClosed else { return }
        if registration != 0 { return core.callAgain(self) }
        unsafe timer = Self.now
        core.setTimer(self, Self.now)
    }

    /// Has the loop watch for what is waited for, and call at the right time.
    private final func arrange() {
        guard unsafe !isClosed else { return }
        watch(wanted)
        var next = transfer.next
        // The loop tells of its end only those of whom it knows.
        if next == .max, registration == 0 { next = .max - 1 }
        guard unsafe next != timer, unsafe timer != Self.now else { return }
        unsafe timer = next
        if next == .max { core.cancelTimer(self) } else { core.setTimer(self, next) }
    }

    /// What is waited for; nil: only the time.
    private final var wanted: UInt32? {
        if transfer.isPausing { return nil }
        if transfer.isBlocked { return UInt32(MINATO_WRITABLE) }
        let receives = unsafe turnsLeft == nil && !transfer.isStopped && !isHeldUp
        return receives ? UInt32(MINATO_READABLE) : nil
    }

    /// Writability is watched for only while somebody waits for it: it is reported after each reply that was delivered.
    @inline(__always)
    private final func watch(_ wanted: UInt32?) {
        if unsafe wanted != watched {
            change(to: wanted)
        } else if !core.hasEdges, let wanted {
            core.setInterest(self, wanted | UInt32(MINATO_EDGE_TRIGGERED))
        }
    }

    private final func change(to wanted: UInt32?) {
        // Removed and added: what is watched together with other loops cannot be modified. See epoll_ctl(2).
        core.remove(self)
        unsafe (watched, timer) = (wanted, .max)
        guard let wanted else { return }
        let isShared = isOneOfSeveral && core.hasEdges && wanted == UInt32(MINATO_READABLE)
        let interest = wanted | UInt32(MINATO_EDGE_TRIGGERED | (isShared ? MINATO_EXCLUSIVE : 0))
        let result = core.add(self, descriptor, interest: interest)
        if result < 0 { fail(SocketError(.register, .init(result: result), local: server.address)) }
    }

    // MARK: - The end

    final func end(givingUp: Bool) {
        core.post { [self] in
            // From inside a turn: what is about to be said must be dropped too.
            if unsafe isWorking {
                unsafe isEnding = true
                return
            }
            transfer.late.drop()
            transfer.late.account(to: server, as: self)
            arrange()
            closeIfDone()
        }
    }

    /// The socket is unusable: the task, and with it the server, ends.
    private final func fail(_ error: SocketError) {
        failure = failure ?? error
        transfer.isStopped = true
        transfer.late.drop()
        transfer.late.account(to: server, as: self)
        share.acceptor.close()
    }

    final override func loopEnds() {
        unsafe isClosed = true
        transfer.late.drop()
        transfer.late.account(to: server, as: self)
        giveUp()
        share.acceptor.close()
        resume()
    }

    private final func closeIfDone() {
        guard unsafe waiter != nil, unsafe !isWorking else { return }
        guard unsafe isClosed || transfer.late.isEmpty && !holdsDatagrams else { return }
        if unsafe !isClosed {
            unsafe isClosed = true
            core.remove(self)
        }
        resume()
    }

    private final func resume() {
        let waiting = unsafe [stopper, waiter]
        unsafe (stopper, waiter) = (nil, nil)
        for place in unsafe waiting.indices { unsafe waiting[place]?.resume() }
    }
}
