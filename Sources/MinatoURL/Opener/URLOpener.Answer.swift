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

        /// The body, as it is read; with a source, what comes before that.
        public var body: [UInt8]

        /// Where the rest of the body comes from.
        let source: (@Sendable () throws -> [UInt8])?

        /// Makes an answer.
        ///
        /// - Parameters:
        ///   - head: The head. Nothing in it follows from the body: its Content-Length, say, is what the handler writes.
        ///   - body: The body. Default: empty.
        public init(head: ResponseHead, body: [UInt8] = []) {
            self.head = head
            self.body = body
            source = nil
        }

        /// Makes an answer whose body is made while it is read.
        ///
        /// - Parameters:
        ///   - head: As in ``init(head:body:)``.
        ///   - source: Returns the next bytes of the body, as many as it likes, and none at its end. Called whenever a reader
        ///     needs more than there is, in that reader's thread or task, which it may block, and never twice at a time; not any
        ///     more once it has returned no bytes, has thrown, or the response is closed or gone. What it throws is thrown by the
        ///     read that needs more: an ``OpenError`` as it is, anything else as the cause of a `bodyFailed`.
        public init(head: ResponseHead, reading source: @escaping @Sendable () throws -> [UInt8]) {
            self.head = head
            body = []
            self.source = source
        }
    }
}
