public import MinatoLoop

extension URLOpener {
    /// Opens a URL and waits until the head of the response is there.
    ///
    /// See ``open(_:timeout:deadline:)``.
    ///
    /// - Parameters:
    ///   - url: As of a ``Request``.
    ///   - body: The body of a POST, or nil for a GET. Default: nil.
    ///   - timeout: The longest time without progress. Default: nil, what the configuration says.
    ///   - deadline: When everything has to be done, the body included. Default: none.
    /// - Returns: The response, its body not read yet.
    /// - Throws: ``OpenError``: what a ``Request`` throws, and what the other form throws.
    ///
    /// May be called from any task. Python: `OpenerDirector.open`.
    public func open(
        _ url: String, body: [UInt8]? = nil, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(OpenError) -> Response {
        try await open(Request(url, body: body), timeout: timeout, deadline: deadline)
    }

    /// Opens a URL and waits until the head of the response is there; its body is received as it is read.
    ///
    /// Redirects are followed and challenges answered as the handlers say. Only the calling task waits.
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
    ///   included; `timedOut`, whose operation is `connect` or `open`; `deadlineExceeded`; `cancelled`; `closed` when the
    ///   opener's loop was shut down; otherwise what the code says. A body that turns out to be broken is no error here, but of
    ///   the read.
    ///
    /// Cancelling the task ends the open within a moment and closes its connection. May be called from any task.
    ///
    /// Python: `OpenerDirector.open`.
    public func open(
        _ request: Request, timeout: Duration? = nil, deadline: Deadline = .none
    ) async throws(OpenError) -> Response {
        let limits = try limits(request, timeout, deadline)
        var chain = chain(request)
        var next = try chain.begin()
        while true {
            let hop: Hop
            do throws(OpenError) {
                hop = if let hop = try chain.answer(next) { hop } else { try await transport.perform(next, limits) }
            } catch {
                guard case .perform(let request, let pause) = chain.receive(error), limits.allow(pause) else {
                    throw error
                }
                try await Self.wait(pause, next.url)
                next = request
                continue
            }
            let body = Body(hop.pipe, driver: hop.driver, expectedCount: Self.expectedCount(hop.head, next))
            let response = Response(head: hop.head, url: next.url, body: body)
            switch chain.receive(hop.head) {
            case .deliver: return response
            case .fail(let error): throw error.with(response)
            case .perform(let request, let pause):
                guard limits.allow(pause) else { throw chain.statusError(hop.head).with(response) }
                await body.discard(within: configuration.timeouts.unwanted)
                try await Self.wait(pause, next.url)
                next = request
            }
        }
    }

    private static func wait(_ pause: Duration, _ url: String) async throws(OpenError) {
        guard pause > .zero else { return }
        do {
            try await Task.sleep(for: pause.forSleeping, clock: SuspendingClock())
        } catch {
            throw OpenError(.cancelled, .open, url: url, detail: "the task was cancelled")
        }
    }
}
