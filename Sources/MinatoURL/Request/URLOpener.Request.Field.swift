extension URLOpener.Request {
    /// A field of a request, checked.
    ///
    /// Made by ``URLOpener/Request/addField(_:_:sensitive:unredirected:)``. Printing or dumping one shows no secret.
    ///
    /// Python: an entry of `Request.headers` or `Request.unredirected_hdrs`.
    public struct Field: Sendable {
        /// The name as it was given.
        public let name: String

        /// The value.
        public let value: String

        /// Whether the value is a secret: never shown, and dropped when a redirect changes scheme, host or port.
        public let isSensitive: Bool

        /// Whether every redirect drops the field.
        public let isUnredirected: Bool

        /// What a handler of ours remembers of the credentials that it put here; nil in every other field.
        let credentials: SentCredentials?

        init(
            name: String, value: String, isSensitive: Bool, isUnredirected: Bool, credentials: SentCredentials? = nil
        ) {
            self.name = name
            self.value = value
            self.isSensitive = isSensitive || HTTPSyntax.isAlwaysSensitive(name)
            self.isUnredirected = isUnredirected
            self.credentials = credentials
        }

        /// Whether this is its name, without regard to case.
        public func isNamed(_ name: String) -> Bool {
            HTTPSyntax.areEqual(self.name, name)
        }
    }
}

extension URLOpener.Request.Field: CustomStringConvertible, CustomReflectable {
    /// Name and value, or the name alone when the value is a secret.
    public var description: String {
        isSensitive ? "\(name): (hidden)" : "\(name): \(value)"
    }

    /// The description alone: a dump shows no secret.
    public var customMirror: Mirror {
        Mirror(self, children: ["field": description])
    }
}
