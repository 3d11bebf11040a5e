import ArgumentParser

/// A number of seconds on the command line: a decimal number, zero or more.
///
/// NaN and infinity are refused here, because `Duration.seconds` traps on them.
struct Seconds: ExpressibleByArgument, CustomStringConvertible {
    let duration: Duration

    /// As it is typed, for the help.
    var description: String {
        let (seconds, attoseconds) = duration.components
        return attoseconds == 0 ? "\(seconds)" : "\(Double(seconds) + Double(attoseconds) / 1e18)"
    }

    init(duration: Duration) { self.duration = duration }

    init?(argument: String) {
        guard let value = Double(argument), value.isFinite, value >= 0, value <= 1_000_000_000 else { return nil }
        let duration = Duration.seconds(value)
        // Nothing positive becomes zero, which would mean "never wait".
        self.duration = value > 0 ? max(duration, .nanoseconds(1)) : duration
    }
}
