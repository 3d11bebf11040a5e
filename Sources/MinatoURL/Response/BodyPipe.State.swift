internal import HTTPTypes
internal import MinatoLoop

extension BodyPipe {
    /// What a task waits for.
    enum Want {
        case head
        case bytes(Int)
        /// What comes, given to a closure as it comes.
        case pieces(BodySink)
    }

    @safe
    struct State {
        var head: URLOpener.ResponseHead?
        var queue = ByteQueue()
        /// How many bytes reads have taken.
        var taken = 0
        var capacity = BodyPipe.capacity
        /// Whether the transfer was told that there is no room.
        var isFull = false
        var end: End?
        var isClosed = false
        var trailers = HTTPFields()

        /// Who takes pieces in place of the queue, while that is empty.
        var sink: BodySink?
        /// Whether it has a piece now, outside the lock. Until it has done with that, nobody who waits goes on.
        var isFeeding = false

        var waiter: UnsafeContinuation<Void, Never>?
        var want = Want.head
        /// When the wait under way began, and when it ends at the latest.
        var waitingSince: Int64?
        var waitLimit = Deadline.none
        /// Why the wait that has just ended did so, when neither bytes nor the end of the body are the reason.
        var interruption: OpenError?
        /// When bytes came last.
        var lastProgress: Int64 = 0

        var isSatisfied: Bool {
            if isFeeding { return false }
            if end != nil || interruption != nil { return true }
            switch want {
            case .head: return head != nil
            case .bytes(let count): return queue.count >= count
            case .pieces: return queue.count > 0 || sink == nil
            }
        }

        /// Takes the waiting task out, to be resumed when the lock is given back.
        mutating func takeWaiter() -> UnsafeContinuation<Void, Never>? {
            defer { unsafe waiter = nil }
            waitingSince = nil
            waitLimit = .none
            // A thread that waits for pieces is no waiter, and takes its sink away itself.
            if unsafe waiter != nil { sink = nil }
            return unsafe waiter
        }
    }
}
