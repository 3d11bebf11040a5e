internal import Synchronization

/// A time limit for the first receive of a socket only, and whether it still holds.
///
/// An object, because receiving borrows the socket and changes this. Duplicates of a socket share it.
final class FirstReceiveLimit: Sendable {
    let nanoseconds: Int64
    private let isPast = Atomic(false)

    init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Whether nothing has been received yet.
    var holds: Bool { !isPast.load(ordering: .relaxed) }

    /// Something was received.
    func end() { isPast.store(true, ordering: .relaxed) }
}

extension Socket {
    /// Limits the time for which a receive may wait as long as nothing has been received at all. ``timeout`` holds for what
    /// comes after it, and for everything else. ``setTimeout(_:)`` takes the limit away.
    package mutating func limitFirstReceive(to timeout: Duration) {
        firstReceiveLimit = FirstReceiveLimit(nanoseconds: timeout.nanosecondsRoundedUp)
    }

    /// When a receive that begins now has to be done.
    var receiveDeadline: Int64 { receiveDeadline(within: deadline) }

    /// When a receive that begins now has to be done, as a part of something that has to be done by `deadline`.
    func receiveDeadline(within deadline: Int64) -> Int64 {
        guard let limit = firstReceiveLimit, limit.holds else { return deadline }
        return min(deadline, Deadline.after(nanoseconds: limit.nanoseconds).nanoseconds)
    }

    /// To be told what each receive returned.
    func didReceive(_ result: Int64) {
        if result > 0 { firstReceiveLimit?.end() }
    }
}
