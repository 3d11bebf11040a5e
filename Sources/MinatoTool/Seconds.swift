import ArgumentParser

/// A number of seconds on the command line: a decimal number, zero or more.
///
/// NaN and infinity are refused here, because `Duration.seconds` traps on them.
struct Seconds: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        guard let value = Double(argument), value.isFinite, value >= 0, value <= 1_000_000_000 else { return nil }
        let duration = Duration.seconds(value)
        // Nothing positive becomes zero, which would mean "never wait".
        self.duration = value > 0 ? max(duration, .nanoseconds(1)) : duration
    }
}
