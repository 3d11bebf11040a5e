/// What carries one request to a server and its response back, in the caller's thread.
///
/// One call is one hop. A transport knows nothing of redirects, credentials, cookies or errors by status: that is the
/// business of the handlers, which are the same over every transport.
package protocol BlockingTransport: Sendable {
    /// Sends a request and waits for the head of its response.
    ///
    /// - Parameters:
    ///   - request: The request with every field that is to be sent.
    ///   - timeout: The longest time without progress; nil for none.
    /// - Returns: The head of the final response, whatever its status, and the source of its body.
    /// - Throws: ``OpenError`` when no complete head came.
    func perform(_ request: URLOpener.Request, timeout: Duration?) throws(OpenError) -> BlockingHop
}

/// The response to one hop.
package struct BlockingHop: Sendable {
    package let head: URLOpener.ResponseHead
    package let body: any BlockingSource

    package init(head: URLOpener.ResponseHead, body: any BlockingSource) {
        self.head = head
        self.body = body
    }
}

/// Where the bytes of one body come from.
///
/// ``URLOpener/BlockingBody`` calls all but `interrupt` under its lock, one at a time.
package protocol BlockingSource: AnyObject, Sendable {
    /// Waits until the queue holds `count` bytes or the body has ended.
    ///
    /// - Returns: Whether the body has ended. Bytes that came before an error are in the queue.
    func receive(into queue: inout ByteQueue, until count: Int, timeout: Duration?) throws(OpenError) -> Bool

    /// Gives up the rest of the body. May be called several times, and after the end.
    func close()

    /// Makes a `receive` that waits in another thread end with `closed`, and every later one too.
    func interrupt()
}
