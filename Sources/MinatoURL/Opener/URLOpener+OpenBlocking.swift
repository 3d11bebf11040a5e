public import MinatoLoop

extension URLOpener {
    /// Opens a URL and blocks until the head of the response is there.
    ///
    /// See ``openBlocking(_:timeout:deadline:)``.
    ///
    /// - Parameters:
    ///   - url: As of a ``Request``.
    ///   - body: The body of a POST, or nil for a GET. Default: nil.
    ///   - timeout: The longest time without progress. Default: nil, what the configuration says.
    ///   - deadline: When everything has to be done, the body included. Default: none.
    /// - Returns: The response, its body not read yet.
    /// - Throws: ``OpenError``: what a ``Request`` throws, and what the other form throws.
    ///
    /// May be called from any thread. Python: `OpenerDirector.open`.
    public func openBlocking(
        _ url: String, body: [UInt8]? = nil, timeout: Duration? = nil, deadline: Deadline = .none
    ) throws(OpenError) -> BlockingResponse {
        try openBlocking(Request(url, body: body), timeout: timeout, deadline: deadline)
    }

    /// Opens a URL and blocks until the head of the response is there; its body is read afterwards, as it comes.
    ///
    /// Redirects are followed and challenges answered as the handlers say. The calling thread does all the work; there is no
    /// other one but libcurl's for looking up a name. It blocks on the network only, and for the time that `timeout` allows.
    ///
    /// - Parameters:
    ///   - request: What to ask for.
    ///   - timeout: The longest time without progress, in each step: connecting, sending and waiting for the head, and later
    ///     each read of the body. While bytes keep moving it does not end anything, as in Python. Default: nil, what the
    ///     opener's ``Configuration/timeouts`` say: no limit, but for 30 s to connect. Zero never waits, so that the open
    ///     fails; a negative one is refused.
    ///   - deadline: When everything has to be done, with all redirects and the body. Default: none, but for the total of the
    ///     configuration.
    /// - Returns: The response. Its status is 200 to 299.
    /// - Throws: ``OpenError``: with `httpStatus` and the response for any other status, redirects that were not followed
    ///   included; `timedOut`, whose operation is `connect` or `open`; `deadlineExceeded`; otherwise what the code says. A
    ///   body that turns out to be broken is no error here, but of the read.
    ///
    /// May be called from any thread. Python: `OpenerDirector.open`.
    public func openBlocking(
        _ request: Request, timeout: Duration? = nil, deadline: Deadline = .none
    ) throws(OpenError) -> BlockingResponse {
        try openBlocking(request, timeout: timeout, deadline: deadline, cancellation: nil)
    }

    /// The same, ended by a cancellation with `cancelled`.
    package func openBlocking(
        _ request: Request, timeout: Duration?, deadline: Deadline, cancellation: OpenCancellation?
    ) throws(OpenError) -> BlockingResponse {
        var limits = try limits(request, timeout, deadline)
        limits.cancellation = cancellation
        var chain = chain(request)
        var next = try chain.begin()
        while true {
            let hop: Hop
            do throws(OpenError) {
                hop = if let hop = try chain.answer(next) { hop } else { try transport.performBlocking(next, limits) }
            } catch {
                if let cancellation, cancellation.isCancelled {
                    throw OpenCancellation.error(error.operation, url: error.url)
                }
                guard case .perform(let request, let pause) = chain.receive(error), limits.allow(pause) else {
                    throw error
                }
                Self.sleep(pause, cancellation)
                next = request
                continue
            }
            let body = BlockingBody(hop.pipe, driver: hop.driver, expectedCount: Self.expectedCount(hop.head, next))
            let response = BlockingResponse(head: hop.head, url: next.url, body: body)
            switch chain.receive(hop.head) {
            case .deliver: return response
            case .fail(let error): throw error.with(response)
            case .perform(let request, let pause):
                guard limits.allow(pause) else { throw chain.statusError(hop.head).with(response) }
                body.discard(within: configuration.timeouts.unwanted)
                Self.sleep(pause, cancellation)
                next = request
            }
        }
    }

    private static func sleep(_ pause: Duration, _ cancellation: OpenCancellation?) {
        guard pause > .zero else { return }
        (cancellation ?? OpenCancellation()).sleep(pause)
    }
}
