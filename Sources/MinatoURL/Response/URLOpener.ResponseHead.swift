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
        public let fields: HTTPFields

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
            let length = fields[fields: .contentLength].first.flatMap { field in
                field.value.split(separator: ",").first.flatMap { Int($0.filter { $0 != " " && $0 != "\t" }) }
            }
            self.init(
                status: status, reason: reason, fields: fields, httpVersion: httpVersion, informational: informational,
                contentLength: length)
        }

        /// Makes a head whose Content-Length has been read already.
        init(
            status: Int, reason: String, fields: HTTPFields, httpVersion: String, informational: [ResponseHead],
            contentLength: Int?
        ) {
            self.status = status
            self.reason = reason
            self.fields = fields
            self.httpVersion = httpVersion
            self.informational = informational
            self.contentLength = contentLength
        }
    }
}
