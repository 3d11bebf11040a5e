extension URLOpener {
    /// When an open that failed is tried once more, by itself. Off unless asked for.
    ///
    /// ```swift
    /// var configuration = URLOpener.Configuration()
    /// configuration.retries = .init(attempts: 4)
    /// ```
    ///
    /// | what happened | tried again |
    /// |---|---|
    /// | no address, no connection, not connected in time | any request: the server has seen nothing of it |
    /// | 429 or 503 with a Retry-After | any request: the server has refused it; after the time that it says |
    /// | 429 or 503 without | a request that may be repeated |
    /// | anything else | never |
    ///
    /// In each case only when the body can be sent again, as long as the deadline is not over by then, and within the budget.
    /// The pauses grow, up to a limit, and are drawn at random below that, so that clients that failed together do not come
    /// back together.
    ///
    /// Apart from this, and always on: a request that may be repeated goes out once more, at once, when the connection that
    /// was used again for it turns out to have died, or when a server of HTTP/2 refused it, as one does that is about to end the
    /// connection. Any other request fails by ``OpenError/Code/emptyReply`` then: libcurl does not say which of the two it was.
    /// RFC 9110 section 9.2.2, RFC 9113 section 8.7.
    ///
    /// Python: nothing of the kind; `urllib3.util.Retry` of another library.
    public struct Retries: Sendable {
        /// How often a request is sent at most, the first time included. 1 is off.
        public var attempts: Int

        /// The longest first pause. Each later one is twice as long. Default: 200 ms.
        public var firstPause = Duration.milliseconds(200)

        /// No pause is longer, but for a Retry-After. Default: 20 s.
        public var longestPause = Duration.seconds(20)

        /// A server that asks for a longer pause by Retry-After is not asked again. Default: 60 s.
        public var longestRetryAfter = Duration.seconds(60)

        /// How many retries there may be for each open, on average, so that an outage does not multiply the load. Default: 0.1,
        /// with ten to begin with, which is also the most that are saved up.
        public var budgetPerOpen = 0.1

        /// Makes a policy.
        ///
        /// - Parameter attempts: How often a request is sent at most. 1 and less is off.
        public init(attempts: Int) {
            self.attempts = attempts
        }

        /// No retries.
        public static let off = Retries(attempts: 1)
    }
}
