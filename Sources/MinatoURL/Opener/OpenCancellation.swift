internal import MinatoLoop

/// Ends an open of a thread, and the reading of its body, from another thread.
///
/// One belongs to one open. It ends whatever hop is under way, and keeps the next one from beginning. Tasks need none: they
/// are cancelled themselves.
///
/// **Threads.** Any.
package final class OpenCancellation: Sendable {
    private struct State {
        var isCancelled = false
        /// What receives the hop. Weak, for it knows its limits, and these know the cancellation.
        weak var driver: (any BodyDriver)?
    }

    private let state = Guarded(State())

    package init() {}

    /// Whether it has been cancelled.
    package var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// Ends the hop under way, and every later one: the open fails with `cancelled`, a read of the body with `closed`.
    ///
    /// Does not wait for the network. More than once is fine.
    package func cancel() {
        let driver = state.withLockAndWake { state in
            state.isCancelled = true
            return state.driver
        }
        driver?.giveUp(.cancelled)
    }

    /// Notes the hop that is about to begin.
    func attach(_ driver: any BodyDriver, url: String) throws(OpenError) {
        let isCancelled = state.withLock { state in
            state.driver = driver
            return state.isCancelled
        }
        if isCancelled { throw Self.error(.open, url: url) }
    }

    /// Waits for as long as the pause lasts, or until it is cancelled.
    func sleep(_ pause: Duration) {
        _ = state.wait(until: .after(pause)) { state in state.isCancelled ? true : nil }
    }

    static func error(_ operation: OpenError.Operation, url: String) -> OpenError {
        OpenError(.cancelled, operation, url: url, detail: "the open was cancelled")
    }
}
