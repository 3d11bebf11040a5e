public import HTTPTypes

extension URLOpener {
    /// The response to a request: its head is there, its body is read as it comes.
    ///
    /// ```swift
    /// let response = try urlopenBlocking("http://www.example.com/")
    /// print(response.status, response.fields[.contentType] ?? "")
    /// let start = try response.body.read(300)     // exactly 300 bytes unless the body ends first
    /// ```
    ///
    /// Dropping a response without reading its body is fine: nothing leaks, its connection is closed. A body that was read
    /// to its end gives the connection back for the next request. A response can be shared between threads.
    ///
    /// Python: the object that `urllib.request.urlopen` returns; with status 400 and the like, `HTTPError`.
    public final class BlockingResponse: Sendable {
        /// The status, 200 to 299 unless the response comes in an ``OpenError``.
        ///
        /// Python: `status`, `getcode()`.
        public let status: Int

        /// The reason phrase, empty when the server sent none (always so in HTTP/2).
        ///
        /// Python: `reason`.
        public let reason: String

        /// The fields in the order received, duplicates kept, looked up without regard to case.
        ///
        /// `fields[.contentType]` joins several values with ", "; `fields[values: .setCookie]` gives each. Python: `headers`.
        public let fields: HTTPFields

        /// The URL of this response, which after a redirect is not the one that was asked for; with fragment, without
        /// user name and password.
        ///
        /// Python: `url`, `geturl()`.
        public let url: String

        /// `"1.0"`, `"1.1"` or `"2"`.
        ///
        /// Python: `version`.
        public let httpVersion: String

        /// The body.
        public let body: BlockingBody

        package init(head: ResponseHead, url: String, body: BlockingBody) {
            status = head.status
            reason = head.reason
            fields = head.fields
            httpVersion = head.httpVersion
            self.url = url
            self.body = body
        }

        /// The value of a field whose name is text, several joined with ", ", or nil when there is none.
        ///
        /// Without regard to case. Python: `getheader(name)`.
        public func field(_ name: String) -> String? {
            HTTPField.Name(name).flatMap { fields[$0] }
        }

        /// Gives up the rest of the body and closes the connection that it comes on.
        ///
        /// Does not block. A read that is under way in another thread ends with `closed`, and so does every later one. Closing
        /// twice is fine, and so is never closing: dropping the response does the same. Python: `close()`.
        public func close() {
            body.close()
        }
    }
}

extension URLOpener.BlockingResponse: CustomStringConvertible {
    /// Status, reason and URL on one line.
    public var description: String {
        Redaction.line(reason.isEmpty ? "\(status) \(url)" : "\(status) \(reason) \(url)")
    }
}
