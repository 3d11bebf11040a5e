internal import CMinato
internal import MinatoSocket

/// What a server does when taking a connection or a datagram fails: a pure decision, and the memory it needs.
///
/// Scarcity comes in episodes. Within one, connections may be taken now and then, each time another one ends; so an episode is
/// over only when it has been quiet for a while. Otherwise a busy server at its last descriptor would report every second
/// attempt, and spin.
struct AcceptBackoff {
    /// What to do next.
    enum Verdict: Equatable {
        /// Go on at once: only this connection, this datagram is lost, or there was none.
        case goOn
        /// Something is used up. Leave the listener alone that long, and report the error if `isNew`.
        case pause(Duration, isNew: Bool)
        /// The listener itself is unusable.
        case end
    }

    /// The first pause of an episode; each further one is twice as long.
    static let shortest: Duration = .milliseconds(5)
    /// The longest pause.
    static let longest: Duration = .seconds(1)
    /// How long a pause lasts at least when something was taken since the one before it, and before what has become free ends
    /// it: so there are at most 40 failures a second, however many connections end.
    static let apart: Duration = .milliseconds(25)
    /// How long it is quiet at the end of an episode.
    static let quiet: Duration = .seconds(1)

    /// So many failures to go on after in a row, with nothing taken, are no others' misfortune: a filter of system calls, say,
    /// that allows none. One is tried again after a pause, and told of.
    static let inARow = 32

    /// Failures to go on after since something was taken.
    private var passed = 0
    /// The pause before, nil before the first episode.
    private var last: Duration?
    /// Something was taken since then.
    private var hasSucceeded = false
    /// A failure after this moment begins an episode: in nanoseconds, as all times here.
    private var end = Int64.max

    /// A connection or datagram was taken.
    mutating func succeeded() { (hasSucceeded, passed) = (true, 0) }

    /// Judges a failure.
    mutating func failed(_ code: SocketError.Code, now: Int64 = minato_clock_now()) -> Verdict {
        switch code.outlook {
        case .goOn:
            if code == .wouldBlock { return .goOn }
            passed &+= 1
            return passed % Self.inARow == 0 ? .pause(Self.shortest, isNew: passed == Self.inARow) : .goOn
        case .end: return .end
        case .pause: break
        }
        let isNew = last == nil || hasSucceeded && now > end
        let pause: Duration
        if isNew {
            pause = Self.shortest
        } else if hasSucceeded {
            pause = Self.apart
        } else {
            pause = min(last.map { $0 * 2 } ?? Self.shortest, Self.longest)
        }
        last = pause
        hasSucceeded = false
        end = now + (pause + Self.quiet).nanosecondsRoundedUp
        return .pause(pause, isNew: isNew)
    }
}
