public import HTTPTypes

extension URLOpener {
    /// The response to a request: its head is there, its body is received while a task reads it.
    ///
    /// ```swift
    /// let response = try await urlopen("http://www.example.com/")
    /// print(response.status, response.fields[.contentType] ?? "")
    /// let start = try await response.body.read(300)       // exactly 300 bytes unless the body ends first
    /// ```
    ///
    /// Dropping a response without reading its body is fine: nothing leaks, and its connection is closed unless all of the body
    /// has come. A body that was read to its end gives the connection back for the next request. A response can be shared
    /// between tasks.
    ///
    /// Python: the object that `urllib.request.urlopen` returns; with status 400 and the like, `HTTPError`.
    public final class Response: ResponseProperties {
        /// All of the head at once.
        public let head: ResponseHead

        /// The URL of this response, which after a redirect is not the one that was asked for; with fragment, without
        /// user name and password.
        ///
        /// Python: `url`, `geturl()`.
        public let url: String

        /// The body.
        public let body: Body

        init(head: ResponseHead, url: String, body: Body) {
            self.head = head
            self.url = url
            self.body = body
        }

        /// The fields that came after the body, which are there once it has been read to its end.
        ///
        /// Empty before, and when there were none; of a response over HTTP/2 with a Content-Length, libcurl drops them. RFC
        /// 9110 section 6.5.
        public var trailers: HTTPFields { body.pipe.trailers }

        /// Gives up the rest of the body and closes the connection that it comes on; with HTTP/2, ends the stream,
        /// and closes the connection when nobody else uses it.
        ///
        /// Returns at once. A read that waits ends with `closed`, and so does every later one. Closing twice is fine, and so
        /// is never closing: dropping the response does the same. Python: `close()`.
        public func close() {
            body.close()
        }
    }
}
