extension URLSplit {
    /// This reference as seen from a base (section 5.2.2).
    ///
    /// With `ignoringSameScheme` the scheme of a reference that is the base's own counts for nothing when no `//` follows:
    /// `http:g` is `g`, as before RFC 3986.
    package func resolved(against base: URLSplit, ignoringSameScheme: Bool = false) -> URLSplit {
        var result = self
        if ignoringSameScheme, authority == nil, let scheme, let other = base.scheme, HTTPSyntax.areEqual(scheme, other)
        {
            result.scheme = nil
        }
        // A path without a root, after a scheme of its own, has no segments: it is an address, or data.
        if result.scheme != nil && authority == nil && path.utf8.first != UInt8(ascii: "/") { return result }
        if result.scheme == nil {
            result.scheme = base.scheme
            if authority == nil {
                result.authority = base.authority
                if path.isEmpty {
                    result.path = base.path
                    result.query = query ?? base.query
                    return result
                }
                if path.utf8.first != UInt8(ascii: "/") { result.path = Self.merge(path, with: base) }
            }
        }
        result.path = Self.removingDotSegments(result.path)
        result.protectPath()
        return result
    }

    /// A path without `.` and `..` (section 5.2.4).
    ///
    /// `..` above the root is dropped. Every byte is put down and taken back at most once.
    package static func removingDotSegments(_ path: String) -> String {
        let slash = UInt8(ascii: "/")
        let bytes = Array(path.utf8)
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let start = bytes[index] == slash ? index + 1 : index
            var end = start
            while end < bytes.count && bytes[end] != slash { end += 1 }
            switch dots(bytes, start, end) {
            case nil:
                output += bytes[index..<end]
            case .some where start == index:
                // In front of a path without a root: they go with the slash that follows them.
                end += 1
            case .some(let count):
                if count == 2 { output.removeSubrange((output.lastIndex(of: slash) ?? 0)...) }
                if end == bytes.count { output.append(slash) }
            }
            index = end
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// How many dots a segment consists of, if it is one of the two that mean something.
    private static func dots(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Int? {
        guard (1...2).contains(end - start) else { return nil }
        return bytes[start] == UInt8(ascii: ".") && bytes[end - 1] == UInt8(ascii: ".") ? end - start : nil
    }

    /// Keeps the path from being read as something else: as an authority (`//x` where there is none), or as a scheme (`a:b`).
    ///
    /// Section 4.2, and section 3.3 for why such paths must not be written as they are.
    private mutating func protectPath() {
        guard authority == nil else { return }
        if path.utf8.starts(with: "//".utf8) {
            path = "/." + path
        } else if scheme == nil, Self.endOfScheme(Substring(path).utf8) != nil {
            path = "./" + path
        }
    }

    private static func merge(_ path: String, with base: URLSplit) -> String {
        if base.authority != nil && base.path.isEmpty { return "/" + path }
        guard let slash = base.path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
        return String(base.path[...slash]) + path
    }
}
