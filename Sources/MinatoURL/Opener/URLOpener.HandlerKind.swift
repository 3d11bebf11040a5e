extension URLOpener {
    /// The task that a handler does, of which an opener has one default handler.
    public struct HandlerKind: RawRepresentable, Hashable, Sendable {
        /// The name.
        public let rawValue: String

        /// Makes a kind from its name.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// Following redirects; by default ``RedirectHandler``.
        public static let redirect = HandlerKind(rawValue: "redirect")

        /// Answering Basic challenges of servers; by default ``BasicAuthHandler`` without passwords.
        public static let basicAuthentication = HandlerKind(rawValue: "basicAuthentication")
    }
}
