public import HTTPTypes
internal import MinatoLoop

/// A transport without a network, for tests of programs that open URLs and of handlers: a closure answers.
///
/// ```swift
/// let mock = MockTransport { request in
///     request.url == "http://api.example/items" ? .init(status: 200, body: Array("[]".utf8)) : .init(status: 404)
/// }
/// let opener = URLOpener(transport: mock)
/// let response = try await opener.open("http://api.example/items")
/// ```
///
/// Everything above the network is the same as ever: redirects are followed, challenges answered, statuses judged. Both faces
/// are served. Nothing waits but for the pauses of ``URLOpener/Retries``, which end by cancellation; otherwise that is not
/// noticed, and no timeout or deadline is ever over. A body is delivered as it is: nothing is decoded, or compared with a
/// Content-Length. Bodies of requests that are files or streams are not read.
///
/// May be used from any number of tasks and threads. Python: `unittest.mock`, or a handler with `http_open`.
public final class MockTransport: Sendable {
    /// What a request is answered with.
    public struct Reply: Sendable {
        /// The head of the response.
        public var head: URLOpener.ResponseHead

        /// The body.
        public var body: [UInt8]

        /// What the body ends with after these bytes; nil for a body that is whole.
        public var failure: OpenError?

        /// The fields after the body.
        public var trailers = HTTPFields()

        /// Makes a reply from its head.
        ///
        /// - Parameters:
        ///   - head: The head.
        ///   - body: The body. Default: empty.
        ///   - failure: What the body ends with after these bytes. Default: nil, for a body that is whole.
        public init(head: URLOpener.ResponseHead, body: [UInt8] = [], failure: OpenError? = nil) {
            self.head = head
            self.body = body
            self.failure = failure
        }

        /// Makes a reply.
        ///
        /// - Parameters:
        ///   - status: The status, with no reason phrase. It is not checked.
        ///   - fields: The fields by name and value, in order; one whose name is no token is left out. Default: none.
        ///   - body: The body. Default: empty.
        public init(status: Int, fields: [(name: String, value: String)] = [], body: [UInt8] = []) {
            var all = HTTPFields()
            for field in fields {
                if let name = HTTPField.Name(field.name) { all.append(HTTPField(name: name, value: field.value)) }
            }
            self.init(head: URLOpener.ResponseHead(status: status, fields: all), body: body)
        }
    }

    private let answer: @Sendable (URLOpener.Request) throws(OpenError) -> Reply
    private let kept = Guarded<[URLOpener.Request]>([])

    /// Makes a transport.
    ///
    /// - Parameter answer: Called for each request as it would be sent, in the thread of the opener's caller, by several at
    ///   once when these are several. What it throws is why the request failed on the way, and ``OpenError/operation`` at which
    ///   step; a closure that throws has to name the type: `{ (request) throws(OpenError) in ... }`.
    public init(_ answer: @escaping @Sendable (URLOpener.Request) throws(OpenError) -> Reply) {
        self.answer = answer
    }

    /// The requests so far, as they would have been sent, oldest first. Requests that a handler answered are not among them.
    public var requests: [URLOpener.Request] { kept.withLock { $0 } }

    private func hop(_ request: URLOpener.Request) throws(OpenError) -> Hop {
        kept.withLock { $0.append(request) }
        let reply = try answer(request)
        let end = reply.failure.map(BodyPipe.End.failed) ?? .complete
        return Hop(reply.head, reply.body, url: request.url, end: end, trailers: reply.trailers)
    }
}

extension MockTransport: Transport {
    package func perform(_ request: URLOpener.Request, _ limits: HopLimits) async throws(OpenError) -> Hop {
        try hop(request)
    }

    package func performBlocking(_ request: URLOpener.Request, _ limits: HopLimits) throws(OpenError) -> Hop {
        try hop(request)
    }
}
