public import MinatoLoop

extension URLOpener {
    /// Opens a URL and writes the body of the response to a file; blocks until it is complete.
    ///
    /// See ``retrieveBlocking(_:to:resume:upTo:timeout:deadline:progress:)-(URLOpener.Request,_,_,_,_,_,_)``.
    ///
    /// - Parameters:
    ///   - url: As in ``Request/init(_:method:body:)-(_,_,URLOpener.Request.Body?)``.
    ///   - path: Where the body goes.
    ///   - resume: Whether to go on where an earlier call stopped. Default: false.
    ///   - limit: How many bytes the file may have. Default: no limit but the disk's.
    ///   - timeout: The longest time without progress. Default: nil, what the configuration says.
    ///   - deadline: When everything has to be done. Default: none.
    ///   - progress: Told how far it is. Default: nil.
    /// - Returns: What it has come to.
    /// - Throws: ``OpenError``.
    @discardableResult
    public func retrieveBlocking(
        _ url: String, to path: String, resume: Bool = false, upTo limit: Int = .max, timeout: Duration? = nil,
        deadline: Deadline = .none, progress: ((Retrieved) -> Void)? = nil
    ) throws(OpenError) -> Retrieved {
        try retrieveBlocking(
            Request(url), to: path, resume: resume, upTo: limit, timeout: timeout, deadline: deadline,
            progress: progress)
    }

    /// Opens a request and writes the body of the response to a file; blocks until it is complete.
    ///
    /// Everything is as in ``retrieve(_:to:resume:upTo:timeout:deadline:progress:)-(URLOpener.Request,_,_,_,_,_,_)``, but for the
    /// thread: it blocks on network and disk, for the time that `timeout` and `deadline` allow.
    ///
    /// - Parameters:
    ///   - request: What to ask for, as there.
    ///   - path: Where the body goes. The mode of a new file is 0666 less the process's umask.
    ///   - resume: Whether to keep what has come for a later call, and to go on from what an earlier one kept. Default: false.
    ///   - limit: How many bytes the file may have. Default: no limit but the disk's.
    ///   - timeout: The longest time without progress, in each step, as in
    ///     ``openBlocking(_:timeout:deadline:)``. Default: nil, what the opener's ``Configuration/timeouts`` say.
    ///   - deadline: When everything has to be done. Default: none, but for the total of the configuration.
    ///   - progress: Called as there, in the calling thread. Default: nil.
    /// - Returns: What it has come to.
    /// - Throws: ``OpenError``, as there, but for `cancelled`.
    ///
    /// May be called from any thread. Python: `urllib.request.urlretrieve`.
    @discardableResult
    public func retrieveBlocking(
        _ request: Request, to path: String, resume: Bool = false, upTo limit: Int = .max, timeout: Duration? = nil,
        deadline: Deadline = .none, progress: ((Retrieved) -> Void)? = nil
    ) throws(OpenError) -> Retrieved {
        // Of all requests and the body together.
        let deadline = min(deadline, .after(configuration.timeouts.total))
        let retrieval = try Retrieval(request, to: path, resumes: resume, limit: limit, progress: progress)
        while true {
            let response = try respondBlocking(to: retrieval, timeout, deadline)
            switch try retrieval.receive(response.head, url: response.url) {
            case .read:
                while case let bytes = try response.body.read(atMost: 65_536), !bytes.isEmpty {
                    try retrieval.take(bytes)
                }
                return try retrieval.finish()
            case .complete(let result):
                response.body.discard(within: configuration.timeouts.unwanted)
                return result
            case .ask: response.body.discard(within: configuration.timeouts.unwanted)
            case .refuse(let error): throw error.with(response)
            }
        }
    }

    private func respondBlocking(
        to retrieval: Retrieval, _ timeout: Duration?, _ deadline: Deadline
    ) throws(OpenError) -> BlockingResponse {
        do throws(OpenError) {
            return try openBlocking(retrieval.request(), timeout: timeout, deadline: deadline)
        } catch {
            guard retrieval.isAnswer(error), let response = error.blockingResponse else { throw error }
            return response
        }
    }
}
