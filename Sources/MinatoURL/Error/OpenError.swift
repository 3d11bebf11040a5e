/// Why a URL could not be opened, or the body of its response not be read.
///
/// There is one tree: everything that opening a URL throws is an `OpenError`, whether it happened in the URL, on the way to
/// the server, in the response's head or in its body. ``code`` says what went wrong and is what a program compares;
/// ``operation`` says when; ``detail`` is for people.
///
/// ```swift
/// do {
///     let response = try await urlopen("http://127.0.0.1:8000/missing")
/// } catch {
///     print(error)                    // open http://127.0.0.1:8000/missing: 404 Not Found (httpStatus)
///     if error.code == .httpStatus { print(try await error.response?.body.collect(upTo: 10_000) ?? []) }
/// }
/// ```
///
/// An error is one line when it is printed. It holds no secret: the URL has lost its user name and password, and fields,
/// bodies and passwords never enter it. (A query is part of the URL and stays.)
///
/// Python: `urllib.error.URLError`, `HTTPError`, `TimeoutError` and the exceptions of `http.client`, which are several
/// trees there.
public struct OpenError: Error, Sendable {
    /// What went wrong. Python: the class of the exception, and `URLError.reason`.
    public let code: Code

    /// What was being done.
    public let operation: Operation

    /// The URL that was being opened, after redirects the last one, without user name and password.
    ///
    /// A text that is no URL is shown as it is, but for everything before an `@`, and with controls escaped. Empty when a text
    /// was parsed that is no URL at all, such as a query. Python: `HTTPError.url`.
    public let url: String

    /// One line for people.
    ///
    /// Its wording may change; compare ``code``.
    public let detail: String

    /// The errno value below it (`ECONNREFUSED`), or 0 when the kernel had no part in it. Python: `errno` of `URLError.reason`.
    public let systemCode: Int32

    /// libcurl's code (`CURLcode`) below it, or 0 when libcurl had no part in it.
    public let curlCode: Int32

    /// The error of the program's own that is behind it: what the source of a request's body threw. Otherwise nil.
    ///
    /// It is not printed with this one. Python: `__cause__`.
    public let cause: (any Error)?

    /// The response that the error is about, readable as any other, or nil when there was none.
    ///
    /// Present with ``Code/httpStatus``, and with every other refusal of a complete response head (a redirect that was not
    /// followed). Dropping the error without reading it is fine. An error of `urlopenBlocking` and the like has a
    /// ``blockingResponse`` instead. Python: `HTTPError` is itself a response.
    public let response: URLOpener.Response?

    /// The response that the error is about when a thread opened the URL: see ``response``.
    public let blockingResponse: URLOpener.BlockingResponse?

    /// The status of the response that the error is about, or nil when there was none.
    ///
    /// Python: `HTTPError.code`.
    public var status: Int? { response?.status ?? blockingResponse?.status }

    /// Makes an error of the program's own: one that a handler throws, or the closure of a ``MockTransport``.
    ///
    /// - Parameters:
    ///   - code: What went wrong; a handler may define codes of its own.
    ///   - operation: What was being done. Default: ``Operation/handle``. Where the error stands for one of the network's it is
    ///     ``Operation/connect``, ``Operation/open`` or ``Operation/read``: ``URLOpener/Retries`` try a `timedOut` or
    ///     `connectionReset` again only when it came while connecting.
    ///   - url: The URL concerned. A user name and password in it are removed.
    ///   - detail: One line for people, without secrets. Controls in it are escaped.
    public init(_ code: Code, operation: Operation = .handle, url: String, detail: String) {
        self.init(code, operation, url: url, detail: detail)
    }

    init(
        _ code: Code, _ operation: Operation, url: String, detail: String, systemCode: Int32 = 0, curlCode: Int32 = 0,
        cause: (any Error)? = nil, response: URLOpener.Response? = nil,
        blockingResponse: URLOpener.BlockingResponse? = nil
    ) {
        self.code = code
        self.operation = operation
        self.url = Redaction.url(url)
        self.detail = Redaction.line(detail)
        self.systemCode = systemCode
        self.curlCode = curlCode
        self.cause = cause
        self.response = response
        self.blockingResponse = blockingResponse
    }

    /// The same error with the response it is about.
    func with(_ response: URLOpener.Response) -> OpenError {
        OpenError(
            code, operation, url: url, detail: detail, systemCode: systemCode, curlCode: curlCode, cause: cause,
            response: response)
    }

    /// The same error with the response it is about.
    func with(_ response: URLOpener.BlockingResponse) -> OpenError {
        OpenError(
            code, operation, url: url, detail: detail, systemCode: systemCode, curlCode: curlCode, cause: cause,
            blockingResponse: response)
    }
}

extension OpenError: CustomStringConvertible, CustomReflectable {
    /// One line: operation, URL if there is one, detail, then the codes in parentheses.
    public var description: String {
        var codes = code.rawValue
        if curlCode != 0 { codes += ", curl \(curlCode)" }
        if systemCode != 0 { codes += ", errno \(systemCode)" }
        let subject = url.isEmpty ? operation.rawValue : "\(operation.rawValue) \(url)"
        return "\(subject): \(detail) (\(codes))"
    }

    /// The description alone: the fields of a response can hold secrets too.
    public var customMirror: Mirror { Mirror(self, children: ["error": description]) }
}
