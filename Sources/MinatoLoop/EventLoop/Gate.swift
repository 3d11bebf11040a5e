/// A wait for one task that anybody can end, once: "wait until something changes".
package final class Gate: LoopSource, @unchecked Sendable {
    @safe
    private enum State {
        case closed
        case waitedFor(UnsafeContinuation<Void, Never>)
        case open
    }

    private let state = Guarded(State.closed)

    @_spi(Loops) public override init() {}

    /// Ends the wait, or the one to come. From any thread, any number of times.
    package func open() {
        let waiting = unsafe state.withLock { state in
            defer { state = .open }
            if case .waitedFor(let continuation) = state { return unsafe Optional(continuation) }
            return nil
        }
        unsafe waiting?.resume()
    }

    /// Waits for `open`, for the deadline, or for the cancellation of the task.
    package nonisolated(nonsending) func wait(on loop: EventLoop, until deadline: Deadline) async {
        // A loop that has ended sets no timer: then nobody may wait for it.
        let isSet = loop.core.post { [self] in loop.core.setTimer(self, deadline.nanoseconds) }
        if !isSet { open() }
        await wait()
        loop.core.post { [self] in loop.core.cancelTimer(self) }
    }

    /// Waits for `open` or for the cancellation of the task.
    package nonisolated(nonsending) func wait() async {
        await withTaskCancellationHandler {
            await waitUntilOpen()
        } onCancel: {
            open()
        }
    }

    /// Waits for `open`, also in a task that was cancelled.
    package nonisolated(nonsending) func waitUntilOpen() async {
        await unsafe withUnsafeContinuation { continuation in
            let isOpen = state.withLock { state in
                if case .open = state { return true }
                unsafe state = .waitedFor(continuation)
                return false
            }
            if isOpen { unsafe continuation.resume() }
        }
    }

    @_spi(Loops) public override func timeIsOver(_ now: Int64) { open() }

    @_spi(Loops) public override func loopEnds() { open() }
}
