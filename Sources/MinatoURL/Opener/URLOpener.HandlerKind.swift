extension URLOpener {
    /// The task that a handler does, of which an opener has one default handler.
    ///
    /// Python: the class of a default handler, whose subclasses replace it in `build_opener`.
    public struct HandlerKind: RawRepresentable, Hashable, Sendable {
        /// The name.
        public let rawValue: String

        /// Makes a kind from its name.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// Following redirects; by default ``RedirectHandler``.
        public static let redirect = HandlerKind(rawValue: "redirect")

        /// Answering `data:` URLs; by default ``DataHandler``.
        public static let data = HandlerKind(rawValue: "data")

        /// Answering `file:` URLs; by default nobody.
        public static let file = HandlerKind(rawValue: "file")

        /// Opening ftp URLs; by default nobody.
        public static let ftp = HandlerKind(rawValue: "ftp")

        /// Answering Basic challenges of servers; by default ``BasicAuthHandler`` without passwords.
        public static let basicAuthentication = HandlerKind(rawValue: "basicAuthentication")

        /// Answering Digest challenges of servers; by default ``DigestAuthHandler`` without passwords.
        public static let digestAuthentication = HandlerKind(rawValue: "digestAuthentication")

        /// Answering Basic challenges of proxies; by default ``ProxyBasicAuthHandler`` without passwords.
        public static let proxyBasicAuthentication = HandlerKind(rawValue: "proxyBasicAuthentication")

        /// Answering Digest challenges of proxies; by default ``ProxyDigestAuthHandler`` without passwords.
        public static let proxyDigestAuthentication = HandlerKind(rawValue: "proxyDigestAuthentication")
    }
}
