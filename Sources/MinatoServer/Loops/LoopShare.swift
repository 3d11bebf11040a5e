internal import CMinato
@_spi(Loops) internal import MinatoLoop
internal import MinatoSocket
internal import Synchronization

/// One loop of a server: what it accepts with, and how many connections it has.
final class LoopShare: Sendable {
    let loop: EventLoop
    /// The listening socket, in a descriptor of its own.
    let acceptor: Channel
    private let current = Atomic<Int>(0)
    private let isClosed = Atomic<Bool>(false)

    init(_ listener: borrowing Socket, on loop: EventLoop, isOneOfSeveral: Bool) throws(SocketError) {
        self.loop = loop
        acceptor = try .accepting(from: listener, on: loop, isOneOfSeveral: isOneOfSeveral)
    }

    deinit { acceptor.close() }

    /// How many connections it has.
    var connections: Int { current.load(ordering: .relaxed) }

    /// Whether it still takes connections.
    var isOpen: Bool { !isClosed.load(ordering: .relaxed) }

    /// It gets one more.
    func enter() { current.add(1, ordering: .relaxed) }

    /// One of them has ended.
    func leave() { current.subtract(1, ordering: .relaxed) }

    /// Takes no more. When this is called on the loop, the kernel wakes it no more either as soon as this returns, and the
    /// descriptor is closed.
    func close() {
        isClosed.store(true, ordering: .relaxed)
        acceptor.close()
        // What `close` has left to the loop may be under way still.
        guard loop.core.isCurrent else { return }
        loop.core.remove(acceptor)
        acceptor.loopEnds()
    }

    /// Has it look whether there is something to take.
    func look() {
        loop.core.post { [acceptor] in acceptor.isReady(UInt32(MINATO_READABLE)) }
    }
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

    /// One loop has stopped: what it was woken for, and has not taken, the others have not been woken for.
    func look(insteadOf share: LoopShare) {
        for other in all where other !== share && other.isOpen { other.look() }
    }

    /// Where a connection that one loop has accepted is served: where the fewest are. The kernel hands most connections to
    /// the loop that slept least, which would leave the others idle.
    func placement(acceptedBy share: LoopShare) -> LoopShare {
        guard all.count > 1 else { return share }
        var best = share
        var least = share.connections
        for other in all where other !== share {
            let connections = other.connections
            // A loop that has been shut down has the fewest.
            if connections < least, other.isOpen { (best, least) = (other, connections) }
        }
        return best
    }
}
