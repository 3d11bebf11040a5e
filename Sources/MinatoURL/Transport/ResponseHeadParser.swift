internal import HTTPTypes

/// Reads the lines of response heads, and refuses what libcurl lets through.
///
/// libcurl 7.88 takes the last of two different Content-Length, reads `+3` as 3 and a length of 20 digits as none, and
/// accepts a bare CR, a space before the colon, the status 999, and HTTP/2 in the text of HTTP/1. On each of these two readers
/// of the same bytes can disagree on where a response ends, which is how one response is smuggled into another.
struct ResponseHeadParser: Sendable {
    /// What is wrong with a head.
    struct Problem: Error {
        let code: OpenError.Code
        let detail: String
    }

    private static let maximumBytes = 300 * 1024
    private static let maximumLines = 100
    private static let maximumInformational = 10

    /// The head of the final response, once it is complete.
    private(set) var head: URLOpener.ResponseHead?
    /// Whether it is complete: to ask `head` itself would copy it.
    private(set) var hasHead = false
    /// Whether the connection must not be used again: the length was given in two ways (RFC 9112 section 6.3).
    private(set) var mustClose = false
    /// Whether the body comes in chunks.
    private(set) var isChunked = false
    /// How long the head of the response says that its body is; nil when it comes in chunks, which alone count then.
    private(set) var contentLength: Int?

    private let mayBeFramed: Bool
    private var status = 0
    private var version = ""
    private var reason = ""
    /// The lines of the fields so far, each with a newline and without spaces before it, folded ones in one.
    private var lines: [UInt8] = []
    private var length: Int?
    /// Whether the last line says where the body ends: of such a field libcurl reads the first line only.
    private var isFraming = false
    private var isEncoded = false
    private var byteCount = 0
    private var lineCount = 0
    private var informational: [URLOpener.ResponseHead] = []

    /// Begins with nothing.
    ///
    /// - Parameter mayBeFramed: Whether the connection may speak HTTP/2, as those over TLS may.
    init(mayBeFramed: Bool = true) { self.mayBeFramed = mayBeFramed }

    /// Takes the head out, for whoever has it alone from then on; nil while it is not complete, and when it was taken out.
    mutating func takeHead() -> URLOpener.ResponseHead? { head.take() }

    /// Takes one line with its end.
    ///
    /// Lines after the final head are trailers.
    mutating func take(_ line: Span<UInt8>) throws(Problem) {
        byteCount += line.count
        lineCount += 1
        guard byteCount <= Self.maximumBytes, lineCount <= Self.maximumLines + 2 else {
            throw Problem(code: .headersTooLarge, detail: "the head has more than 100 lines or 300 KiB")
        }
        var end = line.count
        if end > 0, line[end - 1] == 0x0A { end -= 1 }
        if end > 0, line[end - 1] == 0x0D { end -= 1 }
        let line = line.extracting(..<end)
        guard !line.hasControl else { throw Problem(code: .badHeader, detail: "a control in a line of the head") }
        if !hasHead && status == 0 {
            try takeStatus(line)
        } else if line.isEmpty {
            if !hasHead { finish() }
        } else {
            try takeField(line)
        }
    }

    private mutating func takeStatus(_ line: Span<UInt8>) throws(Problem) {
        let version: (text: String, count: Int)? =
            if line.begins(with: "HTTP/1.1 ") {
                ("1.1", 9)
            } else if mayBeFramed, line.begins(with: "HTTP/2 ") {
                ("2", 7)
            } else if line.begins(with: "HTTP/1.0 ") {
                ("1.0", 9)
            } else {
                nil
            }
        guard let version, let status = line.extracting(version.count...).status else { throw Self.noStatus }
        let reason = line.extracting(min(version.count + 4, line.count)...).trimmed
        // Of HTTP/2 libcurl itself makes this line, without a reason: one that has any is the text of a server that speaks HTTP/1,
        // and its connection must not be taken for one that is framed.
        guard version.text != "2" || reason.isEmpty else { throw Self.noStatus }
        guard status >= 200 || informational.count < Self.maximumInformational else {
            throw Problem(code: .headersTooLarge, detail: "more than 10 informational responses")
        }
        guard status != 101 else {
            throw Problem(code: .unexpectedUpgrade, detail: "the server switched protocols without being asked")
        }
        self.version = version.text
        self.status = status
        self.reason = reason.text
    }

