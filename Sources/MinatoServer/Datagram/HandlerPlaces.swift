internal import Synchronization

/// How many handlers may be at work at a time, over all loops: taken before datagrams are received, since what has been
/// received cannot be left for later.
final class HandlerPlaces: Sendable {
    private let free: Atomic<Int>

    init(_ count: Int) { free = Atomic(count) }

    var areTaken: Bool { free.load(ordering: .sequentiallyConsistent) <= 0 }

    /// Takes places, at most so many: how many they are.
    func take(atMost wanted: Int) -> Int {
        var old = free.load(ordering: .relaxed)
        while true {
            let count = min(wanted, old)
            guard count > 0 else { return 0 }
            let (isDone, seen) = free.weakCompareExchange(
                expected: old, desired: old - count, ordering: .sequentiallyConsistent)
            if isDone { return count }
            old = seen
        }
    }

    /// Gives places back. True: there were none, so that somebody may wait for one.
    @discardableResult
    func giveBack(_ count: Int) -> Bool {
        guard count > 0 else { return false }
        return free.add(count, ordering: .sequentiallyConsistent).oldValue == 0
    }
}
