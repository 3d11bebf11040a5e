internal import CMinato

/// A point of CLOCK_MONOTONIC, as the C layer takes it.
package struct Deadline: Sendable, Comparable {
    /// Nanoseconds; see `clock.h`.
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Never comes.
    package static let none = Deadline(nanoseconds: Int64(MINATO_NO_DEADLINE))

    /// Has always passed: try once and never wait.
    package static let atOnce = Deadline(nanoseconds: Int64(MINATO_NO_WAIT))

    /// The deadline a timeout from now: nil never comes, zero never waits. `timeout` must not be negative.
    package static func after(_ timeout: Duration?) -> Deadline {
        guard let timeout else { return .none }
        return after(nanoseconds: timeout.nanosecondsRoundedUp)
    }

    package static func after(nanoseconds: Int64) -> Deadline {
        Deadline(nanoseconds: minato_clock_deadline(max(nanoseconds, 0)))
    }

    /// What is left; zero when it has passed. `Int64.max` nanoseconds for `none`.
    package var remainingNanoseconds: Int64 { minato_clock_remaining(nanoseconds) }

    package var hasPassed: Bool { remainingNanoseconds == 0 }

    package static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }
}

extension Duration {
    /// Whole nanoseconds, rounded up so that nothing positive becomes zero, and saturating.
    package var nanosecondsRoundedUp: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let fraction = attoseconds / 1_000_000_000 + (attoseconds % 1_000_000_000 > 0 ? 1 : 0)
        let (sum, carry) = whole.addingReportingOverflow(fraction)
        if overflow || carry { return self < .zero ? .min : .max }
        return sum
    }
}
