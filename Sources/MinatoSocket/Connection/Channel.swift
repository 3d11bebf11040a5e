internal import CMinato
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

    typealias Direction = ChannelState.Direction

    package let loop: EventLoop
    /// Valid while an operation, a guest or the registration uses it.
    let descriptor: Int32
    let family: Socket.Family
    let kind: Socket.Kind

    private let state: Atomic<UInt64>

    /// The waits' continuations: written by the operation that waits, read by whoever ended the wait in `state`.
    private var reader: UnsafeContinuation<Wake, Never>?
    private var writer: UnsafeContinuation<Wake, Never>?

    // Changed by whoever has the direction: how many operations there were, modulo 256.
    private var reads: UInt8 = 0
    private var writes: UInt8 = 0

    // The loop's thread only: until when the waits may last, and which waits those times are meant for.
    private var readDeadline = Int64.max
    private var writeDeadline = Int64.max
    private var readDeadlineWait: UInt16 = 0
    private var writeDeadlineWait: UInt16 = 0

    /// The task whose cancellation is told by `cancelOwn`, 0 for none.
    private let owner = Atomic<UInt>(0)

    /// - Parameter isReady: whether a first read is worth a try before the loop has reported anything.
    package init(_ socket: consuming Socket, on loop: EventLoop, isReadable: Bool = false, isWritable: Bool = true) {
        self.loop = loop
        family = socket.family
        kind = socket.kind
        descriptor = socket.release()
        var initial = ChannelState()
        if isReadable || !loop.core.hasEdges { initial.putReadiness(.reading) }
        if isWritable || !loop.core.hasEdges { initial.putReadiness(.writing) }
        initial.register()
        state = Atomic(initial.word)
        super.init()
    }

    /// Lets the loop watch the descriptor; to be called once, after `init`.
    package func register(_ interest: UInt32 = everything) {
        let isTaken = loop.core.post { [self] in
            // Closed before the loop came to it.
            guard !current.isClosed else { return drop() }
            let interest = UInt32(MINATO_EDGE_TRIGGERED) | (loop.core.hasEdges ? interest : 0)
            let result = loop.core.add(self, descriptor, interest: interest)
            // Out of memory for it, or a loop that has ended: the connection is lost.
            if result < 0 {
                close()
                drop()
            }
        }
        if !isTaken { loopEnds() }
    }

    /// Closes a channel that was never registered.
    package func abandon() { loopEnds() }

    package static let everything = UInt32(MINATO_READABLE | MINATO_WRITABLE | MINATO_READ_CLOSED)

    // MARK: - State

    @inline(__always)
    private func update<Result>(_ change: (inout ChannelState) -> Result) -> Result {
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
        let beginning = update { $0.begin(direction) }
        if beginning == .ready { return true }
        if beginning == .unready { return false }
        try refuse(direction, beginning)
        return false
    }

    /// Counts an operation that need not wait: true for one in 256.
    @inline(__always)
    func hasHadItsShare(_ direction: Direction) -> Bool {
        if direction == .reading {
            reads &+= 1
            return reads == 0
        }
        writes &+= 1
        return writes == 0
    }

    private func refuse(_ direction: Direction, _ beginning: ChannelState.Beginning) throws(SocketError) {
        switch beginning {
        case .closed: throw failure(direction, .closed)
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

    /// Ends an operation.
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

    /// Closes: nothing begins any more, and what waits ends with `.closed`. Any number of times, from any thread.
    package func close() {
        guard let wakes = update({ $0.close() }) else { return }
        resume(wakes, .closed)
        if !loop.core.post({ [self] in drop() }) { drop() }
    }

    /// Ends the registration, once.
    private func drop() {
        loop.core.remove(self)
        if update({ $0.unregister() }) { minato_socket_close(descriptor) }
    }

    @_spi(Loops) public override func loopEnds() {
        // Removed by the loop already, or never registered.
        if let wakes = update({ $0.close() }) { resume(wakes, .closed) }
        if update({ $0.unregister() }) { minato_socket_close(descriptor) }
    }

    deinit {
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
        let ended = flags & UInt32(MINATO_READ_CLOSED | MINATO_HANGUP | MINATO_ERROR) != 0
        let writable = flags & UInt32(MINATO_WRITABLE | MINATO_HANGUP | MINATO_ERROR) != 0
        let readable = ended || flags & UInt32(MINATO_READABLE) != 0
        resume(update { $0.report(readable: readable, writable: writable, ended: ended) }, .ready)
        if !loop.core.hasEdges { showInterest() }
    }

    @inline(__always)
    private func resume(_ wakes: ChannelState.Wakes, _ wake: Wake) {
        if wakes.reader { resume(.reading, wake) }
        if wakes.writer { resume(.writing, wake) }
    }

    @inline(__always)
    private func resume(_ direction: Direction, _ wake: Wake) {
        unsafe (direction == .reading ? reader : writer)?.resume(returning: wake)
    }

    private func endWait(_ direction: Direction, _ number: UInt16, _ wake: Wake) {
        if update({ $0.endWait(direction, number: number) }) { resume(direction, wake) }
    }

    // MARK: - Waiting

    /// Waits until a try is worth it again. The caller has the direction.
    @inline(__always)
    nonisolated(nonsending) func wait(_ direction: Direction, until deadline: Deadline) async -> Wake {
        if owner.load(ordering: .relaxed) != 0 {
            let wake = await park(direction, current.wait(direction) &+ 1, isOwn: true, deadline)
            if wake != .foreign { return wake }
        }
        return await waitInForeignTask(direction, until: deadline)
    }

    /// As `wait`, with a cancellation handler of its own, which costs as much as the rest of the wait.
    @inline(never)
    private nonisolated(nonsending) func waitInForeignTask(
        _ direction: Direction, until deadline: Deadline
    ) async -> Wake {
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
        unsafe await _unsafeInheritExecutor_withUnsafeContinuation { continuation in
            // A continuation is the address of its task.
            if isOwn, unsafe unsafeBitCast(continuation, to: UInt.self) != owner.load(ordering: .relaxed) {
                return unsafe continuation.resume(returning: .foreign)
            }
            if direction == .reading { unsafe reader = continuation } else { unsafe writer = continuation }
            guard update({ $0.beginWait(direction, isOwn: isOwn) }) else {
                return unsafe continuation.resume(returning: reasonNotToWait(isOwn))
            }
            // From here on the wait may be over, and the operation under way again, on another thread. What follows names
            // the wait by its number, and does nothing when that one is over.
            if !isOwn, Task.isCancelled { endWait(direction, number, .cancelled) }
            limit(direction, number, deadline)
        }
    }

    private func reasonNotToWait(_ isOwn: Bool) -> Wake {
        let state = current
        return state.isClosed ? .closed : isOwn && state.isCancelled ? .cancelled : .ready
    }

    /// Has the loop end the wait at the deadline, and tells a poller without edges what is waited for.
    @inline(__always)
    private func limit(_ direction: Direction, _ number: UInt16, _ deadline: Deadline) {
        guard deadline != .none || !loop.core.hasEdges else { return }
        if loop.core.isCurrent {
            limitOnLoop(direction, number, deadline.nanoseconds)
        } else {
            loop.core.post { [self] in limitOnLoop(direction, number, deadline.nanoseconds) }
        }
    }

    /// A timer that is set already and runs out earlier is left alone: when it does, it is set again. So an operation that
    /// is limited and done, which is the rule, costs no timer.
    private func limitOnLoop(_ direction: Direction, _ number: UInt16, _ deadline: Int64) {
        if !loop.core.hasEdges { showInterest() }
        guard deadline != .max, place >= 0 else { return }
        if direction == .reading {
            readDeadline = deadline
            readDeadlineWait = number
        } else {
            writeDeadline = deadline
            writeDeadlineWait = number
        }
        if (loop.core.deadline(of: self) ?? .max) > deadline { loop.core.setTimer(self, deadline) }
    }

    @_spi(Loops) public override func timeIsOver(_ now: Int64) {
        let next = min(
            check(.reading, readDeadline, readDeadlineWait, now), check(.writing, writeDeadline, writeDeadlineWait, now)
        )
        if next != .max, place >= 0 { loop.core.setTimer(self, next) }
    }

    /// Ends the wait if its time is over; otherwise says when it will be.
    private func check(_ direction: Direction, _ deadline: Int64, _ number: UInt16, _ now: Int64) -> Int64 {
        let state = current
        guard state.isWaiting(direction), state.wait(direction) == number else { return .max }
        guard deadline <= now else { return deadline }
        endWait(direction, number, .timedOut)
        return .max
    }

    private func showInterest() {
        guard place >= 0 else { return }
        let state = current
        var interest = UInt32(MINATO_EDGE_TRIGGERED)
        if state.isWaiting(.reading) { interest |= UInt32(MINATO_READABLE | MINATO_READ_CLOSED) }
        if state.isWaiting(.writing) { interest |= UInt32(MINATO_WRITABLE) }
        loop.core.setInterest(self, interest)
    }

    // MARK: - The own task

    /// Makes the calling task the one whose cancellation `cancelOwn` tells.
    package func adoptCurrentTask() {
        owner.store(Self.currentTask, ordering: .relaxed)
        update { $0.forgetCancellation() }
    }

    package func disownTask() { owner.store(0, ordering: .relaxed) }

    /// To be called by the cancellation handler around the own task.
    package func cancelOwn() { resume(update { $0.cancelOwn() }, .cancelled) }

    /// The address of the running task, which is compared and never used.
    private static var currentTask: UInt {
        unsafe withUnsafeCurrentTask { task in
            guard let task = unsafe task else { return 0 }
            return unsafe unsafeBitCast(task, to: UInt.self)
        }
    }

    // MARK: - Errors

    func failure(_ direction: Direction, _ code: SocketError.Code) -> SocketError {
        failure(direction == .reading ? .receive : .send, code)
    }

    /// The error of an operation, with the addresses if the descriptor still has them.
    func failure(_ operation: SocketError.Operation, _ code: SocketError.Code, remote: SocketAddress? = nil)
        -> SocketError
    {
        var local = SocketAddress()
        var peer = SocketAddress()
        let hasAddresses = withDescriptor { descriptor in
            (
                unsafe minato_socket_local_address(descriptor, &local.storage) == 0,
                unsafe minato_socket_peer_address(descriptor, &peer.storage) == 0
            )
        }
        return SocketError(
            operation, code, network: Socket.networkName(family, kind), local: hasAddresses?.0 == true ? local : nil,
            remote: remote ?? (hasAddresses?.1 == true ? peer : nil))
    }
}
