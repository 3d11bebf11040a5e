public import MinatoLoop

/// Opens a URL with the installed opener and blocks until the head of the response is there.
///
/// ```swift
/// let response = try urlopenBlocking("http://www.example.com/login.html")
/// let start = try response.body.read(300)     // exactly 300 bytes unless the body ends first
/// ```
///
/// Redirects are followed. The call blocks the thread for as long as the server takes; see
/// ``URLOpener/openBlocking(_:timeout:deadline:)`` for what exactly the timeout bounds. In a task, use
/// ``urlopen(_:body:timeout:deadline:)``.
///
/// - Parameters:
///   - url: As of a ``URLOpener/Request``.
///   - body: The body of a POST, or nil for a GET. By default nil.
///   - timeout: The longest time without progress, for each step and each read of the body; nil, the default, is no limit but
///     30 s to connect.
///   - deadline: When everything has to be done, the body included. Default: none.
/// - Returns: The response, with a status of 200 to 299, its body not read yet. Dropping it is fine.
/// - Throws: ``OpenError``; with `httpStatus` and the readable response for any other status.
///
/// May be called from any thread. Python: `urllib.request.urlopen`.
public func urlopenBlocking(
    _ url: String, body: [UInt8]? = nil, timeout: Duration? = nil, deadline: Deadline = .none
) throws(OpenError) -> URLOpener.BlockingResponse {
    try URLOpener.installed.openBlocking(url, body: body, timeout: timeout, deadline: deadline)
}

/// Opens a request with the installed opener and blocks until the head of the response is there.
///
/// - Parameters:
///   - request: What to ask for.
///   - timeout: The longest time without progress, for each step and each read of the body; nil, the default, is no limit but
///     30 s to connect.
///   - deadline: When everything has to be done, the body included. Default: none.
/// - Returns: The response, with a status of 200 to 299, its body not read yet. Dropping it is fine.
/// - Throws: ``OpenError``; with `httpStatus` and the readable response for any other status.
///
/// May be called from any thread. Python: `urllib.request.urlopen` with a `Request`.
public func urlopenBlocking(
    _ request: URLOpener.Request, timeout: Duration? = nil, deadline: Deadline = .none
) throws(OpenError) -> URLOpener.BlockingResponse {
    try URLOpener.installed.openBlocking(request, timeout: timeout, deadline: deadline)
}
