internal import MinatoLoop

/// Says when which limit of a hop is over. It reads no clock itself; all times are those of ``Deadline``.
struct HopClock {
    /// What is to be done at a moment.
    enum Verdict: Equatable {
        /// Nothing; no limit can be over before this.
        case wait(until: Int64)
        /// The hop, or the wait of its reader, has taken too long.
        case over(Over)
    }

    /// A limit that is over.
    enum Over: Equatable {
        case connect(Duration)
        case firstByte(Duration)
        case idle(Duration)
        case deadline
        /// The limit of one wait.
        case wait

        /// Whether it ends the transfer, and not only the wait of its reader.
        var isFinal: Bool {
            switch self {
            case .connect, .firstByte, .deadline: true
            case .idle, .wait: false
            }
        }
    }

    /// The state of a hop.
    struct Moment {
        /// When name, connection and TLS were done, or nil.
        var connectedAt: Int64?
        /// Since when that is being done, nil for from the start on.
        var connectingSince: Int64?
        var hasHead = false
        /// Whether a body is on its way out: nobody tells when a piece of it has gone.
        var isSending = false
        /// When something was sent or received last.
        var lastProgress: Int64 = 0
        /// Since when somebody waits for bytes of the body.
        var waitingSince: Int64?
        var waitLimit = Deadline.none
    }

    /// It is looked no more often than this whether the next step has begun.
    private static let leisure = Duration.milliseconds(20)
    /// While a body is on its way out it is looked so often how far it is: a limit that begins with its last piece is late by
    /// no more.
    private static let attention: Int64 = 50_000_000

    let limits: HopLimits
    private let start: Int64

    init(_ limits: HopLimits, start: Int64) {
        self.limits = limits
        self.start = start
    }

    func verdict(at now: Int64, _ moment: Moment) -> Verdict {
        if limits.deadline.nanoseconds <= now { return .over(.deadline) }
        var next = limits.deadline.nanoseconds
        func check(_ duration: Duration?, _ since: Int64, _ over: (Duration) -> Over) -> Verdict? {
            guard let duration else { return nil }
            let end = Self.sum(since, duration)
            if end <= now { return .over(over(duration)) }
            next = min(next, end)
            return nil
        }
        // A step that begins later than now takes at least so long; but it is not looked for all the time.
        func expect(_ duration: Duration?) {
            if let duration { next = min(next, Self.sum(now, max(duration, Self.leisure))) }
        }
        if moment.isSending && (limits.firstByte ?? limits.idle) != nil { next = min(next, now + Self.attention) }
        if moment.hasHead {
            if moment.waitLimit.nanoseconds <= now { return .over(.wait) }
            next = min(next, moment.waitLimit.nanoseconds)
            guard let since = moment.waitingSince else {
                expect(limits.idle)
                return .wait(until: next)
            }
            if let verdict = check(limits.idle, max(since, moment.lastProgress), Over.idle) { return verdict }
        } else if let connectedAt = moment.connectedAt {
            let since = max(connectedAt, moment.lastProgress)
            if let verdict = check(limits.firstByte, since, Over.firstByte) { return verdict }
            expect(limits.idle)
        } else {
            if let verdict = check(limits.connect, moment.connectingSince ?? start, Over.connect) { return verdict }
            expect(limits.firstByte)
            expect(limits.idle)
        }
        return .wait(until: next)
    }

    private static func sum(_ time: Int64, _ duration: Duration) -> Int64 {
        let (sum, overflow) = time.addingReportingOverflow(max(duration.nanosecondsRoundedUp, 0))
        return overflow ? .max : sum
    }
}

extension HopClock.Over {
    /// The error to throw; `operation` is what was being done when the deadline passed.
    func error(_ operation: OpenError.Operation, url: String) -> OpenError {
        switch self {
        case .connect(let limit):
            OpenError(.timedOut, .connect, url: url, detail: "not connected after \(limit)")
        case .firstByte(let limit):
            OpenError(.timedOut, .open, url: url, detail: "nothing moved for \(limit)")
        case .idle(let limit):
            OpenError(.timedOut, .read, url: url, detail: "nothing moved for \(limit)")
        case .deadline:
            OpenError(.deadlineExceeded, operation, url: url, detail: "the deadline has passed")
        case .wait:
            OpenError(.timedOut, .read, url: url, detail: "nothing came in time")
        }
    }
}
