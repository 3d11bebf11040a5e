internal import CMinato
internal import HTTPTypes
internal import MinatoLoop

/// Where a transfer and the reader of its response meet: the head, then the bytes of the body, then how it ended.
///
/// The transfer puts in what comes, on whatever thread it runs; the reader takes out, and asks its ``BodyDriver`` for more.
/// The pipe holds a bounded number of bytes: a transfer that is told that there is no room stops receiving.
///
/// **Threads.** Any. A task that waits is resumed outside the lock.
package final class BodyPipe: @unchecked Sendable {
    /// As many bytes wait for a reader who has not asked for more.
    package static let capacity = 256 * 1024

    /// How a body ended.
    package enum End: Sendable {
        case complete
        case failed(OpenError)
        /// Its reader gave it up.
        case closed
    }

    private let lock: Lock
    /// Only under the lock, which is what the checks for exclusive access would find out.
    @exclusivity(unchecked) private var state = State()
    /// For errors.
    package let url: String

    /// Makes one in which nothing is.
    ///
    /// - Parameters:
    ///   - url: For errors.
    ///   - lock: What guards it: one that other pipes have had before, where making one for each would cost more than all its use.
    init(url: String, lock: Lock) {
        self.url = url
        self.lock = lock
    }

    package convenience init(url: String) { self.init(url: url, lock: Lock()) }

    @inline(__always)
    private func withState<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        lock.acquire()
        defer { lock.release() }
        return unsafe try body(&state)
    }
}

// What the transfer calls.
extension BodyPipe {
    /// The head is complete.
    package func publish(_ head: URLOpener.ResponseHead, at now: Int64 = minato_clock_now()) {
        change { state in
            state.head = head
            state.lastProgress = now
        }
    }

    /// Takes bytes of the body. False: there is no room, none was taken, and they are to be offered again after a demand.
    package func offer(_ bytes: UnsafeRawBufferPointer, at now: Int64 = minato_clock_now()) -> Bool {
        unsafe offer(bytes, following: 0, at: now) != .refused
    }

    /// What became of bytes that were offered.
    enum Offer {
        case taken
        /// They were taken. There is no room for as many as are to follow, which are to be offered after a demand.
        case takenAsLast
        case refused
    }

    /// The same, by a transfer that knows how many bytes it will have next.
    ///
    /// While somebody waits for more bytes than there are, there is room for them.
    func offer(_ bytes: UnsafeRawBufferPointer, following: Int, at now: Int64) -> Offer {
        var offer = Offer.refused
        var sink: BodySink?
        change { state in
            if state.sink != nil, state.queue.count == 0, state.end == nil, bytes.count > 0 {
                sink = state.sink
                state.isFeeding = true
                return
            }
            state.isFull = state.queue.count >= state.capacity
            if state.isFull { return }
            unsafe state.queue.append(contentsOf: bytes)
            state.lastProgress = now
            let isWanting = unsafe state.waiter != nil && !state.isSatisfied
            state.isFull = following > 0 && !isWanting && state.queue.count + following > state.capacity
            offer = state.isFull ? .takenAsLast : .taken
        }
        guard let sink else { return offer }
        unsafe feed(bytes, to: sink)
        return .taken
    }

    /// Has a sink take a piece.
    private func feed(_ bytes: UnsafeRawBufferPointer, to sink: BodySink) {
        let goesOn = unsafe sink.take(Span(_unsafeBytes: bytes))
        // However long that took, the server is not to blame.
        let now = minato_clock_now()
        change { state in
            state.isFeeding = false
            state.taken += bytes.count
            state.lastProgress = now
            if !goesOn { state.sink = nil }
        }
    }

    /// Takes bytes of the body, whether there is room or not.
    func append(_ bytes: UnsafeRawBufferPointer, at now: Int64) {
        change { state in
            unsafe state.queue.append(contentsOf: bytes)
            state.lastProgress = now
        }
    }

    /// As `offer` of memory, for bytes in an array.
    @discardableResult
    package func offer(_ bytes: [UInt8]) -> Bool {
        unsafe bytes.withUnsafeBytes { unsafe offer($0) }
    }

    /// The body has ended. Only the first end counts: false for every other one.
    @discardableResult
    package func finish(_ end: End, trailers: HTTPFields = HTTPFields()) -> Bool {
        var isFirst = false
        change { state in
            isFirst = state.end == nil
            guard isFirst else { return }
            state.end = end
            state.trailers = trailers
        }
        return isFirst
    }

