/// A Set-Cookie field as a user agent reads it, before anybody asks whom it came from (RFC 6265bis section 5.6).
struct SetCookie {
    let name: String
    let value: String
    /// Max-Age in seconds; the last one counts.
    private(set) var maximumAge: Int64?
    /// Expires; the last one counts.
    private(set) var expires: WallTime?
    /// Domain in lower case without a dot in front; empty for none. The last one counts.
    private(set) var domain = ""
    /// Whether there is a Path at all.
    private(set) var hasPath = false
    /// Path, or nil for the default; the last one counts.
    private(set) var path: String?
    private(set) var isSecure = false
    private(set) var isHTTPOnly = false
    private(set) var sameSite = Cookie.SameSite.unspecified

    static let maximumSize = 4096
    private static let maximumAttributeSize = 1024

    /// Reads the value of a field.
    init(parsing bytes: [UInt8]) throws(CookieRefusal) {
        guard !bytes.contains(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }) else { throw .control }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
        let parts = text.utf8.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
        // An empty text is one empty part.
        let pair = parts.first ?? text.utf8[...]
        if let sign = pair.firstIndex(of: UInt8(ascii: "=")) {
            name = Self.trimmed(pair[..<sign])
            value = Self.trimmed(pair[sign...].dropFirst())
        } else {
            name = ""
            value = Self.trimmed(pair)
        }
        guard name.utf8.count + value.utf8.count <= Self.maximumSize else { throw .tooLarge }
        guard !name.isEmpty || !value.isEmpty else { throw .empty }
        guard HTTPSyntax.isFieldValue(name), HTTPSyntax.isFieldValue(value) else { throw .control }
        for part in parts.dropFirst() { take(part) }
    }

    private mutating func take(_ part: Substring.UTF8View) {
        let sign = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
        let name = Self.trimmed(part[..<sign])
        let value = Self.trimmed(part[sign...].dropFirst())
        guard value.utf8.count <= Self.maximumAttributeSize else { return }
        switch Self.lowercased(name.utf8[...]) {
        case "expires": expires = CookieDate.parse(value) ?? expires
        case "max-age": maximumAge = Self.seconds(value) ?? maximumAge
        case "domain":
            domain = Self.lowercased(value.utf8.first == UInt8(ascii: ".") ? value.utf8.dropFirst() : value.utf8[...])
        case "path":
            hasPath = true
            path = value.utf8.first == UInt8(ascii: "/") ? value : nil
        case "secure": isSecure = true
        case "httponly": isHTTPOnly = true
        case "samesite":
            let known: [Cookie.SameSite] = [.strict, .lax, .none]
            sameSite = known.first { HTTPSyntax.areEqual($0.rawValue, value) } ?? .unspecified
        default: break
        }
    }

    /// Digits, perhaps after a minus sign; as many as anybody likes.
    private static func seconds(_ text: String) -> Int64? {
        let isNegative = text.utf8.first == UInt8(ascii: "-")
        let digits = isNegative ? text.utf8.dropFirst() : text.utf8[...]
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(text) ?? (isNegative ? .min : .max)
    }

    /// In lower case as far as it is ASCII: in Unicode's the Kelvin sign is a k, too.
    private static func lowercased(_ bytes: Substring.UTF8View) -> String {
        String(decoding: bytes.map(HTTPSyntax.lowercased), as: UTF8.self)
    }

    private static func trimmed(_ bytes: Substring.UTF8View) -> String {
        var bytes = bytes
        while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
        while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
        return String(Substring(bytes))
    }
}
