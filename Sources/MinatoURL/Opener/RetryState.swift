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
        return HTTPDate.parse(text).map { .seconds(max(0, $0 - now)) }
    }
}
