package import HTTPTypes

/// What carries one request to a server and its response back.
///
/// One call is one hop. A transport knows nothing of redirects, credentials, cookies or errors by status: that is the
/// business of the handlers, which are the same over every transport and for both faces.
package protocol Transport: Sendable {
    /// Sends a request and waits for the head of its response; the body is received while a task reads it.
    ///
    /// - Parameters:
    ///   - request: The request with every field that is to be sent.
    ///   - limits: How long what may take.
    /// - Returns: The head of the final response, whatever its status, and where its body comes from.
    /// - Throws: ``OpenError`` when no complete head came; `cancelled` when the task was cancelled before.
    func perform(_ request: URLOpener.Request, _ limits: HopLimits) async throws(OpenError) -> Hop

    /// As `perform`, but blocks the thread; the body is received by the threads that read it.
    func performBlocking(_ request: URLOpener.Request, _ limits: HopLimits) throws(OpenError) -> Hop
}

/// The response to one hop.
package struct Hop: Sendable {
    package let head: URLOpener.ResponseHead
    /// Where the body is.
    package let pipe: BodyPipe
    /// What receives it, or nil when all of it is there.
    package let driver: (any BodyDriver)?

    package init(head: URLOpener.ResponseHead, pipe: BodyPipe, driver: (any BodyDriver)?) {
        self.head = head
        self.pipe = pipe
        self.driver = driver
    }

    /// A response all of which is there.
    ///
    /// - Parameters:
    ///   - head: Its head.
    ///   - body: Its body.
    ///   - url: The URL of the request.
    ///   - end: How the body ends after these bytes. Default: it is whole.
    ///   - trailers: The fields after the body. Default: none.
    package init(
        _ head: URLOpener.ResponseHead, _ body: [UInt8], url: String, end: BodyPipe.End = .complete,
        trailers: HTTPFields = HTTPFields()
    ) {
        let pipe = BodyPipe(url: url)
        pipe.publish(head)
        if !body.isEmpty { pipe.offer(body) }
        pipe.finish(end, trailers: trailers)
        self.init(head: head, pipe: pipe, driver: nil)
    }

    /// The response that a handler gives.
    init(_ answer: URLOpener.Answer, url: String) {
        guard let source = answer.source else {
            self.init(answer.head, answer.body, url: url)
            return
        }
        let pipe = BodyPipe(url: url)
        pipe.publish(answer.head)
        if !answer.body.isEmpty { pipe.offer(answer.body) }
        self.init(head: answer.head, pipe: pipe, driver: AnswerSource(source, pipe))
    }
}
