extension URLQuery {
    /// Parses the query of a URL, without its `?`, or the body of a form.
    ///
    /// - Parameters:
    ///   - text: The text. What is not ASCII in it stays as it is.
    ///   - keepBlankValues: Whether a field whose value is empty (`a=`), and one without `=` (`a`), is kept, with an empty value.
    ///     By default it is left out.
    ///   - strictly: Whether what is not well formed is an error. By default it is read as well as it can be: an empty field is
    ///     left out, a `%` that begins no triplet stays, bytes that are not UTF-8 become U+FFFD.
    ///   - separator: What stands between the fields; by default `&` and nothing else, `;` is a character of a value. (Two
    ///     programs that do not agree on it can be played off against each other, as a cache and a server.)
    ///   - maximumFieldCount: How many fields there may be, empty ones and those left out included, or nil for any number, as by
    ///     default.
    /// - Throws: ``OpenError``: `limitExceeded` for more fields than allowed, before anything is made of them; if strict, `badQuery` for an
    ///   empty field or one without `=`, and `badEncoding`. Without a maximum and leniently, none. The error does not show the
    ///   text, which may be the body of a password form.
    ///
    /// The empty text has no fields. Names and values may hold any character, CR, LF and NUL included.
    ///
    /// Python: `urllib.parse.parse_qsl`, `parse_qs`; its `strict_parsing` lets `%zz` pass, and bytes that are not UTF-8.
    public init(
        parsing text: some StringProtocol, keepBlankValues: Bool = false, strictly: Bool = false,
        separator: Unicode.Scalar = "&", maximumFieldCount: Int? = nil
    ) throws(OpenError) {
        self.init()
        guard !text.isEmpty else { return }
        // By scalars and not by characters: a combining accent after a separator does not hide it.
        let scalars = Substring(text).unicodeScalars
        if let maximumFieldCount {
            let count = scalars.count { $0 == separator } + 1
            guard count <= maximumFieldCount else {
                let detail = "\(count) fields, more than \(maximumFieldCount)"
                throw OpenError(.limitExceeded, .parse, url: "", detail: detail)
            }
        }
        for (index, part) in scalars.split(separator: separator, omittingEmptySubsequences: false).enumerated() {
            guard let equals = part.firstIndex(of: "=") else {
                guard !strictly else {
                    throw OpenError(.badQuery, .parse, url: "", detail: "no equals sign in field \(index + 1)")
                }
                if keepBlankValues && !part.isEmpty { append(PercentEncoding.unquotePlus(Substring(part)), "") }
                continue
            }
            let value = part[part.index(after: equals)...]
            guard keepBlankValues || !value.isEmpty else { continue }
            if strictly {
                let name = try PercentEncoding.unquotePlus(validating: Substring(part[..<equals]))
                append(name, try PercentEncoding.unquotePlus(validating: Substring(value)))
            } else {
                append(
                    PercentEncoding.unquotePlus(Substring(part[..<equals])),
                    PercentEncoding.unquotePlus(Substring(value)))
            }
        }
    }
}
