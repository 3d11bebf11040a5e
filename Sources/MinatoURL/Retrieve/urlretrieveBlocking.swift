public import MinatoLoop

/// Opens a URL with the installed opener, writes the body of the response to a file, and blocks until it is complete.
///
/// ```swift
/// let file = try urlretrieveBlocking("http://www.example.com/large.iso", to: "large.iso", resume: true)
/// print(file.byteCount, "bytes,", file.resumedAt, "of them from an earlier call")
/// ```
///
/// The file has its name when it is complete; a body that ends early is an error. With `resume`, what had come by then is gone
/// on with by a later call. How, and what stays after a failure, says
/// ``URLOpener/retrieve(_:to:resume:upTo:timeout:deadline:progress:)-(URLOpener.Request,_,_,_,_,_,_)``. In a task, use
/// ``urlretrieve(_:to:resume:upTo:timeout:deadline:progress:)-(String,_,_,_,_,_,_)``.
///
/// - Parameters:
///   - url: An http, https or `data:` URL. See ``URLOpener/Request/init(_:method:body:)-(_,_,URLOpener.Request.Body?)``.
///   - path: Where the body goes. What is there is replaced when all has come.
///   - resume: Whether to keep what has come for a later call, and to go on from what an earlier one kept. Default: false.
///   - limit: How many bytes the file may have. Default: no limit but the disk's.
///   - timeout: The longest time without progress, for each step and each read of the body; nil, the default, is no limit but
///     30 s to connect.
///   - deadline: When everything has to be done. Default: none.
///   - progress: Called in this thread when the body begins, and after each piece of at most 64 KiB. Default: nil.
/// - Returns: What it has come to.
/// - Throws: ``OpenError``; with `truncated`, `fileFailed` and `busy`, too.
///
/// Blocks on network and disk. May be called from any thread. Python: `urllib.request.urlretrieve`.
@discardableResult
public func urlretrieveBlocking(
    _ url: String, to path: String, resume: Bool = false, upTo limit: Int = .max, timeout: Duration? = nil,
    deadline: Deadline = .none, progress: ((URLOpener.Retrieved) -> Void)? = nil
) throws(OpenError) -> URLOpener.Retrieved {
    try URLOpener.installed.retrieveBlocking(
        url, to: path, resume: resume, upTo: limit, timeout: timeout, deadline: deadline, progress: progress)
}

/// Opens a request with the installed opener, writes the body of the response to a file, and blocks until it is complete.
///
/// See ``URLOpener/retrieve(_:to:resume:upTo:timeout:deadline:progress:)-(URLOpener.Request,_,_,_,_,_,_)``.
///
/// - Parameters:
///   - request: What to ask for.
///   - path: Where the body goes. What is there is replaced when all has come.
///   - resume: Whether to keep what has come for a later call, and to go on from what an earlier one kept. Default: false.
///   - limit: How many bytes the file may have. Default: no limit but the disk's.
///   - timeout: The longest time without progress, for each step and each read of the body; nil, the default, is no limit but
///     30 s to connect.
///   - deadline: When everything has to be done. Default: none.
///   - progress: Called in this thread when the body begins, and after each piece of at most 64 KiB. Default: nil.
/// - Returns: What it has come to.
/// - Throws: ``OpenError``; with `badRequest` for a request that cannot be retrieved, and as with a URL.
///
/// Blocks on network and disk. May be called from any thread. Python: `urllib.request.urlretrieve`.
@discardableResult
public func urlretrieveBlocking(
    _ request: URLOpener.Request, to path: String, resume: Bool = false, upTo limit: Int = .max,
    timeout: Duration? = nil, deadline: Deadline = .none, progress: ((URLOpener.Retrieved) -> Void)? = nil
) throws(OpenError) -> URLOpener.Retrieved {
    try URLOpener.installed.retrieveBlocking(
        request, to: path, resume: resume, upTo: limit, timeout: timeout, deadline: deadline, progress: progress)
}
