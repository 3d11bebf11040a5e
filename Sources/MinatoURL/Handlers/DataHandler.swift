internal import HTTPTypes

/// Answers `data:` URLs, whose content is in the URL itself: one of the default handlers of an opener.
///
/// ```swift
/// let response = try await urlopen("data:text/plain;charset=utf-8;base64,5riv")
/// print(response.field("Content-Type") ?? "")     // text/plain;charset=utf-8
/// ```
///
/// The response has status 200, Content-Type and Content-Length. The type is `text/plain;charset=US-ASCII` where the URL names
/// none, and `text/plain` with the URL's parameters where it names only these. A fragment is not part of the content, though it
/// is in Python. A `%` that begins no triplet stays, as in Python; what is base64 may have whitespace (encoded, as everywhere
/// in a URL) and lack its padding, and is refused otherwise. Only GET and HEAD are answered.
///
/// Nothing is sent and nothing waits, so no timeout or deadline is ever over. A redirect never leads here.
///
/// Python: `urllib.request.DataHandler`. RFC 2397.
public struct DataHandler: OpenerHandler {
    /// Makes a handler.
    public init() {}

    /// ``URLOpener/HandlerKind/data``.
    public var kind: URLOpener.HandlerKind? { .data }

    /// Answers a `data:` URL with its content, and leaves every other one alone.
    ///
    /// - Throws: ``OpenError`` with `badURL` for one without a comma or with broken base64, and `badRequest` for another method
    ///   than GET and HEAD. A `%` that begins no triplet is no error. It never blocks.
    ///
    /// Python: `data_open`.
    public func answer(
        _ request: URLOpener.Request, in exchange: URLOpener.Exchange
    ) throws(OpenError) -> URLOpener.Answer? {
        guard request.location.origin.scheme == RequestURL.dataScheme else { return nil }
        guard request.method == "GET" || request.method == "HEAD" else {
            throw request.refusal("a data: URL can only be read")
        }
        let text = request.location.path
        guard let comma = text.utf8.firstIndex(of: UInt8(ascii: ",")) else {
            throw Self.problem("no comma in the data: URL", request)
        }
        var type = String(text[..<comma])
        var content = PercentEncoding.unquoteToBytes(text[text.utf8.index(after: comma)...])
        let mark = ";base64"
        if HTTPSyntax.hasPrefix(String(type.suffix(mark.count)), mark) {
            type.removeLast(mark.count)
            guard let decoded = Base64.decode(content) else {
                throw Self.problem("what follows \";base64,\" is not base64", request)
            }
            content = decoded
        }
        if type.isEmpty { type = "text/plain;charset=US-ASCII" }
        if type.hasPrefix(";") { type = "text/plain" + type }
        let fields: HTTPFields = [.contentType: type, .contentLength: "\(content.count)"]
        let head = URLOpener.ResponseHead(status: 200, reason: "OK", fields: fields)
        return URLOpener.Answer(head: head, body: request.method == "HEAD" ? [] : content)
    }

    private static func problem(_ detail: String, _ request: URLOpener.Request) -> OpenError {
        OpenError(.badURL, .handle, url: request.url, detail: detail)
    }
}
