internal import MinatoSocket
internal import Synchronization

/// One loop of a server: what it accepts with, and how many connections it has.
final class LoopShare: Sendable {
    let loop: EventLoop
    /// The listening socket, in a descriptor of its own.
    let acceptor: Channel
    private let current = Atomic<Int>(0)
    private let total = Atomic<Int>(0)

    init(_ listener: borrowing Socket, on loop: EventLoop, isOneOfSeveral: Bool) throws(SocketError) {
        self.loop = loop
        acceptor = try .accepting(from: listener, on: loop, isOneOfSeveral: isOneOfSeveral)
    }

    deinit { acceptor.close() }

    /// How many connections it has.
    var connections: Int { current.load(ordering: .relaxed) }

    /// How many it has had.
    var served: Int { total.load(ordering: .relaxed) }

    /// It gets one more.
    func enter() {
        current.add(1, ordering: .relaxed)
        total.add(1, ordering: .relaxed)
    }

    /// One of them has ended.
    func leave() { current.subtract(1, ordering: .relaxed) }
}

/// The loops of a server while it serves.
final class LoopShares: ServingWatch {
    let all: [LoopShare]

    init(_ listener: borrowing Socket, on loops: [EventLoop]) throws(SocketError) {
        var all: [LoopShare] = []
        for loop in loops { all.append(try LoopShare(listener, on: loop, isOneOfSeveral: loops.count > 1)) }
        self.all = all
    }

    /// Ends accepting on all loops.
    func wake() {
        for share in all { share.acceptor.close() }
    }

    /// Where a connection that one loop has accepted is served: where the fewest are. The kernel hands most connections to
    /// the loop that slept least, which would leave the others idle.
    func placement(acceptedBy share: LoopShare) -> LoopShare {
        guard all.count > 1 else { return share }
        var best = share
        var least = share.connections
        for other in all where other !== share {
            let connections = other.connections
            if connections < least { (best, least) = (other, connections) }
        }
        return best
    }
}
