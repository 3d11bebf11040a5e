/// The five components of a URI or of a relative reference, split and joined by RFC 3986.
///
/// Pure text work: it checks nothing and decides nothing about hosts. ``URLReference`` is what has been checked; a result
/// that is going to be opened is read again by ``RequestURL``.
package struct URLSplit: Hashable, Sendable {
    /// What stands before the first colon, or nil.
    package var scheme: String?
    /// What stands between `//` and the path, or nil; empty is not nil.
    package var authority: String?
    /// The path; it may be empty.
    package var path: String
    /// What stands after `?`, or nil.
    package var query: String?
    /// What stands after `#`, or nil.
    package var fragment: String?

    init(scheme: String?, authority: String?, path: String, query: String?, fragment: String?) {
        self.scheme = scheme
        self.authority = authority
        self.path = path
        self.query = query
        self.fragment = fragment
    }

    /// Splits a text; every text is a reference (RFC 3986 appendix B).
    package init(_ text: String) {
        var rest = Substring(text).utf8
        if let index = rest.firstIndex(of: UInt8(ascii: "#")) {
            fragment = String(Substring(rest[rest.index(after: index)...]))
            rest = rest[..<index]
        }
        if let index = rest.firstIndex(of: UInt8(ascii: "?")) {
            query = String(Substring(rest[rest.index(after: index)...]))
            rest = rest[..<index]
        }
        if let index = Self.endOfScheme(rest) {
            scheme = String(Substring(rest[..<index]))
            rest = rest[rest.index(after: index)...]
        }
        if rest.starts(with: "//".utf8) {
            rest = rest.dropFirst(2)
            let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
            authority = String(Substring(rest[..<end]))
            rest = rest[end...]
        }
        path = String(Substring(rest))
    }

    /// The components joined again (section 5.3): of a split text, that text.
    package var text: String {
        var text = ""
        if let scheme { text += scheme + ":" }
        if let authority { text += "//" + authority }
        text += path
        if let query { text += "?" + query }
        if let fragment { text += "#" + fragment }
        return text
    }

    /// The colon that ends a scheme (section 3.1), or nil when the text begins with none.
    static func endOfScheme(_ text: Substring.UTF8View) -> Substring.Index? {
        guard let first = text.first, ASCIISet.letters.contains(first),
            let index = text.firstIndex(where: { !ASCIISet.scheme.contains($0) }), text[index] == UInt8(ascii: ":")
        else { return nil }
        return index
    }
}