    /// Ends the wait under way with an error; the body goes on.
    package func interrupt(_ error: OpenError) {
        change { state in
            if unsafe state.waiter != nil { state.interruption = error }
        }
    }

    /// Whether there is room again for what was offered in vain.
    package var hasRoom: Bool {
        withState { state in state.queue.count < state.capacity }
    }

    /// Whether the transfer waits for a demand.
    var isFull: Bool {
        withState { state in state.isFull }
    }

    /// What the limits of time depend on.
    struct Moment: Sendable {
        var hasHead: Bool
        var lastProgress: Int64
        var waitingSince: Int64?
        var waitLimit: Deadline
    }

    var moment: Moment {
        withState { state in
            Moment(
                hasHead: state.head != nil, lastProgress: state.lastProgress, waitingSince: state.waitingSince,
                waitLimit: state.waitLimit)
        }
    }

    @inline(__always)
    private func change(_ body: (inout State) -> Void) {
        let waiter = unsafe withState { state in
            body(&state)
            return unsafe state.isSatisfied ? state.takeWaiter() : nil
        }
        unsafe waiter?.resume()
    }
}

// What the reader calls.
extension BodyPipe {
    /// What a read comes to, and whether the driver is to be asked for more.
    enum Step {
        case done([UInt8], mustDemand: Bool)
        case wait(until: Int)
    }

    /// Takes out what a read asks for, if it is there.
    ///
    /// - Throws: How the body ended before that; `closed`; `limitExceeded`.
    func step(_ read: inout BodyRead) throws(OpenError) -> Step {
        try withState { (state) throws(OpenError) in
            if state.isClosed { throw OpenError(.closed, .read, url: url, detail: "the response was closed") }
            let isAtEnd = if case .complete? = state.end { true } else { false }
            switch read.step(&state.queue, taken: state.taken, isAtEnd: isAtEnd) {
            case .done(let bytes):
                state.taken += bytes.count
                state.capacity = Self.capacity
                // Half of it, so that a reader of small pieces does not wake the transfer for each.
                let mustDemand = state.isFull && state.queue.count <= Self.capacity / 2
                if mustDemand { state.isFull = false }
                return .done(bytes, mustDemand: mustDemand)
            case .wait(let count):
                if case .failed(let error)? = state.end { throw error }
                return .wait(until: count)
            case .tooLong(let detail):
                throw OpenError(.limitExceeded, .read, url: url, detail: detail)
            }
        }
    }

    /// Makes room for so many bytes. True: the transfer had no room and is to be asked for more.
    func makeRoom(for count: Int) -> Bool {
        withState { state in Self.makeRoom(for: count, &state) }
    }

    private static func makeRoom(for count: Int, _ state: inout State) -> Bool {
        state.capacity = max(count, capacity)
        guard state.isFull, state.queue.count < state.capacity else { return false }
        state.isFull = false
        return true
    }

    /// Suspends until there are so many bytes or the body has ended, and no longer than `limit`.
    ///
    /// - Throws: Why the wait ended before that: `timedOut`, and `busy` when another task waits. The end of the body is no
    ///   error, however it ended, and nor is cancellation: it ends the body.
    nonisolated(nonsending) func wait(
        for count: Int, driver: (any BodyDriver)?, until limit: Deadline = .none
    ) async throws(OpenError) {
        try await suspend(for: .bytes(count), driver, limit)
        let interruption = withState { state in state.interruption.take() }
        if let interruption { throw interruption }
    }

    /// Suspends while a sink takes the pieces that come: until it has had enough, the body has ended, or there are bytes for the
    /// reader.
    ///
    /// - Throws: As `wait(for:driver:until:)`.
    nonisolated(nonsending) func wait(feeding sink: BodySink, driver: (any BodyDriver)?) async throws(OpenError) {
        try await suspend(for: .pieces(sink), driver, .none)
        let interruption = withState { state in state.interruption.take() }
        if let interruption { throw interruption }
    }

    /// Has a sink take the pieces that come while a thread drives.
    func setSink(_ sink: BodySink) {
        withState { state in state.sink = sink }
    }

