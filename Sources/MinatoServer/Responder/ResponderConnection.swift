internal import CMinato
@_spi(Loops) internal import MinatoSocket

/// A connection that a responder answers, called by its loop: no task, and no buffer while it is idle.
///
/// **Threads.** The loop's, but for `end`.
@safe
final class ResponderConnection: LoopSource, Endable, @unchecked Sendable {
    private let shared: ResponderShare
    private var number: UInt64 = 0
    @exclusivity(unchecked) private var isClosed = false
    /// To be closed when the call that is under way has returned.
    private var isEnding = false
    /// The client's last time has begun.
    private var hasLingered = false
    /// Where the share keeps it.
    var index = 0
    /// Only for those who want to know it.
    private let client: ResponderClient?
    /// Only with the PROXY protocol.
    private let arrival: ProxiedArrival?

    /// In plain memory: a class's variables are checked for exclusive access each time.
    private let memory: UnsafeMutablePointer<ResponderExchange>
    private var exchange: ResponderExchange {
        _read { yield unsafe memory.pointee }
        _modify { yield unsafe &memory.pointee }
    }

    init(
        _ shared: ResponderShare, _ descriptor: Int32, _ responder: any StreamResponder, _ client: ResponderClient?,
        _ arrival: ProxiedArrival?
    ) {
        self.shared = shared
        self.client = client
        self.arrival = arrival
        unsafe memory = .allocate(capacity: 1)
        unsafe memory.initialize(to: ResponderExchange(descriptor, responder, shared.server.limits))
        super.init()
    }

    deinit {
        unsafe memory.deinitialize(count: 1)
        unsafe memory.deallocate()
    }

    /// Lets the loop watch it.
    func begin(_ number: UInt64) {
        self.number = number
        shared.add(self)
        // poll(2), without edges, is told what is waited for after every call.
        let interest = shared.core.hasEdges ? Channel.everything : UInt32(MINATO_READABLE)
        let result = shared.core.add(self, exchange.descriptor, interest: interest | UInt32(MINATO_EDGE_TRIGGERED))
        guard result >= 0 else { return close(SocketError(.register, .init(result: result))) }
        extend(shared.firstByteOrGrace)
    }

    // MARK: - Events

    override func isReady(_ flags: UInt32) {
        // No event comes without flags: the connection has asked to be called.
        if flags == 0, isEnding { return close(nil) }
        exchange.note(flags)
        goOn()
    }

    private func goOn() {
        let outcome = unsafe exchange.goOn(shared.memory, LoopCore.scratchSize, &shared.output)
        if exchange.hasMoved {
            exchange.hasMoved = false
            if let arrival, !arrival.hasSpoken {
                if arrival.takeHeader() { extend(shared.firstByte) }
            } else {
                extend(exchange.isBlocked ? shared.write : shared.idle)
            }
        }
        switch outcome {
        case .wait:
            if exchange.isLingering { linger() }
            if shared.isDraining, exchange.isAtRest { close(nil) }
        case .again:
            if exchange.isLingering { linger() }
            shared.core.callAgain(self)
        case .close: close(exchange.failure)
        }
        if !shared.hasEdges, unsafe !isClosed {
            let interest = exchange.isBlocked ? MINATO_WRITABLE : MINATO_READABLE | MINATO_READ_CLOSED
            shared.core.setInterest(self, UInt32(interest | MINATO_EDGE_TRIGGERED))
        }
    }

    // MARK: - Time

    /// Gives it so much more time, in nanoseconds; negative: all.
    @inline(__always)
    private func extend(_ time: Int64) {
        guard time >= 0 else {
            exchange.deadline = .max
            return
        }
        let (sum, overflow) = shared.core.now.addingReportingOverflow(time)
        let deadline = overflow ? .max : sum
        exchange.deadline = deadline
        // A timer that runs out earlier is left alone: when it does, it is set again.
        if exchange.timer > deadline { setTimer(deadline) }
    }

    /// Gives the client the time that is left to it to finish sending what nobody will read: at most 2 s in all.
    private func linger() {
        guard !hasLingered else { return }
        hasLingered = true
        extend(shared.lingering)
    }

    private func setTimer(_ deadline: Int64) {
        exchange.timer = deadline
        shared.core.setTimer(self, deadline)
    }

    override func timeIsOver(_ now: Int64) {
        exchange.timer = .max
        guard unsafe !isClosed, exchange.deadline != .max else { return }
        if exchange.deadline > now { return setTimer(exchange.deadline) }
        if exchange.isLingering || shared.isDraining && exchange.isFresh { return close(nil) }
        close(SocketError(exchange.isBlocked ? .send : .receive, .timedOut, remote: client?.address))
    }

    // MARK: - The end

    /// Nothing more is taken: what is at rest is closed. What has just come is answered first, and a client that was accepted
    /// a moment ago may still say what it came for.
    func drain() {
        exchange.note(UInt32(MINATO_READABLE))
        goOn()
        if unsafe !isClosed, exchange.isFresh { extend(shared.firstByteOrGrace) }
    }

    /// Not at once: it may be this connection's responder that ends the server, whose answer is to be sent to this descriptor
    /// and to no other one of the same number.
    func end() {
        shared.core.post { [self] in
            if unsafe isClosed { return }
            isEnding = true
            shared.core.callAgain(self)
        }
    }

    override func loopEnds() { close(nil) }

    /// Closes, once.
    private func close(_ error: (any Error)?) {
        guard unsafe !isClosed else { return }
        unsafe isClosed = true
        if let error, let client { shared.server.hooks.report(error, client.address) }
        shared.core.remove(self)
        minato_socket_close(exchange.descriptor)
        shared.remove(self, number)
    }
}
