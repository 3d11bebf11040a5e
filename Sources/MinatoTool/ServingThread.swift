import Minato
import MinatoSocket

/// A server's blocking loop on a thread of its own, so that the main thread can do something beside it.
final class ServingThread: @unchecked Sendable {
    private let lock = Lock()
    /// Guarded by `lock`.
    private var outcome: Result<Void, SocketError>?

    /// Starts `body` on a thread.
    ///
    /// - Parameter whenEnded: called on that thread after the end of `body`, when `hasEnded` is true.
    init(
        _ body: @escaping @Sendable () throws(SocketError) -> Void, whenEnded: @escaping @Sendable () -> Void = {}
    ) throws(SocketError) {
        try Thread.start {
            let outcome = Result { () throws(SocketError) in try body() }
            self.lock.withLock {
                self.outcome = outcome
                self.lock.wakeAll()
            }
            whenEnded()
        }
    }

    /// Whether `body` has ended.
    var hasEnded: Bool { lock.withLock { outcome != nil } }

    /// Waits for the end of `body` and throws what it threw.
    func join() throws(SocketError) {
        let outcome = lock.withLock {
            while true {
                if let outcome = self.outcome { return outcome }
                lock.wait()
            }
        }
        try outcome.get()
    }
}
