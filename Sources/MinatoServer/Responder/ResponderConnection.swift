internal import CMinato
@_spi(Loops) internal import MinatoLoop
internal import MinatoSocket

/// A connection that a responder answers, called by its loop: no task, and no buffer while it is idle.
///
/// **Threads.** The loop's, but for `end`.
@safe
final class ResponderConnection: LoopSource, Endable, @unchecked Sendable {
    private let shared: ResponderShare
    private let respond: ResponderKind.Respond
    private var number: UInt64 = 0
    @exclusivity(unchecked) private var isClosed = false
    /// To be closed when the call that is under way has returned.
    private var isEnding = false
    /// The client's last time has begun.
    private var hasLingered = false
    /// Where the share keeps it.
    @exclusivity(unchecked) var index = 0
    /// Only for those who want to know it.
    private let client: ResponderClient?
    /// Only with the PROXY protocol.
    private let arrival: ProxiedArrival?

    /// When it is given up, and when its timer runs out: `ResponderShare.never` and later is never.
    @exclusivity(unchecked) private var deadline = ResponderShare.never
    @exclusivity(unchecked) private var timer = ResponderShare.never

    // A class's variables are checked for exclusive access each time; this one is the loop's thread's only.
    @exclusivity(unchecked) private var storedExchange: ResponderExchange
    private var exchange: ResponderExchange {
        _read { yield unsafe storedExchange }
        _modify { yield unsafe &storedExchange }
    }

    init(
        _ shared: ResponderShare, _ descriptor: Int32, _ responder: consuming AnyStreamResponder,
        _ client: ResponderClient?, _ arrival: ProxiedArrival?
    ) {
        self.shared = shared
        unsafe respond = responder.kind.respond
        self.client = client
        self.arrival = arrival
        // Without edges the loop is told after each call what is waited for.
        let isWatched = arrival != nil || !shared.core.hasEdges || shared.isDraining
        unsafe storedExchange = ResponderExchange(
            descriptor, responder, shared.server.limits, isWatched: isWatched, isUnix: shared.isUnix)
        super.init()
        LiveObjects.responder.isBorn()
    }

    deinit { LiveObjects.responder.isGone() }

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

    /// Whether its client has never said anything: a header of the PROXY protocol is the balancer's.
    private var isFresh: Bool { exchange.isFresh || exchange.isAtRest && arrival?.hasSpoken == false }

    // MARK: - Events

    override func isReady(_ flags: UInt32) {
        let outcome = unsafe exchange.begin(flags, respond, &shared.output)
        guard case .answered = outcome else { return goOn(outcome) }
        extend(shared.idle)
    }

    override func isCalledAgain() {
        if isEnding { close(nil) } else { goOn(.unfinished) }
    }

    /// Does whatever there is to do.
    @inline(never)
    private func goOn(_ begun: ResponderExchange.Outcome) {
        let outcome = begun == .unfinished ? exchange.goOn(&shared.output) : begun
        if exchange.takeMove() {
            if let arrival, !arrival.hasSpoken {
                if arrival.takeHeader() { extend(shared.firstByteOrGrace) }
            } else {
                extend(exchange.isBlocked ? shared.write : shared.idle)
            }
        }
        switch outcome {
        case .wait:
            if exchange.isLingering { linger() }
            if shared.isDraining, exchange.isAtRest, !isFresh { close(nil) }
        case .again:
            if exchange.isLingering { linger() }
            shared.core.callAgain(self)
        case .answered, .unfinished: break
        case .close: close(exchange.failure)
        }
        if !shared.core.hasEdges, unsafe !isClosed {
            let interest = exchange.isBlocked ? MINATO_WRITABLE : MINATO_READABLE | MINATO_READ_CLOSED
            shared.core.setInterest(self, UInt32(interest | MINATO_EDGE_TRIGGERED))
        }
    }

    // MARK: - Time

    /// Gives it so much more time, in nanoseconds: see `ResponderShare.never`.
    @inline(__always)
    private func extend(_ time: Int64) {
        let end = shared.now &+ time
        unsafe deadline = end
        // A timer that runs out earlier is left alone: when it does, it is set again.
        if unsafe timer > end { setTimer(end) }
    }

    /// Gives the client the time that is left to it to finish sending what nobody will read: at most 2 s in all.
    private func linger() {
        guard !hasLingered else { return }
        hasLingered = true
        extend(shared.lingering)
    }

    @inline(never)
    private func setTimer(_ end: Int64) {
        unsafe timer = end
        shared.core.setTimer(self, end)
    }

    override func timeIsOver(_ now: Int64) {
        unsafe timer = ResponderShare.never
        guard unsafe !isClosed, unsafe deadline < ResponderShare.never else { return }
        // It may have been counted from the beginning of a turn that was long, in which the client may have spoken as well.
        let certain = unsafe shared.core.certain(deadline | 1)
        if certain > now { return setTimer(certain) }
        if !exchange.isLingering, !exchange.isBlocked {
            isReady(UInt32(MINATO_READABLE))
            if unsafe isClosed || deadline > now { return }
        }
        if exchange.isLingering || shared.isDraining && isFresh { return close(nil) }
        UnsentData.giveUp(exchange.descriptor)
        close(SocketError(exchange.isBlocked ? .send : .receive, .timedOut, remote: client?.address))
    }

    // MARK: - The end

    /// Nothing more is taken: what is at rest is closed. What has just come is answered first, and a client that was accepted
    /// a moment ago may still say what it came for.
    func drain() {
        guard unsafe !isClosed else { return }
        exchange.watch()
        isReady(UInt32(MINATO_READABLE))
        if unsafe !isClosed, isFresh { extend(shared.firstByteOrGrace) }
    }

    /// Not at once: it may be this connection's responder that ends the server, whose answer is to be sent to this descriptor
    /// and to no other one of the same number.
    func end(givingUp: Bool) {
        shared.core.post { [self] in
            if unsafe isClosed { return }
            isEnding = true
            if givingUp { UnsentData.giveUp(exchange.descriptor) }
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
