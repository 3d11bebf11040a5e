internal import HTTPTypes

/// The retries of one open: whether there is another one, and after which pause. It waits for nothing.
struct RetryState {
    private let policy: URLOpener.Retries
    private let budget: RetryBudget
    /// A number from 0 to 1; of tests, a known one.
    private let random: @Sendable () -> Double
    /// Seconds since 1970.
    private let now: @Sendable () -> Int
    private var attempts = 1

    init(
        _ policy: URLOpener.Retries, _ budget: RetryBudget, random: @escaping @Sendable () -> Double,
        now: @escaping @Sendable () -> Int
    ) {
        self.policy = policy
        self.budget = budget
        self.random = random
        self.now = now
    }

    /// The pause after a request got no response, or nil: no retry.
    mutating func pause(after error: OpenError, of request: URLOpener.Request) -> Duration? {
        let isHarmless: Bool =
            switch error.code {
            case .nameNotFound, .connectionRefused, .connectionFailed: true
            case .timedOut, .connectionReset: error.operation == .connect
            default: false
            }
        return isHarmless ? next(request, nil) : nil
    }

    /// The pause after a response, or nil: no retry.
    mutating func pause(after head: URLOpener.ResponseHead, of request: URLOpener.Request) -> Duration? {
        guard head.status == 429 || head.status == 503 else { return nil }
        guard let value = head.fields[.retryAfter] else { return request.isIdempotent ? next(request, nil) : nil }
        guard let pause = RetryAfter.pause(value, now: now()), pause <= policy.longestRetryAfter else { return nil }
        return next(request, pause)
    }

    private mutating func next(_ request: URLOpener.Request, _ wanted: Duration?) -> Duration? {
        guard attempts < policy.attempts, request.body?.isRestartable != false, budget.spend() else { return nil }
        // The shift stays small: what is longer than the limit does not grow.
        let longest = min(policy.firstPause * (1 << min(attempts - 1, 30)), policy.longestPause)
        attempts += 1
        let pause = max(longest, .zero) * random()
        return wanted.map { $0 + min(pause, policy.firstPause) } ?? pause
    }
}

/// The field Retry-After: seconds, or a date (RFC 9110 section 10.2.3).
enum RetryAfter {
    /// The pause that it asks for, not below zero; nil for a text that is neither.
    static func pause(_ text: String, now: Int) -> Duration? {
        if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            // More than any limit.
            return .seconds(Int(text) ?? Int(Int32.max))
        }
        return date(text).map { .seconds(max(0, $0 - now)) }
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// `Sun, 06 Nov 1994 08:49:37 GMT` as seconds since 1970; the obsolete forms are not worth reading here.
    private static func date(_ text: String) -> Int? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[5] == "GMT", parts[0].hasSuffix(","), let day = number(parts[1], 2, 1...31),
            let month = months.firstIndex(of: String(parts[2])), let year = number(parts[3], 4, 1970...9999)
        else { return nil }
        let clock = parts[4].split(separator: ":", omittingEmptySubsequences: false)
        guard clock.count == 3, let hour = number(clock[0], 2, 0...23), let minute = number(clock[1], 2, 0...59),
            let second = number(clock[2], 2, 0...60)
        else { return nil }
        // Days since 1970, with years that begin in March, so that the leap day is the last one.
        let shifted = month < 2 ? year - 1 : year
        let dayOfYear = (153 * ((month + 10) % 12) + 2) / 5 + day - 1
        let days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
        return days * 86_400 + hour * 3600 + minute * 60 + second
    }

    private static func number(_ text: Substring, _ count: Int, _ range: ClosedRange<Int>) -> Int? {
        guard text.utf8.count == count, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int(text)
        else { return nil }
        return range.contains(value) ? value : nil
    }
}
