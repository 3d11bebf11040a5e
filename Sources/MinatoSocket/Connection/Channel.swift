internal import CMinato
@_spi(Loops) package import MinatoLoop
internal import Synchronization

/// A descriptor that belongs to an event loop, and what waits for it: the common inside of ``Connection``, ``Listener`` and
/// ``DatagramSocket``.
///
/// **Threads.** Every thread may use it. At most one operation reads and one writes at a time; a second one is refused.
@safe
package final class Channel: LoopSource, @unchecked Sendable {
    /// How a wait ended.
    enum Wake: UInt8, Sendable {
        case ready, closed, cancelled, timedOut
        /// It did not begin: the waiting task is not the one whose cancellation `cancelOwn` tells.
        case foreign
    }

    /// A task that waits.
    @safe
    enum Waiter {
        case nobody
        case continuation(UnsafeContinuation<Wake, Never>)
        /// On the loop, in its ``WaitingRoom``.
        case job(UnownedJob)
    }

    typealias Direction = ChannelState.Direction

    package let loop: EventLoop
    /// The loop's inside, which it keeps alive: without counting references for each event.
    let core: Unmanaged<LoopCore>
    /// Valid while an operation, a guest or the registration uses it.
    let descriptor: Int32
    let family: Socket.Family
    let kind: Socket.Kind

    private let state: Atomic<UInt64>

    /// Who waits: written by the operation that waits, read by whoever ended the wait in `state`.
    @exclusivity(unchecked) var reader = Waiter.nobody
    @exclusivity(unchecked) var writer = Waiter.nobody
    /// How the wait of a job ended: written before the job is let go on.
    @exclusivity(unchecked) var readerWake = Wake.ready
    @exclusivity(unchecked) var writerWake = Wake.ready

    /// For the first wait for something to read, in nanoseconds; negative: none of its own, or it is past.
    @exclusivity(unchecked) var firstReadTimeout: Int64 = -1

    /// The loop's thread only: somebody has had his share with it. The next wait ends behind those of the others.
    @exclusivity(unchecked) var hadItsShare = false

    // Changed by whoever has the direction: how many operations there were that need not wait, modulo 256.
    @exclusivity(unchecked) private var reads: UInt8 = 0
    @exclusivity(unchecked) private var writes: UInt8 = 0

    // The loop's thread only: until when the waits may last, and which waits those times are meant for.
    @exclusivity(unchecked) var readDeadline = Int64.max
    @exclusivity(unchecked) var writeDeadline = Int64.max
    @exclusivity(unchecked) var readDeadlineWait: UInt16 = 0
    @exclusivity(unchecked) var writeDeadlineWait: UInt16 = 0

    /// The task whose cancellation is told by `cancelOwn`, 0 for none.
    let owner = Atomic<UInt>(0)

    /// - Parameters:
    ///   - isReadable: whether a first read is worth a try before the loop has reported anything.
    ///   - isWritable: the same for a first write.
    package init(_ socket: consuming Socket, on loop: EventLoop, isReadable: Bool = false, isWritable: Bool = true) {
        self.loop = loop
        unsafe core = .passUnretained(loop.core)
        family = socket.family
        kind = socket.kind
        descriptor = socket.release()
        var initial = ChannelState()
        if isReadable { initial.putReadiness(.reading) }
        if isWritable || !loop.core.hasEdges { initial.putReadiness(.writing) }
        // Only IP streams give all they have: on a Unix socket a read ends behind bytes that descriptors came with, and
        // elsewhere behind a message. See unix(7).
        if kind != .stream || family != .ipv4 && family != .ipv6 { initial.putEnded() }
        initial.register()
        state = Atomic(initial.word)
        super.init()
        LiveObjects.channel.isBorn()
    }

    /// Lets the loop watch the descriptor; to be called once, after `init`.
    package func register(_ interest: UInt32 = everything) {
        let isTaken = loop.core.post { [self] in
            // Closed before the loop came to it.
            guard !current.isClosed else { return drop() }
            let interest = UInt32(MINATO_EDGE_TRIGGERED) | (loop.core.hasEdges ? interest : 0)
            let result = loop.core.add(self, descriptor, interest: interest)
            // Out of memory for it: the connection is lost.
            guard result >= 0 else {
                close()
                return drop()
            }
            // Somebody may be waiting already.
            if !loop.core.hasEdges { showInterest() }
            timeIsOver(minato_clock_now())
        }
        if !isTaken { abandon() }
    }

    // Urgent data is asked for because a read of a stream stops in front of it: see tcp(7).
    package static let everything = UInt32(
        MINATO_READABLE | MINATO_WRITABLE | MINATO_READ_CLOSED | MINATO_PRIORITY)

    /// Whether this is the loop's thread.
    @inline(__always)
    var isOnLoop: Bool { unsafe minato_thread_value() == core.toOpaque() }

    // MARK: - State

    @inline(__always)
    func update<Result>(_ change: (inout ChannelState) -> Result) -> Result {
        var old = state.load(ordering: .relaxed)
        while true {
            var new = ChannelState(old)
            let result = change(&new)
            let (isDone, seen) = state.weakCompareExchange(
                expected: old, desired: new.word, ordering: .sequentiallyConsistent)
            if isDone { return result }
            old = seen
        }
    }

    var current: ChannelState { ChannelState(state.load(ordering: .acquiring)) }

    /// Takes a direction for an operation. False: wait before the first try.
    @inline(__always)
    func begin(_ direction: Direction) throws(SocketError) -> Bool {
        // Without an own task, whose cancellation stands in the state, the calling one is asked.
        if owner.load(ordering: .relaxed) == 0, Task.isCancelled { throw failure(direction, .cancelled) }
        let beginning = update { $0.begin(direction) }
        if beginning == .ready { return true }
        if beginning == .unready { return false }
        try refuse(direction, beginning)
        return false
    }

    /// Counts an operation that need not wait. True when others come first.
    @inline(__always)
    func hasHadItsShare(_ direction: Direction) -> Bool {
        if direction == .reading {
            unsafe reads &+= 1
            return unsafe reads % Self.countedAtOnce == 0 && hasHadItsShare()
        }
        unsafe writes &+= 1
        return unsafe writes % Self.countedAtOnce == 0 && hasHadItsShare()
    }

    /// Only each eighth asks the loop, and counts for all of them. It is the job's share: a task may have many connections.
    private static var countedAtOnce: UInt8 { 8 }

    /// Elsewhere than on the loop nobody waits for it; but it should hear that it was cancelled.
    @inline(never)
    private func hasHadItsShare() -> Bool {
        !isOnLoop || loop.core.count(operations: Int(Self.countedAtOnce))
    }

    @inline(never)
    private func refuse(_ direction: Direction, _ beginning: ChannelState.Beginning) throws(SocketError) {
        switch beginning {
        case .closed: throw failure(direction, codeOfClosed)
        case .busy: throw failure(direction, .busy)
        case .cancelled:
            // The readiness that was taken is put back; a try too many does no harm.
            if Self.currentTask == owner.load(ordering: .relaxed) {
                finish(direction, isReady: true)
                throw failure(direction, .cancelled)
            }
            putReadiness(direction)
        case .ready, .unready: break
        }
    }

    /// Takes a direction for something that never waits, and so is not cancelled. Returns whether it was ready.
    func seize(_ direction: Direction) throws(SocketError) -> Bool {
        var wasReady = false
        let beginning = update { state in
            wasReady = state.isReady(direction)
            return state.begin(direction)
        }
        switch beginning {
        case .closed: throw failure(direction, codeOfClosed)
        case .busy: throw failure(direction, .busy)
        case .cancelled, .ready, .unready: return wasReady
        }
    }

    /// Ends an operation.
    @inline(__always)
    func finish(_ direction: Direction, isReady: Bool = false) {
        if update({ $0.finish(direction, isReady: isReady) }) { minato_socket_close(descriptor) }
    }

    @inline(__always)
    func putReadiness(_ direction: Direction) { update { $0.putReadiness(direction) } }

    /// Uses the descriptor for a call that neither reads nor writes nor waits. Nil when it is closed.
    package func withDescriptor<Result>(_ body: (Int32) -> Result) -> Result? {
        guard update({ $0.enter() }) else { return nil }
        defer { if update({ $0.leave() }) { minato_socket_close(descriptor) } }
        return body(descriptor)
    }

    // MARK: - Closing

    /// Whether the peer has let the time of a write pass: what it was sent has a gap.
    package var hasGivenUpWriting: Bool { current.hasGap }

    /// Has the close that follows throw away what the peer has not taken, if there is anything.
    package func giveUpUnsent() { withDescriptor { UnsentData.giveUp($0) } }

    /// Closes: nothing begins any more, and what waits ends with `.closed`. Any number of times, from any thread.
    package func close() {
        guard let wakes = update({ $0.close() }) else { return }
        resume(wakes, .closed)
        if !loop.core.post({ [self] in drop() }) { abandon() }
    }

    /// Ends the registration, once. On the loop's thread.
    private func drop() {
        loop.core.remove(self)
        if update({ $0.unregister() }) { minato_socket_close(descriptor) }
    }

    /// As `close` and `drop`, where there is no loop (any more) that knows of it.
    package func abandon() {
        if let wakes = update({ $0.close() }) { resume(wakes, .closed) }
        if update({ $0.unregister() }) { minato_socket_close(descriptor) }
    }

    @_spi(Loops) public override func loopEnds() { abandon() }

    deinit {
        LiveObjects.channel.isGone()
        // Only when it was never registered: the registration keeps it alive.
        if update({ (state) in
            _ = state.close()
            return state.unregister()
        }) {
            minato_socket_close(descriptor)
        }
    }

    // MARK: - Waking

    @_spi(Loops) public override func isReady(_ flags: UInt32) {
        let unusual = UInt32(MINATO_READ_CLOSED | MINATO_HANGUP | MINATO_ERROR | MINATO_PRIORITY)
        let ended = flags & unusual != 0
        let writable = flags & UInt32(MINATO_WRITABLE | MINATO_HANGUP | MINATO_ERROR) != 0
        let readable = ended || flags & UInt32(MINATO_READABLE) != 0
        let wakes = update { $0.report(readable: readable, writable: writable, ended: ended) }
        if unsafe hadItsShare { resumeBehind(wakes) } else { resume(wakes, .ready, isOnLoop: true) }
        if unsafe !core._withUnsafeGuaranteedRef({ $0.hasEdges }) { showInterest() }
    }

    /// It asked for much before it waited. With what has come now it may do so again.
    @inline(never)
    private func resumeBehind(_ wakes: ChannelState.Wakes) {
        guard wakes.reader || wakes.writer else { return }
        unsafe hadItsShare = false
        loop.core.behind { resume(wakes, .ready) }
    }

    @_spi(Loops) public override func timeIsOver(_ now: Int64) { endWaits(now) }

    @inline(__always)
    func resume(_ wakes: ChannelState.Wakes, _ wake: Wake, isOnLoop: Bool = false) {
        if wakes.reader { resume(.reading, wake, isOnLoop: isOnLoop) }
        if wakes.writer { resume(.writing, wake, isOnLoop: isOnLoop) }
    }

    /// - Parameter isOnLoop: whether this is known to be the loop's thread.
    @inline(__always)
    func resume(_ direction: Direction, _ wake: Wake, isOnLoop: Bool = false) {
        switch unsafe direction == .reading ? reader : writer {
        case .nobody: break
        case .continuation(let continuation): unsafe continuation.resume(returning: wake)
        case .job(let job):
            if direction == .reading { unsafe readerWake = wake } else { unsafe writerWake = wake }
            unsafe core._withUnsafeGuaranteedRef { isOnLoop ? $0.enqueueOnLoop(job) : $0.enqueue(job) }
        }
    }
}
