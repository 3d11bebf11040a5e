internal import CMinato
internal import Glibc

extension LoopCore {
    /// Whether this is a child that was forked off the loop's process: there the loop has no thread.
    package var isForked: Bool { minato_thread_forks() != forks }

    /// Why the loop has ended by itself; nil when it has not.
    package var failure: SocketError.Code? { inbox.withLock { $0.failure } }

    /// Whether the loop goes on after a wait that failed. If somebody has closed its descriptor, say, each further one fails at
    /// once: so the loop ends, which its sources are told, and does not spin.
    ///
    /// - Parameter inARow: how many have failed so, this one included.
    func goesOn(after code: SocketError.Code, inARow: Int) -> Bool {
        if code.rawValue == EINTR { return true }
        guard code.isToBeAwaitedAgain, inARow < 1000 else {
            inbox.withLock { $0.failure = code }
            return false
        }
        // Memory: see poll(2). Nothing that the loop could do would bring any, and in a second it is given up.
        usleep(1000)
        return true
    }
}
