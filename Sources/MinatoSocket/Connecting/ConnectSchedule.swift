/// Which address of an endpoint to try when: RFC 8305 (Happy Eyeballs) as a state machine without a clock and without
/// sockets. The blocking and the asynchronous connects both follow it.
///
/// Tell it what has happened, then ask for the `next` step until it says to wait.
struct ConnectSchedule {
    /// "Connection Attempt Delay": how long an attempt has before the next one starts beside it. Nanoseconds.
    static let attemptDelay: Int64 = 250_000_000
    /// "Resolution Delay": how long IPv4 addresses wait for the IPv6 ones that are still being looked up. Nanoseconds.
    static let resolutionDelay: Int64 = 50_000_000

    /// What to do.
    enum Step: Equatable {
        /// Start the attempt of this number.
        case start(Int, Resolver.Answer)
        /// Wait for something to happen, and until this time at most.
        case wait(until: Int64)
        /// Nothing is left to try.
        case fail(SocketError)
    }

    private struct Attempt {
        let answer: Resolver.Answer
        var failure: SocketError?
    }

    private let endpoint: Endpoint
    private let source: SocketAddress?
    private var candidates: [Resolver.Answer] = []
    /// In the order of trying.
    private var attempts: [Attempt] = []
    private var underWay = 0
    private var nextStart = Int64.min
    /// The families that are still being looked up.
    private var awaited: Set<Socket.Family>
    private var lookUpFailures: [SocketError] = []
    private var hold = Int64.min

    /// - Parameter families: which look-ups there will be. `found` and `notFound` end each.
    init(endpoint: Endpoint, source: SocketAddress?, awaiting families: Set<Socket.Family> = []) {
        self.endpoint = endpoint
        self.source = source
        awaited = families
    }

    // MARK: Events

    /// Addresses are known, in the order of preference.
    mutating func found(_ answers: [Resolver.Answer], by family: Socket.Family = .unspecified, at now: Int64 = 0) {
        awaited.remove(family)
        // The hosts file may name an address twice.
        var known = Set((candidates + attempts.map(\.answer)).map(\.address))
        let new = answers.filter { known.insert($0.address).inserted }
        if family == .ipv6, attempts.isEmpty { candidates = new + candidates } else { candidates += new }
        if awaited.contains(.ipv6) { hold = now &+ Self.resolutionDelay }
    }

    /// A look-up found nothing.
    mutating func notFound(_ failure: SocketError, by family: Socket.Family) {
        awaited.remove(family)
        lookUpFailures.append(failure)
    }

    /// An attempt has failed: the next one starts at once.
    mutating func lost(_ attempt: Int, _ code: SocketError.Code) {
        guard attempts.indices.contains(attempt), attempts[attempt].failure == nil else { return }
        attempts[attempt].failure = error(attempts[attempt].answer, code)
        underWay -= 1
        nextStart = .min
    }

    // MARK: Steps

    /// What to do now.
    mutating func next(at now: Int64) -> Step {
        guard let place = nextCandidate else {
            let isWaiting = underWay > 0 || !awaited.isEmpty
            return isWaiting ? .wait(until: .max) : .fail(failure(attempts.first?.failure?.code ?? notFoundCode))
        }
        let isHeld = attempts.isEmpty && awaited.contains(.ipv6) && candidates[place].address.family != .ipv6
        let start = underWay > 0 ? nextStart : isHeld ? hold : .min
        guard start <= now else { return .wait(until: start) }
        let answer = candidates.remove(at: place)
        attempts.append(Attempt(answer: answer))
        underWay += 1
        nextStart = now &+ Self.attemptDelay
        return .start(attempts.count - 1, answer)
    }

    /// The families take turns: RFC 8305, section 4.
    private var nextCandidate: Int? {
        if candidates.isEmpty { return nil }
        guard let last = attempts.last?.answer.address.family else { return 0 }
        return candidates.firstIndex { $0.address.family != last } ?? 0
    }

    // MARK: Errors

    /// The error of the whole when it ends with a code. What is under way ends with the same one. A single attempt's error
    /// stands for itself.
    func failure(_ code: SocketError.Code) -> SocketError {
        if attempts.isEmpty, code == notFoundCode || !awaited.isEmpty {
            return SocketError(.resolve, code, subject: endpoint.lookUpSubject)
        }
        let tried = attempts.map { $0.failure ?? error($0.answer, code) }
        // That a name has no addresses of one of the families is nothing to complain about.
        let all = tried + lookUpFailures.filter { !$0.code.saysThatThereIsNone }
        if all.count == 1, let only = all.first, only.code == code { return only }
        return SocketError(.connect, code, local: source, subject: endpoint.description, attempts: all)
    }

    /// Why no look-up found anything: that one could not be made says more than that the other found nothing.
    private var notFoundCode: SocketError.Code {
        let failure = lookUpFailures.first { !$0.code.saysThatThereIsNone } ?? lookUpFailures.first
        return failure?.code ?? .unknownHost
    }

    private func error(_ answer: Resolver.Answer, _ code: SocketError.Code) -> SocketError {
        SocketError(
            .connect, code, network: Socket.networkName(answer.address.family, answer.kind), local: source,
            remote: answer.address)
    }
}

extension SocketError.Code {
    /// Whether a look-up was made, and found no address.
    fileprivate var saysThatThereIsNone: Bool {
        // EAI_NODATA, which glibc says for a name that has other records.
        [.unknownHost, .noAddressOfFamily, Self(.resolver, -5)].contains(self)
    }
}

extension Endpoint {
    /// What errors of a look-up call it: `localhost:9999`.
    var lookUpSubject: String {
        if case .host(let host, let port) = target { "\(host):\(port)" } else { description }
    }
}