    private mutating func takeField(_ line: Span<UInt8>) throws(Problem) {
        if line[0] == 0x20 || line[0] == 0x09 {
            // A folded line (RFC 9112 section 5.2): one space in place of the fold.
            guard !lines.isEmpty else { throw Problem(code: .badHeader, detail: "the head begins with a folded line") }
            guard !isFraming else {
                throw Problem(code: .badHeader, detail: "a Content-Length or Transfer-Encoding on two lines")
            }
            lines[lines.count - 1] = 0x20
            append(line.trimmed)
            return
        }
        guard let colon = line.tokenCount, colon > 0 else { throw Self.noField }
        let name = line.extracting(..<colon)
        let value = line.extracting((colon + 1)...).trimmed
        isFraming = false
        if name.isSame(as: "content-length") {
            isFraming = true
            try takeLength(value)
        } else if !hasHead, name.isSame(as: "transfer-encoding") {
            isFraming = true
            // libcurl decodes the others, asked or not, and no limit of ours would hold for that.
            guard value.isSame(as: "chunked"), !isChunked else {
                throw Problem(code: .badEncoding, detail: "a Transfer-Encoding that is not chunked alone")
            }
            isChunked = true
        } else if name.isSame(as: "content-encoding") {
            isEncoded = isEncoded || !value.isEmpty && !value.isSame(as: "identity")
        }
        if lines.isEmpty { lines.reserveCapacity(512) }
        append(line.withoutEnd)
    }

    private mutating func append(_ line: Span<UInt8>) {
        unsafe line.withUnsafeBufferPointer { unsafe lines.append(contentsOf: $0) }
        lines.append(0x0A)
    }

    private static let noStatus = Problem(
        code: .badStatusLine, detail: "the response does not begin with a status line of HTTP")
    static let noField = Problem(code: .badHeader, detail: "a line of the head is no field")

    /// Every Content-Length is a number of at most 19 digits, and they are all the same one.
    ///
    /// `3, 3` is 3 (section 8.6 of RFC 9110).
    private mutating func takeLength(_ value: Span<UInt8>) throws(Problem) {
        var start = 0
        while true {
            let rest = value.extracting(start...)
            let comma = rest.firstIndex(of: UInt8(ascii: ","))
            guard let number = rest.extracting(..<(comma ?? rest.count)).trimmed.number else {
                throw Problem(code: .badHeader, detail: "a Content-Length is no number of at most 19 digits")
            }
            guard length ?? number == number else {
                throw Problem(code: .ambiguousLength, detail: "two Content-Length that differ")
            }
            length = number
            guard let comma else { return }
            start += comma + 1
        }
    }

    /// Whether the final response came in frames, over HTTP/2.
    var isFramed: Bool { hasHead && version == "2" }

    /// Whether a line has come.
    var hasBegun: Bool { byteCount > 0 }

    /// Takes the fields after the body out. libcurl does not say where they end.
    mutating func takeTrailers() -> HTTPFields {
        guard hasHead, !lines.isEmpty else { return HTTPFields() }
        defer { lines = [] }
        return ReceivedFields(lines).all
    }

    /// An empty line: the end of a head.
    private mutating func finish() {
        defer {
            lines = []
            (length, isFraming, isEncoded) = (nil, false, false)
            lineCount = 0
            status = 0
        }
        let contentLength = isChunked ? nil : length
        let head = URLOpener.ResponseHead(
            status: status, reason: reason, received: ReceivedFields(lines), httpVersion: version,
            informational: status < 200 ? [] : informational, contentLength: contentLength, isEncoded: isEncoded)
        if status < 200 {
            informational.append(head)
            isChunked = false
        } else {
            mustClose = isChunked && length != nil
            self.contentLength = contentLength
            self.head = head
            hasHead = true
        }
    }
}

