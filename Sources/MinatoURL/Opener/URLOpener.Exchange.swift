extension URLOpener {
    /// One open so far: the request as the program made it, the one that is under way, and those before.
    ///
    /// Handlers take from it what they have to remember (how many redirects there were, which credentials were refused), and
    /// so need no state of their own.
    ///
    /// Python: `redirect_dict`, `timeout` and the like, which handlers put into the `Request`.
    public struct Exchange: Sendable {
        /// A request that was answered, and what followed.
        public struct Hop: Sendable {
            /// The request as it was sent.
            public let request: Request
            /// The head of its response.
            public let head: ResponseHead
            /// Why another request followed.
            public let reason: RetryReason
        }

        /// The request as the program made it.
        public let original: Request

        /// The request that is about to be sent, or whose response is examined.
        ///
        /// While a request is being prepared it is the state before the handlers.
        public internal(set) var request: Request

        /// The requests that were answered and followed by another one, oldest first.
        public internal(set) var hops: [Hop] = []

        /// Begins an exchange; also for tests of handlers.
        public init(_ request: Request) {
            original = request
            self.request = request
        }
    }
}
