public import HTTPTypes

extension URLOpener {
    /// The head of a response, as handlers see it: everything but the body.
    ///
    /// Python: `status`, `reason`, `headers` and `version` of a response.
    public struct ResponseHead: Sendable {
        /// The status, 100 to 599.
        public let status: Int

        /// The reason phrase, empty when the server sent none (always so in HTTP/2).
        public let reason: String

        /// The fields in the order received, duplicates kept, looked up without regard to case.
        public var fields: HTTPFields { received?.all ?? given }

        /// Those that came from a server, and otherwise those that the head was made with.
        private let received: ReceivedFields?
        private let given: HTTPFields

        /// `"1.0"`, `"1.1"` or `"2"`.
        public let httpVersion: String

        /// The informational responses that came before, in order: 100, 102, 103.
        ///
        /// At most 10. They have no informational responses of their own.
        public let informational: [ResponseHead]

        /// Whether the body is read decoded: Content-Encoding and Content-Length are about what was sent.
        public internal(set) var isDecoded = false

        /// The one Content-Length, checked, or nil.
        let contentLength: Int?
        /// Whether the body is encoded.
        let isEncoded: Bool

        /// Over which connection it came, and when.
        public internal(set) var connection = ConnectionInfo()

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
            self.status = status
            self.reason = reason
            self.httpVersion = httpVersion
            self.informational = informational
            (received, given) = (nil, fields)
            contentLength = fields[fields: .contentLength].first.flatMap { field in
                field.value.split(separator: ",").first.flatMap { Int($0.filter { $0 != " " && $0 != "\t" }) }
            }
            isEncoded = fields[.contentEncoding].map { !HTTPSyntax.areEqual($0, "identity") && !$0.isEmpty } ?? false
        }

        /// Makes a head from what a server sent.
        init(
            status: Int, reason: String, received: ReceivedFields, httpVersion: String, informational: [ResponseHead],
            contentLength: Int?, isEncoded: Bool
        ) {
            self.status = status
            self.reason = reason
            self.httpVersion = httpVersion
            self.informational = informational
            (self.received, given) = (received, HTTPFields())
            self.contentLength = contentLength
            self.isEncoded = isEncoded
        }
    }
}
