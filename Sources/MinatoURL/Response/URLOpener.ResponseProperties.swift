public import HTTPTypes
public import MinatoLoop

extension URLOpener {
    /// What the two faces of a response have in common: everything but how the body is read.
    ///
    /// ``Response`` and ``BlockingResponse`` are the only ones. Python: `http.client.HTTPResponse`.
    public protocol ResponseProperties: AnyObject, Sendable, CustomStringConvertible {
        /// All of the head at once.
        var head: ResponseHead { get }

        /// The URL of this response, which after a redirect is not the one that was asked for; with fragment, without
        /// user name and password.
        ///
        /// Python: `url`, `geturl()`.
        var url: String { get }

        /// The fields that came after the body, which are there once it has been read to its end.
        ///
        /// Empty before, and when there were none; of a response over HTTP/2 with a Content-Length, libcurl drops them. RFC
        /// 9110 section 6.5.
        var trailers: HTTPFields { get }
    }
}

extension URLOpener.ResponseProperties {
    /// The status, 200 to 299 unless the response comes in an ``OpenError``.
    ///
    /// Python: `status`, `getcode()`.
    public var status: Int { head.status }

    /// The reason phrase, empty when the server sent none (always so in HTTP/2).
    ///
    /// Python: `reason`.
    public var reason: String { head.reason }

    /// The fields in the order received, duplicates kept, looked up without regard to case.
    ///
    /// `fields[.contentType]` joins several values with ", "; `fields[values: .setCookie]` gives each. Python: `headers`.
    public var fields: HTTPFields { head.fields }

    /// The value of a field whose name is text, several joined with ", ", or nil when there is none.
    ///
    /// Without regard to case. Python: `getheader(name)`.
    public func field(_ name: String) -> String? {
        HTTPField.Name(name).flatMap { head.fields[$0] }
    }

    /// `"1.0"`, `"1.1"` or `"2"`.
    ///
    /// Python: `version`.
    public var httpVersion: String { head.httpVersion }

    /// The informational responses that came before it, in order: 100, 102, 103.
    ///
    /// Python takes 102 and 103 for the final response.
    public var informational: [URLOpener.ResponseHead] { head.informational }

    /// The address that was talked to: the server's, or the proxy's; nil when it is unknown.
    public var remoteAddress: SocketAddress? { head.connection.remoteAddress }

    /// What took how long.
    public var timings: URLOpener.Timings { head.connection.timings }

    /// Status, reason and URL on one line.
    public var description: String {
        Redaction.line(reason.isEmpty ? "\(status) \(url)" : "\(status) \(reason) \(url)")
    }
}
