extension PasswordManager {
    /// A user name and a password.
    ///
    /// Printing or dumping one shows the user name only.
    ///
    /// Python: the pair that `find_user_password` returns.
    public struct Credentials: Hashable, Sendable {
        /// The user name.
        public let user: String

        /// The password.
        public let password: String

        /// Makes a pair; nothing is checked.
        public init(user: String, password: String) {
            self.user = user
            self.password = password
        }

        /// Throws when the pair cannot be sent by Basic authentication (RFC 7617 section 2): the first colon ends the user
        /// name, and controls are not allowed.
        package func check(url: String) throws(OpenError) {
            let problem: String? =
                if user.utf8.contains(UInt8(ascii: ":")) {
                    "a colon in the user name"
                } else if !(user + password).unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) {
                    "a control in the user name or password"
                } else {
                    nil
                }
            if let problem { throw OpenError(.badCredentials, .handle, url: url, detail: problem) }
        }

        /// The value of an Authorization field.
        var basicAuthorization: String { "Basic " + Base64.encode((user + ":" + password).utf8) }
    }
}

extension PasswordManager.Credentials: CustomStringConvertible, CustomReflectable {
    /// The user name alone.
    public var description: String { "user \(user)" }

    /// The user name alone.
    public var customMirror: Mirror { Mirror(self, children: ["user": user]) }
}
