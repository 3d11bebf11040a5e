public import MinatoLoop

extension URLOpener {
    /// Opens a URL and writes the body of the response to a file.
    ///
    /// See ``retrieve(_:to:resume:upTo:timeout:deadline:progress:)-(URLOpener.Request,_,_,_,_,_,_)``.
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
    public func retrieve(
        _ url: String, to path: String, resume: Bool = false, upTo limit: Int = .max, timeout: Duration? = nil,
        deadline: Deadline = .none, progress: ((Retrieved) -> Void)? = nil
    ) async throws(OpenError) -> Retrieved {
        try await retrieve(
            Request(url), to: path, resume: resume, upTo: limit, timeout: timeout, deadline: deadline,
            progress: progress)
    }

    /// Opens a request and writes the body of the response to a file.
    ///
    /// ```swift
    /// let file = try await opener.retrieve("http://www.example.com/large.iso", to: "large.iso", resume: true) { now in
    ///     print(now.byteCount, "of", now.totalCount ?? 0)
    /// }
    /// print(file.byteCount - file.resumedAt, "bytes came")
    /// ```
    ///
    /// The file has its name when it is complete, and not before: until then, and when the call fails or its task is
    /// cancelled, whatever is at the path stays as it is. A body that ends before its Content-Length is an error (`truncated`).
    /// What is at the path and no regular file (a pipe, a device) is written to as the bytes come. A symbolic link stays, and
    /// so it is with the file behind it, which need not be there yet.
    ///
    /// **Going on.** With `resume`, what has come when the call fails, its task is cancelled or its process ends stays in
    /// `PATH.part`, and a later call asks for the rest only. That takes a server that tells versions of a file apart: by a
    /// strong entity tag, or by a date of the last change that is a minute older than the response. Beside the bytes, in
    /// `PATH.part.meta`, mode 0600, stand the URL (the one that was asked for, query included, without user name, password and
    /// fragment), the one at the end of the redirects, that entity tag or date, and the length. Without such a sign, and where the
    /// body comes encoded, nothing stays.
    ///
    /// | the server's answer, to a request for the rest if it has not changed | what follows |
    /// |---|---|
    /// | 206, from there on, of the same version and length | the bytes are added |
    /// | 206 or 416 from another URL than the bytes that are there, after a redirect | asked once for the whole |
    /// | 206 with anything else, several parts, encoded, or without a length | asked once for the whole |
    /// | 416, the length is what is there, and no other version is named | complete; nothing is received |
    /// | 416 otherwise | asked once for the whole |
    /// | 200 and the like | begun anew: the file has changed, or the server knows no ranges |
    /// | any other status, or no answer | an error; what is there stays |
    ///
    /// A meta file that cannot be read, that is not this function's, or that is about another URL: begun anew, too. What is at the
    /// path itself is not looked at, only replaced; something that is no regular file, a symbolic link too, is refused. Within
    /// one call nothing is gone on with by itself: ``Retries`` are for opening.
    ///
    /// Nothing is fsynced but the meta file: after a crash of the machine, not of the process, a file may have its name and
    /// lack its end. `fsync(2)` it where that matters.
    ///
    /// Receiving suspends the task; writing blocks its thread, for 64 KiB at a time.
    ///
    /// - Parameters:
    ///   - request: What to ask for. Not HEAD, and without Range and If-Range. With `resume` a GET without a body, any other
    ///     precondition (If-None-Match and the like) and Accept-Encoding, which is `identity` then. Without it a precondition
    ///     may be there: 304 is an error with that status, and the file stays as it is.
    ///   - path: Where the body goes. The mode of a new file is 0666 less the process's umask.
    ///   - resume: Whether to keep what has come for a later call, and to go on from what an earlier one kept. Default: false.
    ///   - limit: How many bytes the file may have. Default: no limit but the disk's.
    ///   - timeout: The longest time without progress, in each step, as in ``open(_:timeout:deadline:)``. Default:
    ///     nil, what the opener's ``Configuration/timeouts`` say.
    ///   - deadline: When everything has to be done. Default: none, but for the total of the configuration.
    ///   - progress: Called when the body begins, with what is there of the file, and after each piece of at most 64 KiB has been
    ///     written; the count never falls, and the last one is that of the whole file. Called by the task that retrieves, where
    ///     its code runs (on its actor, if it has one); the transfer waits meanwhile. Default: nil.
    /// - Returns: What it has come to.
    /// - Throws: ``OpenError``: all that opening and reading throw; `badRequest` for a request that cannot be retrieved;
    ///   `limitExceeded`; `fileFailed` with the errno value (`ENOSPC` when the disk is full); `busy` when somebody else, in this
    ///   process or another, retrieves to the same file with `resume`; `badRange`, with the response when it is about that, when
    ///   the server sends a part of the file unasked, or more than it said. A response without a body is no error.
    ///
    /// May be called from any task. Python: `urllib.request.urlretrieve`, which returns short files of a length unknown without
    /// a word and resumes nothing. RFC 9110 section 14, flock(2).
    @discardableResult
    public func retrieve(
        _ request: Request, to path: String, resume: Bool = false, upTo limit: Int = .max, timeout: Duration? = nil,
        deadline: Deadline = .none, progress: ((Retrieved) -> Void)? = nil
    ) async throws(OpenError) -> Retrieved {
        // Of all requests and the body together.
        let deadline = min(deadline, .after(configuration.timeouts.total))
        let retrieval = try Retrieval(request, to: path, resumes: resume, limit: limit, progress: progress)
        while true {
            let response = try await respond(to: retrieval, timeout, deadline)
            switch try retrieval.receive(response.head, url: response.url) {
            case .read:
                while case let bytes = try await response.body.read(atMost: 65_536), !bytes.isEmpty {
                    try retrieval.take(bytes)
                }
                return try retrieval.finish()
            case .complete(let result):
                await response.body.discard(within: configuration.timeouts.unwanted)
                return result
            case .ask: await response.body.discard(within: configuration.timeouts.unwanted)
            case .refuse(let error): throw error.with(response)
            }
        }
    }

    private func respond(
        to retrieval: Retrieval, _ timeout: Duration?, _ deadline: Deadline
    ) async throws(OpenError) -> Response {
        do throws(OpenError) {
            return try await open(retrieval.request(), timeout: timeout, deadline: deadline)
        } catch {
            guard retrieval.isAnswer(error), let response = error.response else { throw error }
            return response
        }
    }
}
