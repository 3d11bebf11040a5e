extension URLOpener {
    /// A response that a handler gives by itself, without the network.
    ///
    /// It is judged as one of a server would be: the handlers examine its head, and a status other than 200 to 299 is an error
    /// that carries it. It has no remote address and no timings, and no timeout is ever over while it is read.
    ///
    /// Python: what `http_open` and the like of a handler return.
    public struct Answer: Sendable {
        /// The head of the response.
        public var head: ResponseHead

        /// The body, as it is read.
        public var body: [UInt8]

        /// Makes an answer.
        ///
        /// - Parameters:
        ///   - head: The head. Nothing in it follows from the body: its Content-Length, say, is what the handler writes.
        ///   - body: The body. Default: empty.
        public init(head: ResponseHead, body: [UInt8] = []) {
            self.head = head
            self.body = body
        }
    }
}
