internal import CMinato
internal import MinatoLoop

/// Where a task that writes a body and a transfer that sends it meet.
///
/// **Threads.** `write` belongs to the writing task, what ``BodyFeed`` has to the loop's thread.
final class StreamFeed: BodyFeed, Sendable {
    /// The writer waits while so many bytes lie here.
    private static let capacity = 64 * 1024

    @safe
    private struct State {
        var queue = ByteQueue()
        var hasBegun = false
        /// The writer has returned, or thrown.
        var isComplete = false
        var failure: OpenError?
        /// The transfer is over.
        var isOver = false
        /// libcurl was told that there is nothing yet.
        var isWaitedFor = false
        /// Whom to wake then.
        weak var transfer: LoopTransfer?
        var task: Task<Void, Never>?
        /// How many bytes were written.
        var writtenCount = 0
        /// The writing task, which waits for a beginning or for room.
        var waiter: UnsafeContinuation<Void, Never>?
        /// What writes, until it does: whoever keeps its writer keeps this, and not what was captured.
        var body: (@Sendable (URLOpener.Request.BodyWriter) async throws -> Void)?

        mutating func takeWaiter() -> UnsafeContinuation<Void, Never>? {
            defer { unsafe waiter = nil }
            return unsafe waiter
        }
    }

    private let state = Guarded(State())
    private let url: String
    let length: Int?

    init(
        _ body: @escaping @Sendable (URLOpener.Request.BodyWriter) async throws -> Void, url: String, length: Int?
    ) {
        self.url = url
        self.length = length
        state.withLock { $0.body = body }
    }

    /// Starts the writing task, of a transfer that is to ask again when there is more.
    func start(for transfer: LoopTransfer) {
        let task = Task { await run() }
        state.withLock { state in (state.transfer, state.task) = (transfer, task) }
    }

    /// The body of the writing task.
    private func run() async {
        await wait { state in !state.hasBegun }
        let body = state.withLock { state in
            defer { state.body = nil }
            return state.isOver ? nil : state.body
        }
        guard let body else { return }
        do {
            try await body(URLOpener.Request.BodyWriter(feed: self))
            change { state in state.isComplete = true }
        } catch {
            let error = (error as? OpenError) ?? OpenError.bodyFailed(error, url: url)
            change { state in
                state.failure = error
                state.isComplete = true
            }
        }
    }

    func write(_ bytes: [UInt8]) async throws(OpenError) {
        await wait { state in state.queue.count >= Self.capacity }
        if Task.isCancelled { throw error(.cancelled, "the task was cancelled") }
        var refusal: OpenError?
        change { state in
            if state.isOver || state.isComplete {
                refusal = error(.closed, "the transfer is over")
            } else if let length, length - state.writtenCount < bytes.count {
                refusal = error(.badRequest, "the body is longer than its length of \(length)")
            } else {
                state.writtenCount += bytes.count
                state.queue.append(contentsOf: bytes)
            }
        }
        if let refusal { throw refusal }
    }

    func read(into memory: UnsafeMutableRawBufferPointer) -> BodyFeeding {
        var result = BodyFeeding.later
        let waiter = unsafe state.withLock { state in
            state.hasBegun = true
            if state.queue.count > 0 {
                let bytes = state.queue.take(memory.count)
                unsafe memory.copyBytes(from: bytes)
                result = .bytes(bytes.count)
            } else if let failure = state.failure {
                result = .failed(failure)
            } else if state.isComplete {
                result = .bytes(0)
            } else {
                state.isWaitedFor = true
            }
            return unsafe state.queue.count < Self.capacity ? state.takeWaiter() : nil
        }
        unsafe waiter?.resume()
        return result
    }

    /// Only while nothing was asked for: what was read is gone, and another run is another transfer's.
    func rewind() -> Bool {
        state.withLock { state in !state.hasBegun }
    }

    func end() {
        let (task, waiter) = unsafe state.withLock { state in
            state.isOver = true
            return unsafe (state.task.take(), state.takeWaiter())
        }
        task?.cancel()
        unsafe waiter?.resume()
    }

    private func change(_ body: (inout State) -> Void) {
        let waiting = state.withLock { state -> LoopTransfer? in
            body(&state)
            defer { state.isWaitedFor = false }
            return state.isWaitedFor ? state.transfer : nil
        }
        waiting?.resumeSending()
    }

    /// Waits while the condition holds, the transfer is not over, and the task is not cancelled.
    private func wait(while condition: @Sendable (borrowing State) -> Bool) async {
        var task: UnsafeRawPointer?
        await withTaskCancellationHandler {
            await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
                unsafe task = unsafe unsafeBitCast(continuation, to: UnsafeRawPointer.self)
                let isWaiting = state.withLock { state in
                    // Asked under the lock: a cancellation that comes later finds the waiter.
                    let mustWait = !state.isOver && !Task.isCancelled && condition(state)
                    if mustWait { unsafe state.waiter = continuation }
                    return mustWait
                }
                if !isWaiting { unsafe continuation.resume() }
            }
        } onCancel: {
            let waiter = unsafe state.withLock { state in unsafe state.takeWaiter() }
            unsafe waiter?.resume()
        }
        unsafe minato_thread_acquire(task)
    }

    private func error(_ code: OpenError.Code, _ detail: String) -> OpenError {
        OpenError(code, .open, url: url, detail: detail)
    }
}
