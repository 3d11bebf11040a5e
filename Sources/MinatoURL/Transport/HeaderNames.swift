internal import HTTPTypes

/// Names of fields as they come, made once for those that nearly every response has.
enum HeaderNames {
    private struct Known: Sendable {
        let bytes: [UInt8]
        let name: HTTPField.Name
    }

    /// As HTTP/1 and as HTTP/2 write them, by their length.
    private static let known: [[Known]] = {
        let texts = [
            "Accept-Ranges", "Age", "Alt-Svc", "Cache-Control", "Connection", "Content-Encoding", "Content-Language",
            "Content-Length", "Content-Range", "Content-Security-Policy", "Content-Type", "Date", "ETag", "Expires",
            "Keep-Alive", "Last-Modified", "Location", "Pragma", "Server", "Set-Cookie", "Strict-Transport-Security",
            "Transfer-Encoding", "Vary", "Via", "X-Content-Type-Options", "X-Frame-Options",
        ]
        var known: [[Known]] = []
        for text in texts + texts.map({ $0.lowercased() }) {
            let bytes = Array(text.utf8)
            guard let name = HTTPField.Name(text) else { continue }
            while known.count <= bytes.count { known.append([]) }
            known[bytes.count].append(Known(bytes: bytes, name: name))
        }
        return known
    }()

    /// The name that bytes are; nil when they are none (RFC 9110 section 5.1).
    static func name(_ bytes: Span<UInt8>) -> HTTPField.Name? {
        let known = known
        if bytes.count < known.count {
            for candidate in known[bytes.count] where isSame(bytes, candidate.bytes.span) { return candidate.name }
        }
        let array = unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
        guard HTTPSyntax.isToken(array) else { return nil }
        return HTTPField.Name(String(decoding: array, as: UTF8.self))
    }

    /// Both are as long as each other. From the end: it is there that names differ.
    private static func isSame(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        var index = left.count - 1
        while index >= 0 {
            guard left[index] == right[index] else { return false }
            index -= 1
        }
        return true
    }
}
