internal import Glibc
internal import Synchronization

/// What a server knows of a connection that a thread serves: a time limit for the first receive only, and whether output was lost.
///
/// An object, because receiving and sending borrow the socket and change this. Duplicates of a socket share it.
final class ServedStream: Sendable {
    /// What a send whose time was over has left behind.
    private enum Loss: UInt8, AtomicRepresentable {
        case none
        /// The kernel took nothing. If it takes the same later, nothing is lost.
        case refused
        /// An unknown part of it has gone out: the stream has a gap.
        case gap
    }

    /// In nanoseconds; negative when there is none, or none any more.
    private let firstReceiveLimit: Atomic<Int64>
    private let loss = Atomic(Loss.none)

    init(firstReceiveLimit: Int64) { self.firstReceiveLimit = Atomic(firstReceiveLimit) }

    /// The limit while nothing has been received yet.
    var limitOfFirstReceive: Int64? {
        let limit = firstReceiveLimit.load(ordering: .relaxed)
        return limit < 0 ? nil : limit
    }

    /// Something was received, or the limit is taken away.
    func endFirstReceive() { firstReceiveLimit.store(-1, ordering: .relaxed) }

    var hasLostOutput: Bool { loss.load(ordering: .relaxed) != .none }

    /// The time of a send was over.
    func losesOutput(isPart: Bool) {
        if isPart {
            loss.store(.gap, ordering: .relaxed)
        } else {
            _ = loss.compareExchange(expected: .none, desired: .refused, ordering: .relaxed)
        }
    }

    /// A send has succeeded.
    func didSend() {
        guard hasLostOutput else { return }
        _ = loss.compareExchange(expected: .refused, desired: .none, ordering: .relaxed)
    }
}

extension Socket {
    /// Makes it a server's connection.
    ///
    /// - Parameter timeout: limits the time for which a receive may wait as long as nothing has been received at all; nil for no
    ///   such limit. ``timeout`` holds for what comes after it, and for everything else. ``setTimeout(_:)`` takes the limit away.
    package mutating func beServed(limitingFirstReceiveTo timeout: Duration?) {
        servedStream = ServedStream(firstReceiveLimit: timeout?.nanosecondsRoundedUp ?? -1)
    }

    /// Whether the peer has let the time of a send pass, of a server's connection: what it was sent lacks something.
    package var hasLostOutput: Bool { servedStream?.hasLostOutput ?? false }

    /// When a receive that begins now has to be done.
    var receiveDeadline: Int64 { receiveDeadline(within: deadline) }

    /// When a receive that begins now has to be done, as a part of something that has to be done by `deadline`.
    func receiveDeadline(within deadline: Int64) -> Int64 {
        guard let limit = servedStream?.limitOfFirstReceive else { return deadline }
        return min(deadline, Deadline.after(nanoseconds: limit).nanoseconds)
    }

    /// To be told what each receive returned.
    func didReceive(_ result: Int64) {
        if result > 0 { servedStream?.endFirstReceive() }
    }

    /// To be told what each send on a stream returned.
    ///
    /// - Parameter isPart: whether some of the bytes may have been sent when it failed.
    func didSend(_ result: Int64, isPart: Bool = false) {
        guard let servedStream else { return }
        if result >= 0 {
            servedStream.didSend()
        } else if result == -Int64(ETIMEDOUT) {
            servedStream.losesOutput(isPart: isPart)
        }
    }
}
