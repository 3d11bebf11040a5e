internal import Synchronization

/// How many datagrams tasks have in their hands on one loop: those that were received and whose handlers have not returned.
///
/// As long as nobody wants to know, the loop counts alone. From `watch` on every end is told, under the lock of the server's
/// state, and nothing is counted without that lock. Who sets the watch sees the number as it is, and hears of all that follows.
final class HandlerTally: Sendable {
    private static let watched = 1 << (Int.bitWidth - 2)
    private let word = Atomic<Int>(0)

    /// How many there are.
    var count: Int { word.load(ordering: .acquiring) & ~Self.watched }

    /// Whether every end is to be told.
    var isWatched: Bool { word.load(ordering: .relaxed) & Self.watched != 0 }

    /// From now on every end is to be told. Under the lock.
    func watch() { word.bitwiseOr(Self.watched, ordering: .acquiringAndReleasing) }

    /// So many have been received. False, and nothing has changed: that is to be told.
    func enterUnlessWatched(_ number: Int) -> Bool { changeUnlessWatched(by: number) }

    /// One has ended. False, and nothing has changed: that is to be told.
    func leaveUnlessWatched() -> Bool { changeUnlessWatched(by: -1) }

    @inline(__always)
    private func changeUnlessWatched(by number: Int) -> Bool {
        var old = word.load(ordering: .relaxed)
        while old & Self.watched == 0 {
            let (isDone, seen) = word.weakCompareExchange(
                expected: old, desired: old &+ number, ordering: .acquiringAndReleasing)
            if isDone { return true }
            old = seen
        }
        return false
    }

    /// So many more, or fewer. Under the lock.
    func change(by number: Int) { word.add(number, ordering: .acquiringAndReleasing) }
}
