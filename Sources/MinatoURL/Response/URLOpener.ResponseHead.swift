public import HTTPTypes

extension URLOpener {
    /// The head of a response, as handlers see it: everything but the body.
    ///
    /// Python: `status`, `reason`, `headers` and `version` of a response.
    public struct ResponseHead: Sendable {
        /// All of it. Heads are copied for each handler.
        private struct Parts: Sendable {
            let status: Int
            let reason: String
            /// Those that came from a server, and otherwise those that the head was made with.
            let received: ReceivedFields?
            let given: HTTPFields
            let httpVersion: String
            let informational: [ResponseHead]
            let contentLength: Int?
            let isEncoded: Bool
            var isDecoded = false
            var isOfTunnel = false
            var connection: Box<ConnectionInfo>?
        }
        private var parts: Box<Parts>

        /// The status, 100 to 599.
        public var status: Int { parts.value.status }

        /// The reason phrase, empty when the server sent none (always so in HTTP/2).
        public var reason: String { parts.value.reason }

        /// The fields in the order received, duplicates kept, looked up without regard to case.
        public var fields: HTTPFields { parts.value.received?.all ?? parts.value.given }

        /// `"1.0"`, `"1.1"` or `"2"`.
        public var httpVersion: String { parts.value.httpVersion }

        /// The informational responses that came before, in order: 100, 102, 103.
        ///
        /// At most 10. They have no informational responses of their own.
        public var informational: [ResponseHead] { parts.value.informational }

        /// Whether the body is read decoded: Content-Encoding and Content-Length are about what was sent.
        public var isDecoded: Bool { parts.value.isDecoded }

        /// The one Content-Length, checked, or nil, as beside chunks it says nothing.
        var contentLength: Int? { parts.value.contentLength }
        /// Whether the body is encoded.
        var isEncoded: Bool { parts.value.isEncoded }

        /// Whether it is the end of a response to a method, over HTTP/1.
        func isWithoutBody(_ method: String) -> Bool {
            isBodiless(method) || contentLength == 0
        }

        /// Whether there is no body to the response to a method, whatever its fields say: RFC 9112 section 6.3.
        func isBodiless(_ method: String) -> Bool { method == "HEAD" || status == 204 || status == 304 }

        /// Over which connection it came, and when.
        public var connection: ConnectionInfo { parts.value.connection?.value ?? ConnectionInfo() }

        /// Whether it came through a proxy's tunnel, so that nothing of it is the proxy's.
        var isOfTunnel: Bool { parts.value.isOfTunnel }

        /// Notes how its body is read, and where it came from.
        mutating func note(isDecoded: Bool, isOfTunnel: Bool = false, _ connection: ConnectionInfo) {
            parts.change { parts in
                parts.isDecoded = isDecoded
                parts.isOfTunnel = isOfTunnel
                parts.connection = Box(connection)
            }
        }

        /// Makes a head, for handlers that answer and for tests; nothing in it is checked.
        ///
        /// - Parameters:
        ///   - status: The status.
        ///   - reason: The reason phrase; by default empty.
        ///   - fields: The fields; by default none.
        ///   - httpVersion: The version; by default `"1.1"`.
        ///   - informational: What came before; by default nothing.
        public init(
            status: Int, reason: String = "", fields: HTTPFields = HTTPFields(), httpVersion: String = "1.1",
            informational: [ResponseHead] = []
        ) {
            let contentLength = fields[fields: .contentLength].first.flatMap { field in
                field.value.split(separator: ",").first.flatMap { Int($0.filter { $0 != " " && $0 != "\t" }) }
            }
            let encoding = fields[.contentEncoding] ?? ""
            let isEncoded = !encoding.isEmpty && !HTTPSyntax.areEqual(encoding, "identity")
            parts = Box(
                Parts(
                    status: status, reason: reason, received: nil, given: fields, httpVersion: httpVersion,
                    informational: informational, contentLength: contentLength, isEncoded: isEncoded))
        }

        /// Makes a head from what a server sent.
        init(
            status: Int, reason: String, received: ReceivedFields, httpVersion: String, informational: [ResponseHead],
            contentLength: Int?, isEncoded: Bool
        ) {
            parts = Box(
                Parts(
                    status: status, reason: reason, received: received, given: HTTPFields(), httpVersion: httpVersion,
                    informational: informational, contentLength: contentLength, isEncoded: isEncoded))
        }
    }
}
