internal import CMinato
@_spi(Loops) internal import MinatoSocket

/// A server's socket on one loop, answered by a responder: no task, and no memory for each datagram.
///
/// **Threads.** The loop's, but for what is said to be for tasks, and `end`.
@safe
final class DatagramService: LoopSource, Endable, @unchecked Sendable {
    /// What is taken at the end of taking, in turns of the exchange: as much as a receive buffer holds.
    private static let lastTurns = 4

    private let server: DatagramServer
    private let share: LoopShare
    private let core: LoopCore
    private let descriptor: Int32
    private let isOneOfSeveral: Bool

    /// In plain memory: a class's variables are checked for exclusive access each time.
    private let memory: UnsafeMutablePointer<DatagramExchange>
    private var exchange: DatagramExchange {
        _read { yield unsafe memory.pointee }
        _modify { yield unsafe &memory.pointee }
    }

    // Not checked for exclusive access: the loop's thread only, and never passed on.
    @exclusivity(unchecked) private var isWorking = false
    @exclusivity(unchecked) private var isEnding = false
    @exclusivity(unchecked) private var isClosed = false
    /// What the loop watches the socket for; nil: it does not yet.
    @exclusivity(unchecked) private var watched: UInt32?
    @exclusivity(unchecked) private var timer = Int64.max
    /// The task that waits for the end.
    private var waiter: UnsafeContinuation<Void, Never>?
    /// Why it ended by itself. To be read after `finish`.
    private(set) var failure: SocketError?

    init(
        _ server: DatagramServer, _ share: LoopShare, _ port: DatagramPort, _ responder: any DatagramResponder,
        isOneOfSeveral: Bool
    ) {
        self.server = server
        self.share = share
        self.isOneOfSeveral = isOneOfSeveral
        core = share.loop.core
        descriptor = port.socket.descriptor
        unsafe memory = .allocate(capacity: 1)
        unsafe memory.initialize(
            to: DatagramExchange(port, responder, server.control, server.limits, server.hooks))
        super.init()
    }

    deinit {
        unsafe memory.deinitialize(count: 1)
        unsafe memory.deallocate()
    }

    // MARK: - For its task

    /// Takes the share's place at the socket.
    func begin() {
        core.post { [self] in
            // The acceptor tells only of the server's end: two registrations would wake the loop twice for each datagram.
            core.remove(share.acceptor)
            arrange()
        }
    }

    /// Has it look whether there is something to receive.
    func look() {
        core.post { [self] in isReady(UInt32(MINATO_READABLE)) }
    }

    /// Receives nothing more. Afterwards the server knows of every reply that still waits.
    nonisolated(nonsending) func stop() async {
        await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            let isTaken = core.post { [self] in
                takeTheLast()
                unsafe continuation.resume()
            }
            if !isTaken { unsafe continuation.resume() }
        }
    }

    private func takeTheLast() {
        guard unsafe !isClosed else { return }
        // No wake-up comes to this loop any more. For a datagram whose wake-up has come already nobody else was woken, a
        // successor who has the socket too neither: so it is taken now, or it would wait for the next one.
        core.remove(self)
        unsafe (watched, timer) = (nil, .max)
        exchange.isReadable = server.state.withLock { $0.phase == .stopping && !$0.endsWork }
        for _ in 0..<Self.lastTurns {
            guard case .again = turn() else { break }
        }
        exchange.isStopped = true
        arrange()
    }

    /// Waits until every reply has been sent or given up, and lets go of the socket. After `stop`.
    ///
    /// Not ended by the cancellation of the task, which ends the server, and so what this waits for.
    nonisolated(nonsending) func finish() async {
        await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            let isTaken = core.post { [self] in
                unsafe waiter = continuation
                closeIfDone()
            }
            if !isTaken { unsafe continuation.resume() }
        }
    }

    // MARK: - Events

    override func isReady(_ flags: UInt32) {
        if flags & UInt32(MINATO_READABLE | MINATO_HANGUP | MINATO_ERROR) != 0 { exchange.isReadable = true }
        goOn()
    }

    override func timeIsOver(_ now: Int64) {
        unsafe timer = .max
        goOn()
    }

    private func goOn() {
        guard unsafe !isClosed else { return }
        let outcome = turn()
        arrange()
        if case .again = outcome { core.callAgain(self) }
        closeIfDone()
    }

    private func turn() -> DatagramExchange.Outcome {
        unsafe isWorking = true
        let outcome = exchange.goOn()
        unsafe isWorking = false
        if unsafe isEnding { exchange.late.drop() }
        exchange.late.account(to: server, as: self)
        if case .end(let error) = outcome { fail(error) }
        return outcome
    }

    /// Has the loop watch for what is waited for, and call at the right time.
    private func arrange() {
        guard unsafe !isClosed else { return }
        watch(wanted)
        let next = exchange.next
        guard unsafe next != timer else { return }
        unsafe timer = next
        if next == .max { core.cancelTimer(self) } else { core.setTimer(self, next) }
    }

    /// What is waited for; nil: only the time.
    private var wanted: UInt32? {
        if exchange.isPausing { return nil }
        if exchange.isBlocked { return UInt32(MINATO_WRITABLE) }
        return exchange.isStopped ? nil : UInt32(MINATO_READABLE)
    }

    /// Writability is watched for only while somebody waits for it: it is reported after each reply that was delivered.
    @inline(__always)
    private func watch(_ wanted: UInt32?) {
        if unsafe wanted != watched {
            change(to: wanted)
        } else if !core.hasEdges, let wanted {
            core.setInterest(self, wanted | UInt32(MINATO_EDGE_TRIGGERED))
        }
    }

    private func change(to wanted: UInt32?) {
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

    func end() {
        core.post { [self] in
            // From inside the responder: what it is about to say must be dropped too.
            if unsafe isWorking {
                unsafe isEnding = true
                return
            }
            exchange.late.drop()
            exchange.late.account(to: server, as: self)
            arrange()
            closeIfDone()
        }
    }

    /// The socket is unusable: the task, and with it the server, ends.
    private func fail(_ error: SocketError) {
        failure = failure ?? error
        exchange.isStopped = true
        exchange.late.drop()
        exchange.late.account(to: server, as: self)
        share.acceptor.close()
    }

    override func loopEnds() {
        unsafe isClosed = true
        exchange.late.drop()
        exchange.late.account(to: server, as: self)
        share.acceptor.close()
        resume()
    }

    private func closeIfDone() {
        guard unsafe waiter != nil, unsafe isClosed || exchange.late.isEmpty else { return }
        if unsafe !isClosed {
            unsafe isClosed = true
            core.remove(self)
        }
        resume()
    }

    private func resume() {
        let waiting = unsafe waiter
        unsafe waiter = nil
        unsafe waiting?.resume()
    }
}
