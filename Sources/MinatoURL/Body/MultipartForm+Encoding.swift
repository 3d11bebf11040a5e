extension MultipartForm {
    /// A form as it is sent: a content type, and pieces that follow one another.
    public struct Encoded: Sendable {
        /// The value of the field Content-Type; it names the boundary.
        public let contentType: String

        /// The body, piece after piece.
        public let pieces: [Piece]

        /// How many bytes the pieces are together; `Int.max` when they are more.
        public let count: Int

        /// The body in one, or nil when a part of it is elsewhere.
        ///
        /// This copies all contents; the pieces share them with the form.
        public var bytes: [UInt8]? {
            var bytes: [UInt8] = []
            for piece in pieces {
                guard case .bytes(let more) = piece else { return nil }
                bytes += more
            }
            return bytes
        }
    }

    /// A piece of an encoded form.
    public enum Piece: Sendable {
        /// These bytes.
        case bytes([UInt8])

        /// The content of the part with this index, as many bytes as that part said.
        case elsewhere(part: Int)
    }

    /// Encodes the form.
    ///
    /// - Returns: Content type and body. The boundary is 190 random bits and occurs in no content that is at hand; every call
    ///   makes another one. A form without parts is the closing boundary alone.
    ///
    /// It takes time in proportion to the contents, which are searched for the boundary. RFC 7578, RFC 2046 section 5.1.1.
    public func encoded() -> Encoded {
        encoded(boundaries: Self.randomBoundary)
    }

    /// Tries boundaries until one occurs nowhere; of random ones the first does.
    func encoded(boundaries next: () -> String) -> Encoded {
        var boundary = next()
        while occurs(boundary) { boundary = next() }
        return encoded(boundary: boundary)
    }

    func encoded(boundary: String) -> Encoded {
        var pieces: [Piece] = []
        // What stands between contents goes together; a content is a piece of its own, for it is not to be copied.
        var between = ""
        for (index, part) in parts.enumerated() {
            between += "--\(boundary)\r\n\(part.head)"
            pieces.append(.bytes(Array(between.utf8)))
            switch part.content {
            case .bytes(let bytes): pieces.append(.bytes(bytes))
            case .elsewhere: pieces.append(.elsewhere(part: index))
            }
            between = "\r\n"
        }
        pieces.append(.bytes(Array("\(between)--\(boundary)--\r\n".utf8)))
        let count = pieces.reduce(0) { count, piece in
            let more =
                switch piece {
                case .bytes(let bytes): bytes.count
                case .elsewhere(let part): parts[part].content.count
                }
            let sum = count.addingReportingOverflow(more)
            return sum.overflow ? Int.max : sum.partialValue
        }
        return Encoded(contentType: "multipart/form-data; boundary=\(boundary)", pieces: pieces, count: count)
    }

    /// Letters and digits only, so that it needs no quotes: 32 of them, of the 70 characters that are allowed.
    private static func randomBoundary() -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
        let characters = (0..<32).map { _ in alphabet[Int.random(in: 0..<alphabet.count)] }
        return String(decoding: characters, as: UTF8.self)
    }

    /// Whether a content that is at hand has the boundary in it.
    ///
    /// A boundary has two dashes in front: a content is looked at where it has those, so that the comparisons of a hostile one
    /// stay below its length times the length of the boundary.
    func occurs(_ boundary: String) -> Bool {
        let line = Array("--\(boundary)".utf8)
        return parts.contains { part in
            guard case .bytes(let bytes) = part.content else { return false }
            return bytes.indices.contains { index in
                bytes[index] == line[0] && bytes[index...].starts(with: line)
            }
        }
    }
}
