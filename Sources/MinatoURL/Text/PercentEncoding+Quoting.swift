extension PercentEncoding {
    /// Encodes a text for a place in a URL, by default for a path.
    ///
    /// - Parameters:
    ///   - text: Any text; it is encoded as UTF-8. A `%` in it becomes `%25`: quoting twice is not the same as once.
    ///   - safe: ASCII characters that stay as they are besides letters, digits and `-._~`; others in it are ignored. By default
    ///     `/`; empty for a single segment of a path, or for a value.
    /// - Returns: ASCII text without spaces and controls, unless they were said to be safe. Empty for empty text.
    ///
    /// ```swift
    /// PercentEncoding.quote("/a b/ü")  // "/a%20b/%C3%BC"
    /// ```
    ///
    /// Python: `urllib.parse.quote`. RFC 3986 section 2.1.
    public static func quote(_ text: some StringProtocol, safe: String = "/") -> String {
        quote(bytes: text.utf8, safe: safe)
    }

    /// Encodes bytes, which need not be text, for a place in a URL.
    ///
    /// - Parameters:
    ///   - bytes: Any bytes.
    ///   - safe: As in ``quote(_:safe:)``.
    /// - Returns: As ``quote(_:safe:)``.
    ///
    /// Python: `urllib.parse.quote_from_bytes`. RFC 3986 section 2.1.
    public static func quote(bytes: some Sequence<UInt8>, safe: String = "/") -> String {
        let kept = ASCIISet.unreserved.union(ASCIISet(safe))
        return encode(bytes) { !kept.contains($0) }
    }

    /// Encodes a text for a field of a query or of an HTML form, where a space is a plus sign.
    ///
    /// - Parameters:
    ///   - text: Any text; it is encoded as UTF-8.
    ///   - safe: As in ``quote(_:safe:)``, but by default empty. A `+` in it makes the plus signs of the text
    ///     indistinguishable from its spaces.
    /// - Returns: As ``quote(_:safe:)``.
    ///
    /// A whole query is the work of ``URLQuery``.
    ///
    /// Python: `urllib.parse.quote_plus`.
    public static func quotePlus(_ text: some StringProtocol, safe: String = "") -> String {
        quotePlus(bytes: text.utf8, safe: safe)
    }

    /// Encodes bytes for a field of a query or of an HTML form, where a space is a plus sign.
    ///
    /// - Parameters:
    ///   - bytes: Any bytes.
    ///   - safe: As in ``quotePlus(_:safe:)``.
    /// - Returns: As ``quote(_:safe:)``.
    ///
    /// Python: `urllib.parse.quote_plus` of bytes.
    public static func quotePlus(bytes: some Sequence<UInt8>, safe: String = "") -> String {
        let kept = ASCIISet.unreserved.union(ASCIISet(safe))
        let space = UInt8(ascii: " ")
        // Both in one pass: the plus signs of the text are encoded, those that stand for spaces are not.
        var result: [UInt8] = []
        result.reserveCapacity(bytes.underestimatedCount)
        for byte in bytes {
            if byte == space {
                result.append(UInt8(ascii: "+"))
            } else if kept.contains(byte) {
                result.append(byte)
            } else {
                appendTriplet(byte, to: &result)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
