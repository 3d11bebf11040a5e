public import MinatoLoop

/// Opens a URL with the installed opener and waits until the head of the response is there.
///
/// ```swift
/// let response = try await urlopen("http://www.example.com/login.html")
/// let start = try await response.body.read(300)       // exactly 300 bytes unless the body ends first
/// ```
///
/// Redirects are followed. Only the calling task waits; see ``URLOpener/open(_:timeout:deadline:)`` for what exactly the
/// timeout bounds.
///
/// - Parameters:
///   - url: As of a ``URLOpener/Request``.
///   - body: The body of a POST, or nil for a GET. By default nil.
///   - timeout: The longest time without progress, for each step and each read of the body; nil, the default, is no limit but
///     30 s to connect.
///   - deadline: When everything has to be done, the body included. Default: none.
/// - Returns: The response, with a status of 200 to 299, its body not read yet. Dropping it is fine.
/// - Throws: ``OpenError``; with `httpStatus` and the readable response for any other status; `cancelled` when the task is
///   cancelled, which closes the connection.
///
/// May be called from any task. Python: `urllib.request.urlopen`.
public func urlopen(
    _ url: String, body: [UInt8]? = nil, timeout: Duration? = nil, deadline: Deadline = .none
) async throws(OpenError) -> URLOpener.Response {
    try await URLOpener.installed.open(url, body: body, timeout: timeout, deadline: deadline)
}

/// Opens a request with the installed opener and waits until the head of the response is there.
///
/// - Parameters:
///   - request: What to ask for.
///   - timeout: The longest time without progress, for each step and each read of the body; nil, the default, is no limit but
///     30 s to connect.
///   - deadline: When everything has to be done, the body included. Default: none.
/// - Returns: The response, with a status of 200 to 299, its body not read yet. Dropping it is fine.
/// - Throws: ``OpenError``; with `httpStatus` and the readable response for any other status; `cancelled` when the task is
///   cancelled, which closes the connection.
///
/// May be called from any task. Python: `urllib.request.urlopen` with a `Request`.
public func urlopen(
    _ request: URLOpener.Request, timeout: Duration? = nil, deadline: Deadline = .none
) async throws(OpenError) -> URLOpener.Response {
    try await URLOpener.installed.open(request, timeout: timeout, deadline: deadline)
}
