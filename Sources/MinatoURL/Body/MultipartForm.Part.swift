extension MultipartForm {
    /// What a part consists of.
    public enum Content: Sendable {
        /// These bytes; they are shared with the pieces of the encoded form, not copied.
        case bytes([UInt8])

        /// So many bytes, which the program sends itself in their place, such as those of a large file.
        case elsewhere(count: Int)

        /// How many bytes there are.
        public var count: Int {
            switch self {
            case .bytes(let bytes): bytes.count
            case .elsewhere(let count): count
            }
        }
    }

    /// A field or a file of a form.
    public struct Part: Sendable {
        /// The name of the field.
        public let name: String

        /// The file name, or nil.
        public let fileName: String?

        /// The content type, or nil.
        public let contentType: String?

        /// The content.
        public let content: Content

        init(name: String, fileName: String?, contentType: String?, content: Content) throws(OpenError) {
            for text in [name, fileName ?? ""] where !HTTPSyntax.isFieldValue(Self.quoted(text)) {
                throw Self.refusal("the name of a part of the form has a control")
            }
            if let contentType {
                guard !contentType.isEmpty, HTTPSyntax.isFieldValue(contentType) else {
                    throw Self.refusal("the content type of a part of the form is empty or has a control")
                }
            }
            guard content.count >= 0 else { throw Self.refusal("a part of the form has a count below zero") }
            self.name = name
            self.fileName = fileName
            self.contentType = contentType
            self.content = content
        }

        private static func refusal(_ detail: String) -> OpenError {
            OpenError(.badRequest, .prepare, url: "", detail: detail)
        }

        /// What stands between the boundary and the content.
        var head: String {
            var head = "Content-Disposition: form-data; name=\"\(Self.quoted(name))\""
            if let fileName { head += "; filename=\"\(Self.quoted(fileName))\"" }
            head += "\r\n"
            if let contentType { head += "Content-Type: \(contentType)\r\n" }
            return head + "\r\n"
        }

        /// The three characters that would end the name or the line; a backslash escapes nothing here.
        private static func quoted(_ text: String) -> String {
            PercentEncoding.encode(text.utf8) { byte in
                byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n")
            }
        }
    }
}

extension MultipartForm.Part: CustomStringConvertible, CustomReflectable {
    /// The name and the size, not the content.
    public var description: String { "\(Self.quoted(name)): \(content.count) bytes" }

    /// The description alone: a dump shows no content.
    public var customMirror: Mirror { Mirror(self, children: ["part": description]) }
}
