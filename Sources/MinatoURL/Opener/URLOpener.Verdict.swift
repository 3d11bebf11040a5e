extension URLOpener {
    /// What a handler says to a response.
    ///
    /// Python: what `http_error_NNN` returns, None for ``accept``.
    public enum Verdict: Sendable {
        /// Nothing to object; the next handler is asked. When all accept, a status of 200 to 299 is the result, and any other
        /// one an error that carries the response.
        case accept

        /// The request given is prepared by all handlers and sent, and its response examined in turn.
        ///
        /// It goes out as it is but for that: who sets another URL removes what that server must not see. A body that cannot be
        /// sent again makes the open fail (`notRestartable`), and so do 50 requests in one open (`tooManyRetries`).
        case retry(Request, because: RetryReason)

        /// The open fails with this code and line of detail. The error carries the response.
        case fail(OpenError.Code, String)
    }

    /// Why a request was sent anew.
    public enum RetryReason: Hashable, Sendable {
        /// The response pointed to another URL.
        case redirect
        /// The response asked for credentials, which the new request has.
        case authentication
        /// The server asked to come back later, and ``URLOpener/Retries`` allow it.
        case unavailable
        /// Another reason, of a handler of the program's own.
        case other
    }
}
