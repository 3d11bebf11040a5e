extension PercentEncoding {
    /// Decodes a text, leniently.
    ///
    /// - Parameter text: Any text; what is not ASCII in it stays as it is.
    /// - Returns: The decoded text. A `%` that begins no triplet (`%zz`) stays; bytes that are not UTF-8 become U+FFFD. It
    ///   may hold any character, NUL, CR and LF included, and is not to be put anywhere where they mean something.
    ///
    /// It is decoded once: `%2541` becomes `%41`.
    ///
    /// Python: `urllib.parse.unquote`. RFC 3986 section 2.1.
    public static func unquote(_ text: some StringProtocol) -> String {
        String(decoding: unquoteToBytes(text), as: UTF8.self)
    }

    /// Decodes a text, and refuses what is not well formed.
    ///
    /// - Parameter text: The text; what is not ASCII in it stays as it is.
    /// - Returns: The decoded text, which may hold any character.
    /// - Throws: ``OpenError`` with `badEncoding` for a `%` that begins no triplet, and for bytes that are not UTF-8. The error
    ///   does not show the text.
    ///
    /// Python: `urllib.parse.unquote(..., errors="strict")`, which lets `%zz` pass.
    public static func unquote(validating text: some StringProtocol) throws(OpenError) -> String {
        try validated(decode(text.utf8) { _ in true })
    }

    /// Decodes a field of a query or of an HTML form, where a plus sign is a space, leniently.
    ///
    /// - Parameter text: As in ``unquote(_:)``; `%2B` is a plus sign.
    /// - Returns: As ``unquote(_:)``.
    ///
    /// Python: `urllib.parse.unquote_plus`.
    public static func unquotePlus(_ text: some StringProtocol) -> String {
        String(decoding: decodePlus(text.utf8).bytes, as: UTF8.self)
    }

    /// Decodes a field of a query or of an HTML form, where a plus sign is a space, and refuses what is not well formed.
    ///
    /// - Parameter text: As in ``unquote(validating:)``; `%2B` is a plus sign.
    /// - Returns: The decoded text, which may hold any character.
    /// - Throws: As ``unquote(validating:)``.
    ///
    /// Python: `urllib.parse.unquote_plus(..., errors="strict")`.
    public static func unquotePlus(validating text: some StringProtocol) throws(OpenError) -> String {
        try validated(decodePlus(text.utf8))
    }

    /// Decodes a text to bytes, which need not be text.
    ///
    /// - Parameter text: Any text; what is not ASCII in it is UTF-8 in the result.
    /// - Returns: The decoded bytes. A `%` that begins no triplet stays.
    ///
    /// Python: `urllib.parse.unquote_to_bytes`. RFC 3986 section 2.1.
    public static func unquoteToBytes(_ text: some StringProtocol) -> [UInt8] {
        decode(text.utf8) { _ in true }.bytes
    }

    private static func decodePlus(_ encoded: some Sequence<UInt8>) -> (bytes: [UInt8], isWellFormed: Bool) {
        let spaced = encoded.lazy.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }
        return decode(spaced) { _ in true }
    }

    private static func validated(_ decoded: (bytes: [UInt8], isWellFormed: Bool)) throws(OpenError) -> String {
        guard decoded.isWellFormed else {
            throw OpenError(.badEncoding, .parse, url: "", detail: "a percent sign without two hexadecimal digits")
        }
        guard let text = String(validating: decoded.bytes, as: UTF8.self) else {
            throw OpenError(.badEncoding, .parse, url: "", detail: "the decoded bytes are not UTF-8")
        }
        return text
    }
}
