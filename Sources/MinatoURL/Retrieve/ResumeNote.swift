internal import HTTPTypes

/// What is kept beside a partial file: what it is the beginning of, and by which sign the rest is known to be of the same.
struct ResumeNote: Hashable {
    /// By what a server tells one version of a file from another.
    enum Validator: Hashable {
        /// A strong entity tag, with its quotes.
        case tag(String)
        /// The date of the last change, where it is as good as a strong entity tag.
        case date(String)

        /// The value of If-Range.
        var text: String {
            switch self {
            case .tag(let text), .date(let text): text
            }
        }
    }

    /// The URL that was asked for, without user information and fragment.
    let url: String
    /// The one that it came from, at the end of the redirects: a validator says nothing of another one's files.
    let source: String
    let validator: Validator
    /// How many bytes the whole file has, where that is known.
    let total: Int?
}

extension ResumeNote {
    /// - Parameter source: Where it came from; nil for the URL that was asked for.
    init(url: String, source: String? = nil, validator: Validator, total: Int?) {
        (self.url, self.source, self.validator, self.total) = (url, source ?? url, validator, total)
    }
}

// From a response.
extension ResumeNote {
    /// A file that changes twice in one second has the same date before and after (RFC 9110 section 8.8.2.2): so much later it
    /// has to be asked for.
    private static let settled = 60
    /// A longer one would have to be sent back, and the server might not take it.
    private static let longestTag = 1000

    /// What is to be kept with the body of a response; nil when the body cannot be gone on with later: no validator that is
    /// good for it, or an encoding, of which a server makes other bytes next time.
    init?(_ head: URLOpener.ResponseHead, url: String, source: String? = nil, total: Int?) {
        guard head.status == 200, !head.isEncoded, let validator = Self.validator(head) else { return nil }
        self.init(url: url, source: source, validator: validator, total: total)
    }

    private static func validator(_ head: URLOpener.ResponseHead) -> Validator? {
        if let tag = head.only(.eTag), isStrong(tag) { return .tag(tag) }
        guard let changed = head.only(.lastModified), let time = HTTPDate.parse(changed),
            let date = head.only(.date).flatMap({ HTTPDate.parse($0) }), date - time >= settled
        else { return nil }
        return .date(changed)
    }

    /// Whether a text is an entity tag that is not weak, in ASCII (RFC 9110 section 8.8.3).
    static func isStrong(_ text: String) -> Bool {
        let (bytes, quote) = (text.utf8, UInt8(ascii: "\""))
        guard 2...longestTag ~= bytes.count, bytes.first == quote, bytes.last == quote else { return false }
        return bytes.dropFirst().dropLast().allSatisfy { 0x21...0x7E ~= $0 && $0 != quote }
    }

    /// Whether a response is about the same version of the file.
    ///
    /// - Parameter says: Whether an entity tag must be there, as in a 206 (RFC 9110 section 15.3.7). A server that was given
    ///   a date need not repeat it.
    func matches(_ head: URLOpener.ResponseHead, says: Bool) -> Bool {
        let (name, isNeeded): (HTTPField.Name, Bool) =
            if case .tag = validator { (.eTag, says) } else { (.lastModified, false) }
        let values = head.fields[values: name]
        return values.isEmpty ? !isNeeded : values == [validator.text]
    }
}

extension URLOpener.ResponseHead {
    /// The value of a field that is there once.
    func only(_ name: HTTPField.Name) -> String? {
        let values = fields[values: name]
        return values.count == 1 ? values.first : nil
    }
}

// As a file: a line each.
extension ResumeNote {
    /// The longest file to read.
    static let maximumSize = 1 << 20

    private static let title = "minato partial file 1"

    /// What stands in the file.
    var text: String {
        var lines = [Self.title, "url \(url)"]
        if source != url { lines.append("source \(source)") }
        switch validator {
        case .tag(let tag): lines.append("etag \(tag)")
        case .date(let date): lines.append("last-modified \(date)")
        }
        if let total { lines.append("total \(total)") }
        return lines.map { $0 + "\n" }.joined()
    }

    /// Reads what stands in a file; nil for anything that this does not write.
    init?(parsing bytes: [UInt8]) {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        // After the last newline there is nothing.
        guard lines.popLast() == "", 3...5 ~= lines.count, lines[0] == Self.title,
            let url = Self.value(lines[1], "url")
        else { return nil }
        self.url = url
        let source = Self.value(lines[2], "source")
        if source != nil { lines.remove(at: 2) }
        self.source = source ?? url
        guard 3...4 ~= lines.count else { return nil }
        if let tag = Self.value(lines[2], "etag"), Self.isStrong(tag) {
            validator = .tag(tag)
        } else if let date = Self.value(lines[2], "last-modified"), HTTPDate.parse(date) != nil {
            validator = .date(date)
        } else {
            return nil
        }
        total = lines.count == 4 ? Self.value(lines[3], "total").flatMap { ContentRange.number($0.utf8) } : nil
        guard lines.count == 3 || total != nil else { return nil }
    }

    private static func value(_ line: String, _ name: String) -> String? {
        line.utf8.starts(with: "\(name) ".utf8) ? String(line.utf8.dropFirst(name.utf8.count + 1)) : nil
    }
}
