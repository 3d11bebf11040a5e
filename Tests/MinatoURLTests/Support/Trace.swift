import MinatoSocket

@testable import MinatoURL

/// Tells whether the transfer of a request is freed: nothing else than transfers keeps what belongs to the request's body.
final class Trace: Sendable {
    private struct State {
        weak var use: URLOpener.Request.Body.Use?
        var hasBegun = false
    }

    private let state = Guarded(State())

    /// Follows a request, which must have a body, an empty one perhaps.
    func follow(_ request: URLOpener.Request) {
        state.withLock { $0 = State(use: request.body?.use, hasBegun: request.body != nil) }
    }

    /// Whether there is something to follow.
    var hasBegun: Bool { state.withLock { $0.hasBegun } }

    /// Whether what was followed is gone.
    var isFreed: Bool { state.withLock { $0.hasBegun && $0.use == nil } }
}

extension EventLoop {
    /// Comes back when the loop has done, and let go of, all that was left for it before.
    func turn() async {
        for _ in 0..<2 {
            await withCheckedContinuation { continuation in
                if !core.post({ continuation.resume() }) { continuation.resume() }
            }
        }
    }
}

/// Waits for nothing but the cancellation of the task.
func waitUntilCancelled() async {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    for await _ in stream {}
    withExtendedLifetime(continuation) {}
}