    /// Has what comes go into the queue again. False: the sink had had enough.
    func removeSink() -> Bool {
        withState { state in state.sink.take() != nil }
    }

    /// Whether a thread that waits for so many bytes may go on: they are there, the body has ended, or the sink has had enough.
    ///
    /// - Parameter count: How many bytes; nil for a thread that has set a sink, which goes on with the first one for itself.
    func isReady(_ count: Int?) -> Bool {
        withState { state in
            state.end != nil || state.queue.count >= count ?? 1 || count == nil && state.sink == nil
        }
    }

    /// Suspends until the head is there or the transfer has ended.
    ///
    /// - Throws: Why there is none.
    @inline(__always)
    nonisolated(nonsending) func waitForHead(driver: any BodyDriver) async throws(OpenError) -> URLOpener.ResponseHead {
        try await suspend(for: .head, driver, .none)
        return try takeHead()
    }

    @inline(__always)
    private nonisolated(nonsending) func suspend(
        for want: Want, _ driver: (any BodyDriver)?, _ limit: Deadline
    ) async throws(OpenError) {
        var task: UnsafeRawPointer?
        var isBusy = false
        await withTaskCancellationHandler {
            await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
                unsafe task = unsafe unsafeBitCast(continuation, to: UnsafeRawPointer.self)
                let (isWaiting, mustDemand) = unsafe begin(continuation, want, limit, &isBusy)
                // From here on the task may be running again.
                if mustDemand { driver?.demand() }
                if isWaiting { driver?.readerWaits() }
                if !isWaiting { unsafe continuation.resume() }
            }
        } onCancel: {
            driver?.giveUp(.cancelled)
        }
        unsafe minato_thread_acquire(task)
        if isBusy { throw OpenError(.busy, .read, url: url, detail: "another task reads this body") }
    }

    private func begin(
        _ continuation: UnsafeContinuation<Void, Never>, _ want: Want, _ limit: Deadline, _ isBusy: inout Bool
    ) -> (isWaiting: Bool, mustDemand: Bool) {
        withState { state in
            guard unsafe state.waiter == nil else {
                isBusy = true
                return (false, false)
            }
            state.want = want
            if case .pieces(let sink) = want { state.sink = sink }
            if state.isSatisfied {
                state.sink = nil
                return (false, false)
            }
            unsafe state.waiter = continuation
            state.waitingSince = minato_clock_now()
            state.waitLimit = limit
            var mustDemand = limit != .none
            let isResumed =
                switch want {
                case .head: false
                case .bytes(let count): Self.makeRoom(for: count, &state)
                case .pieces: Self.makeRoom(for: 0, &state)
                }
            if isResumed { mustDemand = true }
            return (true, mustDemand)
        }
    }

    /// The head, once its driver has said that somebody who waits for it need not any more.
    ///
    /// - Throws: How the transfer ended without one.
    func takeHead() throws(OpenError) -> URLOpener.ResponseHead {
        let (head, end, interruption) = withState { state in
            (state.head, state.head == nil ? state.end : nil, state.interruption.take())
        }
        if let interruption { throw interruption }
        if let head { return head }
        switch end {
        case .failed(let error)?: throw error
        case .closed?: throw OpenError(.closed, .read, url: url, detail: "the response was closed")
        case .complete?, nil: throw OpenError(.closed, .open, url: url, detail: "the open was given up")
        }
    }

    /// Ends the body for its reader: what has come is dropped, and every read from now on fails. False when it had ended.
    @discardableResult
    func close() -> Bool {
        var isFirst = false
        change { state in
            state.isClosed = true
            isFirst = state.end == nil
            if isFirst { state.end = .closed }
            state.queue = ByteQueue()
        }
        return isFirst
    }

    /// Whether its reader has given it up.
    var isClosed: Bool {
        withState { state in state.isClosed }
    }

    /// Whether there is nothing more to come, and how many bytes lie here.
    var rest: (isAtEnd: Bool, count: Int) {
        withState { state in (state.end != nil, state.queue.count) }
    }

    /// How many bytes reads have taken.
    var taken: Int {
        withState { state in state.taken }
    }

    var trailers: HTTPFields {
        withState { state in state.trailers }
    }
}

/// Dumped without its inside, which would be read without the lock.
extension BodyPipe: CustomReflectable {
    package var customMirror: Mirror { Mirror(self, children: []) }
}
