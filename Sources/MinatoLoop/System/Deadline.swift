internal import CMinato

/// The time by which something has to be done.
///
///     let deadline = Deadline.after(.seconds(10))
///     let request = try await connection.readLine(limit: 1024, deadline: deadline)
///     try await connection.write(answer(to: request), deadline: deadline)
///
/// A deadline is a point in time, not a length: several operations can share one. It is measured by the clock that only ever
/// goes forward, CLOCK_MONOTONIC: setting the date does not move it, and the time that the machine sleeps does not count.
///
/// C: the deadlines of `minato/clock.h`. See clock_gettime(2).
public struct Deadline: Sendable, Comparable {
    /// Nanoseconds; see `clock.h`. An odd number may have been counted from a moment too early: see ``LoopCore/now``.
    @usableFromInline package let nanoseconds: Int64

    @inlinable
    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Never comes.
    @inlinable
    public static var none: Deadline { Deadline(nanoseconds: .max) }

    /// Has always passed: try once and never wait.
    package static let atOnce = Deadline(nanoseconds: Int64(MINATO_NO_WAIT))

    /// The deadline that lies so far from now; one that has passed for zero and less.
    public static func after(_ duration: Duration) -> Deadline { after(nanoseconds: duration.nanosecondsRoundedUp) }

    /// The deadline a timeout from now: nil never comes, zero never waits.
    package static func after(_ timeout: Duration?) -> Deadline {
        guard let timeout else { return .none }
        return after(nanoseconds: timeout.nanosecondsRoundedUp)
    }

    package static func after(nanoseconds: Int64) -> Deadline {
        let end = minato_clock_deadline(max(nanoseconds, 0))
        // Even, as the time was asked for just now.
        return Deadline(nanoseconds: end == .max ? end : end &+ (end & 1))
    }

    /// The deadline at an instant of `ContinuousClock`, which goes on while the machine sleeps: by what is left of it now.
    public init(_ instant: ContinuousClock.Instant) {
        self = .after(ContinuousClock.now.duration(to: instant))
    }

    /// What is left; zero when it has passed. `Int64.max` nanoseconds for `none`.
    package var remainingNanoseconds: Int64 { minato_clock_remaining(nanoseconds) }

    /// Whether it has come.
    public var hasPassed: Bool { remainingNanoseconds == 0 }

    /// Whether the left one comes first.
    @inlinable
    public static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }
}

extension Duration {
    /// Whole nanoseconds, rounded up so that nothing positive becomes zero, and saturating.
    package var nanosecondsRoundedUp: Int64 {
        let high = Int64(truncatingIfNeeded: attoseconds >> 64)
        guard high >= 0, high < 1 << 28 else { return nanosecondsOutOfUse }
        // As long as people wait, up to 150 years: one division.
        let (whole, rest) = UInt64(1_000_000_000).dividingFullWidth(
            (UInt64(high), UInt64(truncatingIfNeeded: attoseconds)))
        return Int64(whole) &+ (rest > 0 ? 1 : 0)
    }

    /// The same for every length of time, in many more steps.
    private var nanosecondsOutOfUse: Int64 {
        // Not by `components`: with more than `Int64.max` seconds they stop the program.
        let (whole, rest) = attoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return Int64(clamping: whole + (rest > 0 ? 1 : 0))
    }

    /// So long as it may be slept by Swift's own clocks, which stop the program at more than `Int64.max` seconds from now: not below
    /// zero, and a century at most.
    package var forSleeping: Duration { min(max(self, .zero), .seconds(3_000_000_000)) }
}
