internal import HTTPTypes

/// Reads the lines of response heads, and refuses what libcurl lets through.
///
/// libcurl 7.88 takes the last of two different Content-Length, reads `+3` as 3 and a length of 20 digits as none, and
/// accepts a bare CR, a space before the colon and the status 999. On each of these two readers of the same bytes can
/// disagree on where a response ends, which is how one response is smuggled into another.
struct ResponseHeadParser: Sendable {
    /// What is wrong with a head.
    struct Problem: Error {
        let code: OpenError.Code
        let detail: String
    }

    private static let maximumBytes = 300 * 1024
    private static let maximumLines = 100
    private static let maximumInformational = 10

    private struct Line {
        var name: HTTPField.Name
        var value: [UInt8]
    }

    /// The head of the final response, once it is complete.
    private(set) var head: URLOpener.ResponseHead?
    /// Whether the connection must not be used again: the length was given in two ways (RFC 9112 section 6.3).
    private(set) var mustClose = false
    /// Whether the body comes in chunks.
    private(set) var isChunked = false

    private var status = 0
    private var version = ""
    private var reason = ""
    private var lines: [Line] = []
    private var byteCount = 0
    private var lineCount = 0
    private var informational: [URLOpener.ResponseHead] = []

    /// Takes one line with its end.
    ///
    /// Lines after the final head are trailers.
    mutating func take(_ line: [UInt8]) throws(Problem) {
        byteCount += line.count
        lineCount += 1
        guard byteCount <= Self.maximumBytes, lineCount <= Self.maximumLines + 2 else {
            throw Problem(code: .headersTooLarge, detail: "the head has more than 100 lines or 300 KiB")
        }
        var line = line[...]
        if line.last == 0x0A { line.removeLast() }
        if line.last == 0x0D { line.removeLast() }
        guard !line.contains(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }) else {
            throw Problem(code: .badHeader, detail: "a control in a line of the head")
        }
        if head == nil && status == 0 {
            try takeStatus(line)
        } else if line.isEmpty {
            if head == nil { try finish() }
        } else {
            try takeField(line)
        }
    }

    private mutating func takeStatus(_ line: ArraySlice<UInt8>) throws(Problem) {
        let parts = line.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
        let versions: [String: String] = ["HTTP/1.0": "1.0", "HTTP/1.1": "1.1", "HTTP/2": "2", "HTTP/2.0": "2"]
        guard parts.count >= 2, let version = versions[String(decoding: parts[0], as: UTF8.self)],
            parts[1].count == 3, parts[1].allSatisfy({ (0x30...0x39).contains($0) }),
            let status = Int(String(decoding: parts[1], as: UTF8.self)), 100...599 ~= status
        else { throw Problem(code: .badStatusLine, detail: "the response does not begin with a status line of HTTP") }
        guard status != 101 else {
            throw Problem(code: .unexpectedUpgrade, detail: "the server switched protocols without being asked")
        }
        self.version = version
        self.status = status
        reason = parts.count == 3 ? String(decoding: HTTPSyntax.trimmed(parts[2]), as: UTF8.self) : ""
    }

    private mutating func takeField(_ line: ArraySlice<UInt8>) throws(Problem) {
        if line.first == 0x20 || line.first == 0x09 {
            // A folded line (RFC 9112 section 5.2): one space in place of the fold.
            guard !lines.isEmpty else { throw Problem(code: .badHeader, detail: "the head begins with a folded line") }
            lines[lines.count - 1].value += [0x20] + HTTPSyntax.trimmed(line)
            return
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), HTTPSyntax.isToken(line[..<colon]),
            let name = HTTPField.Name(String(decoding: line[..<colon], as: UTF8.self))
        else { throw Problem(code: .badHeader, detail: "a line of the head is no field") }
        lines.append(Line(name: name, value: Array(HTTPSyntax.trimmed(line[(colon + 1)...]))))
    }

    /// Whether a line has come.
    var hasBegun: Bool { byteCount > 0 }

    /// The fields after the body. libcurl does not say where they end.
    var trailers: HTTPFields { head == nil ? HTTPFields() : fields }

    private var fields: HTTPFields {
        var fields = HTTPFields()
        for line in lines { fields.append(HTTPField(name: line.name, lenientValue: line.value)) }
        return fields
    }

    /// An empty line: the end of a head.
    private mutating func finish() throws(Problem) {
        defer {
            lines = []
            lineCount = 0
            status = 0
        }
        let fields = self.fields
        if status < 200 {
            guard informational.count < Self.maximumInformational else {
                throw Problem(code: .headersTooLarge, detail: "more than 10 informational responses")
            }
            informational.append(
                URLOpener.ResponseHead(status: status, reason: reason, fields: fields, httpVersion: version))
            return
        }
        isChunked = fields.contains(.transferEncoding)
        mustClose = isChunked && fields.contains(.contentLength)
        try checkLength()
        head = URLOpener.ResponseHead(
            status: status, reason: reason, fields: fields, httpVersion: version, informational: informational)
    }

    /// Every Content-Length is a number of at most 19 digits, and they are all the same one.
    ///
    /// `3, 3` is 3 (section 8.6 of RFC 9110).
    private func checkLength() throws(Problem) {
        let values = lines.filter { $0.name == .contentLength }
            .flatMap { $0.value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) }
            .map { HTTPSyntax.trimmed($0) }
        var length: Int?
        for value in values {
            guard 1...19 ~= value.count, value.allSatisfy({ (0x30...0x39).contains($0) }),
                let number = Int(String(decoding: value, as: UTF8.self))
            else { throw Problem(code: .badHeader, detail: "a Content-Length is no number of at most 19 digits") }
            guard length ?? number == number else {
                throw Problem(code: .ambiguousLength, detail: "two Content-Length that differ")
            }
            length = number
        }
    }
}
