extension URLOpener {
    /// How far a retrieve is, and at its end what it has come to.
    public struct Retrieved: Sendable {
        /// The head of the response.
        ///
        /// Its status is 200, or what else from 201 to 299 the server thinks right; 206 when the file was gone on with; 416 when
        /// all of it was there already.
        public let head: ResponseHead

        /// The URL of the response, which after a redirect is not the one that was asked for; with fragment, without user name
        /// and password.
        public let url: String

        /// How many bytes the file has, those of earlier calls included.
        public let byteCount: Int

        /// How many bytes the file will have when it is complete; nil when the server does not say, or the body is decoded. At the
        /// end it is ``byteCount``.
        public let totalCount: Int?

        /// How many bytes were there from an earlier call, and have not been received again.
        public let resumedAt: Int

        /// How many bytes this call has received.
        public var receivedCount: Int { byteCount - resumedAt }
    }
}

extension URLOpener.Retrieved: CustomStringConvertible, CustomReflectable {
    /// Status, URL and counts on one line.
    public var description: String {
        let total = totalCount.map { " of \($0)" } ?? ""
        let before = resumedAt > 0 ? ", \(resumedAt) of them from before" : ""
        return Redaction.line("\(head.status) \(url): \(byteCount)\(total) bytes\(before)")
    }

    /// The description alone: the fields of a response can hold secrets.
    public var customMirror: Mirror { Mirror(self, children: ["retrieved": description]) }
}
