@_spi(Loops) internal import MinatoLoop
internal import MinatoSocket
internal import Synchronization

/// Somebody who waits for a place.
protocol PlaceSeeker: AnyObject, Sendable {
    /// There may be one.
    func placeIsFree()
}

/// How many handlers may be at work at a time, over all loops: taken before datagrams are received, since what has been
/// received cannot be left for later.
final class HandlerPlaces: Sendable {
    private let free: Atomic<Int>
    private let seekers = Guarded<[any PlaceSeeker]>([])

    init(_ count: Int) { free = Atomic(count) }

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

    /// As `take`; when there is none, the seeker is told as soon as there may be one.
    func take(atMost wanted: Int, for seeker: any PlaceSeeker) -> Int {
        let count = take(atMost: wanted)
        if count > 0 { return count }
        seekers.withLock { $0.append(seeker) }
        // One may have become free in between, of which nobody has told.
        return take(atMost: wanted)
    }

    /// Gives places back.
    func giveBack(_ count: Int) {
        guard count > 0, free.add(count, ordering: .sequentiallyConsistent).oldValue == 0 else { return }
        let waiting = seekers.withLock { seekers in
            defer { seekers = [] }
            return seekers
        }
        for seeker in waiting { seeker.placeIsFree() }
    }

    /// Nobody is to be told any more.
    func forget(_ seeker: any PlaceSeeker) { seekers.withLock { $0.removeAll { $0 === seeker } } }
}
