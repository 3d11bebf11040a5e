extension OpenError {
    /// What was being done when an error came up.
    public struct Operation: RawRepresentable, Hashable, Sendable {
        /// The word that begins the error's line.
        public let rawValue: String

        /// Makes an operation from its word.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// Checking the request, before anything was sent.
        public static let prepare = Operation(rawValue: "prepare")

        /// Looking up the name, connecting, and the TLS handshake.
        public static let connect = Operation(rawValue: "connect")

        /// Sending the request and waiting for the head of the response.
        public static let open = Operation(rawValue: "open")

        /// Reading the body of the response.
        public static let read = Operation(rawValue: "read")

        /// Writing the body of the response to a file.
        public static let save = Operation(rawValue: "save")

        /// Deciding, in a handler, what to do with a request or a response.
        public static let handle = Operation(rawValue: "handle")
    }
}

extension OpenError.Operation: CustomStringConvertible {
    /// The word alone.
    public var description: String { rawValue }
}
