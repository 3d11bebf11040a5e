internal import CMinato
@_spi(Loops) internal import MinatoLoop

/// Connects to the first of several addresses that answers, as ``ConnectSchedule`` says, on an event loop.
///
/// The names are looked up on the resolver's threads, IPv6 and IPv4 apart, and addresses are tried as they become known.
///
/// **Threads.** See ``LoopErrand``.
final class Dialer: LoopErrand<Channel>, @unchecked Sendable {
    /// Answers a question, on a thread that it may block. Tests have their own.
    typealias LookUp = @Sendable (ResolverQuery) throws(SocketError) -> [Resolver.Answer]

    private let endpoint: Endpoint
    private let source: SocketAddress?
    private let families: [Socket.Family]
    private let pool: ResolverPool
    private let lookUp: LookUp
    private var schedule: ConnectSchedule
    private var jobs: [ResolverPool.Job] = []
    private var attempts: [DialerAttempt] = []

    /// - Parameter family: the only one to use, or `.unspecified`.
    init(
        to endpoint: Endpoint, from source: SocketAddress?, family: Socket.Family, on loop: EventLoop,
        pool: ResolverPool = .shared,
        lookUp: @escaping LookUp = { (query) throws(SocketError) in try query.answers() }
    ) {
        self.endpoint = endpoint
        self.source = source
        self.pool = pool
        self.lookUp = lookUp
        let only = source?.family ?? family
        families = only == .unspecified ? [.ipv6, .ipv4] : [only]
        schedule = ConnectSchedule(endpoint: endpoint, source: source, awaiting: [])
        super.init(on: loop)
    }

    override func began() {
        do throws(SocketError) {
            if let answers = try endpoint.answersAtOnce(families) {
                schedule.found(answers)
            } else {
                try beginLookUps()
            }
            step(minato_clock_now())
        } catch {
            finish(.failure(error))
        }
    }

    override func reached(_ now: Int64) { step(now) }

    override func ended() {
        for job in jobs { pool.giveUp(job) }
        jobs = []
        for attempt in attempts { drop(attempt) }
        attempts = []
    }

    override func failure(_ code: SocketError.Code) -> SocketError { schedule.failure(code) }

    // MARK: Names

    private func beginLookUps() throws(SocketError) {
        guard case .host(let host, let port) = endpoint.target else { return }
        schedule = ConnectSchedule(endpoint: endpoint, source: source, awaiting: Set(families))
        for family in families {
            let query = try endpoint.query(host, port, family: family, flags: [])
            let lookUp = lookUp
            do throws(SocketError) {
                // Weak: a look-up that was given up shall not keep the loop alive.
                jobs.append(
                    try pool.start { [weak self] in
                        let outcome = Result { () throws(SocketError) in try lookUp(query) }
                        guard let self else { return }
                        self.loop.core.post { self.answered(family, outcome) }
                    })
            } catch {
                schedule.notFound(error, by: family)
            }
        }
    }

    private func answered(_ family: Socket.Family, _ outcome: Result<[Resolver.Answer], SocketError>) {
        if isFinished { return }
        let now = minato_clock_now()
        switch outcome {
        case .success(let answers): schedule.found(answers, by: family, at: now)
        case .failure(let error): schedule.notFound(error, by: family)
        }
        step(now)
    }

    // MARK: Attempts

    private func step(_ now: Int64) {
        while !isFinished {
            switch schedule.next(at: now) {
            case .start(let number, let answer):
                switch ConnectAttempt.open(number, answer, from: source) {
                case .success(let opened):
                    let attempt = DialerAttempt(opened, of: self)
                    attempts.append(attempt)
                    judge(attempt, opened.start())
                case .failure(let failure): schedule.lost(number, failure.code)
                }
            case .wait(let until): return wake(at: until)
            case .fail(let error): finish(.failure(error))
            }
        }
    }

    /// An attempt may have been decided.
    fileprivate func look(at attempt: DialerAttempt) {
        if isFinished { return }
        judge(attempt, attempt.connect.look())
        step(minato_clock_now())
    }

    /// A Unix peer's backlog was full; there may be room now.
    fileprivate func startAgain(_ attempt: DialerAttempt) {
        if isFinished { return }
        judge(attempt, attempt.connect.start())
        step(minato_clock_now())
    }

    private func judge(_ attempt: DialerAttempt, _ progress: ConnectAttempt.Progress) {
        switch progress {
        case .stands: win(attempt)
        case .underWay:
            guard !attempt.isRegistered else { return }
            let result = loop.core.add(attempt, attempt.connect.descriptor, interest: UInt32(MINATO_WRITABLE))
            if result < 0 { lose(attempt, .init(result: result)) }
        case .noRoom: loop.core.setTimer(attempt, attempt.pause.next().nanoseconds)
        case .failed(let code): lose(attempt, code)
        }
    }

    private func win(_ attempt: DialerAttempt) {
        loop.core.remove(attempt)
        attempts.removeAll { $0 === attempt }
        finish(.success(.open(attempt.connect.socket(), on: loop)))
    }

    private func lose(_ attempt: DialerAttempt, _ code: SocketError.Code) {
        drop(attempt)
        attempts.removeAll { $0 === attempt }
        schedule.lost(attempt.connect.number, code)
    }

    private func drop(_ attempt: DialerAttempt) {
        loop.core.remove(attempt)
        attempt.connect.close()
    }
}

/// An attempt under way, as the loop sees it. It lives as long as its dialer keeps it.
final class DialerAttempt: LoopSource, @unchecked Sendable {
    fileprivate let connect: ConnectAttempt
    fileprivate var pause = GrowingPause()
    private weak var dialer: Dialer?

    fileprivate init(_ connect: ConnectAttempt, of dialer: Dialer) {
        self.connect = connect
        self.dialer = dialer
        super.init()
    }

    override func isReady(_ flags: UInt32) { dialer?.look(at: self) }
    override func timeIsOver(_ now: Int64) { dialer?.startAgain(self) }
    override func loopEnds() { dialer?.loopEnds() }
}

extension Endpoint {
    /// The addresses when there is nothing to look up; nil when there is a name.
    fileprivate func answersAtOnce(_ families: [Socket.Family]) throws(SocketError) -> [Resolver.Answer]? {
        guard case .host(let host, let port) = target else {
            let answer = try fixedAnswer()
            let family = answer.address.family
            guard families.count > 1 || families.contains(family) else {
                throw SocketError(.connect, .familyNotSupported, subject: description)
            }
            return [answer]
        }
        let only = families.count == 1 ? families[0] : .unspecified
        return try query(host, port, family: only, flags: []).answersAtOnce()
    }
}