extension Span<UInt8> {
    func begins(with text: StaticString) -> Bool {
        guard count >= text.utf8CodeUnitCount else { return false }
        for index in 0..<text.utf8CodeUnitCount {
            guard unsafe self[index] == text.utf8Start[index] else { return false }
        }
        return true
    }

    /// Whether there is a control of ASCII other than a tab.
    fileprivate var hasControl: Bool {
        unsafe withUnsafeBytes { bytes in
            // Eight at a time: of the bytes of a word, the highest bit says whether it is below 0x20 or is 0x7F.
            let (ones, high): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
            var start = 0
            while start < bytes.count, bytes.count >= 8 {
                // The last ones once more, rather than one by one.
                start = min(start, bytes.count &- 8)
                let word = unsafe bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)
                let deleted = word ^ (ones &* 0x7F)
                let found = ((word &- ones &* 0x20) & ~word | (deleted &- ones) & ~deleted) & high
                // It may be a tab, or, with a borrow from a control, what stands after it.
                guard found == 0 else { break }
                start &+= 8
            }
            while start < bytes.count {
                let byte = unsafe bytes[start]
                guard byte >= 0x20 && byte != 0x7F || byte == 0x09 else { return true }
                start &+= 1
            }
            return false
        }
    }

    /// The three digits that it begins with, if a space or nothing follows, and they are a status.
    fileprivate var status: Int? {
        guard count == 3 || count > 3 && self[3] == 0x20 else { return nil }
        guard let number = extracting(..<3).number, 100...599 ~= number else { return nil }
        return number
    }

    /// The number that 1 to 19 digits are.
    fileprivate var number: Int? {
        guard 1...19 ~= count else { return nil }
        var number = 0
        for index in indices {
            let digit = self[index] &- 0x30
            let (product, isTooMuch) = number.multipliedReportingOverflow(by: 10)
            let (sum, overflows) = product.addingReportingOverflow(Int(digit))
            guard digit < 10, !isTooMuch, !overflows else { return nil }
            number = sum
        }
        return number
    }

    fileprivate func firstIndex(of byte: UInt8) -> Int? {
        for index in indices where self[index] == byte { return index }
        return nil
    }

    /// Without spaces and tabs at both ends.
    fileprivate var trimmed: Span<UInt8> {
        @_lifetime(copy self) get {
            var start = 0
            while start < count, self[start] == 0x20 || self[start] == 0x09 { start += 1 }
            return extracting(start...).withoutEnd
        }
    }

    /// Without spaces and tabs at the end.
    fileprivate var withoutEnd: Span<UInt8> {
        @_lifetime(copy self) get {
            var end = count
            while end > 0, self[end - 1] == 0x20 || self[end - 1] == 0x09 { end -= 1 }
            return extracting(..<end)
        }
    }

    fileprivate var text: String { unsafe withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) } }

    /// How many bytes there are before a colon, when they are a token (RFC 9110 section 5.6.2) or none; nil otherwise, and without
    /// a colon.
    fileprivate var tokenCount: Int? {
        unsafe withUnsafeBufferPointer { bytes in
            var index = 0
            while index < bytes.count {
                let byte = unsafe bytes[index]
                guard HTTPSyntax.isTokenByte(byte) else { return byte == UInt8(ascii: ":") ? index : nil }
                index &+= 1
            }
            return nil
        }
    }

    /// Whether it is a text, but for upper case here.
    fileprivate func isSame(as text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for index in indices {
            guard unsafe HTTPSyntax.lowercased(self[index]) == text.utf8Start[index] else { return false }
        }
        return true
    }
}
