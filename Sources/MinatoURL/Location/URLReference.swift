/// The five components of a URI or of a relative reference, split and joined by RFC 3986.
///
/// Pure text work: it decides nothing about hosts. A result that names one is read again by ``RequestURL``.
package struct URLReference: Hashable, Sendable {
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
        if let index = rest.firstIndex(of: UInt8(ascii: ":")), Self.isScheme(rest[..<index]) {
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

    /// The components joined again (section 5.3).
    package var text: String {
        var text = ""
        if let scheme { text += scheme + ":" }
        if let authority { text += "//" + authority }
        text += path
        if let query { text += "?" + query }
        if let fragment { text += "#" + fragment }
        return text
    }

    /// This reference as seen from a base URI, by the strict algorithm of section 5.2.2.
    package func resolved(against base: URLReference) -> URLReference {
        var result = self
        if scheme == nil {
            result.scheme = base.scheme
            if authority == nil {
                result.authority = base.authority
                if path.isEmpty {
                    result.path = base.path
                    result.query = query ?? base.query
                    return result
                }
                if !path.utf8.starts(with: "/".utf8) { result.path = Self.merge(path, with: base) }
            }
        }
        result.path = Self.removingDotSegments(result.path)
        return result
    }

    /// A path without `.` and `..` (section 5.2.4).
    ///
    /// `..` above the root is dropped.
    package static func removingDotSegments(_ path: String) -> String {
        let segments = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        // A path without a root comes here only in a reference with a scheme of its own, such as mailto: it has no segments.
        guard segments.first?.isEmpty == true, segments.count > 1 else { return path }
        var kept: [Substring.UTF8View] = []
        for (index, segment) in segments.enumerated().dropFirst() {
            let isDot = segment.elementsEqual(".".utf8)
            let isDotDot = segment.elementsEqual("..".utf8)
            if isDotDot { _ = kept.popLast() }
            if !isDot && !isDotDot {
                kept.append(segment)
            } else if index == segments.count - 1 {
                kept.append(Substring("").utf8)
            }
        }
        return kept.reduce(into: "") { $0 += "/" + String(Substring($1)) }
    }

    private static func merge(_ path: String, with base: URLReference) -> String {
        if base.authority != nil && base.path.isEmpty { return "/" + path }
        guard let slash = base.path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
        return String(base.path[...slash]) + path
    }

    private static func isScheme(_ text: Substring.UTF8View) -> Bool {
        guard let first = text.first, Self.isLetter(first) else { return false }
        return text.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): true
            default: isLetter(byte)
            }
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
    }
}
