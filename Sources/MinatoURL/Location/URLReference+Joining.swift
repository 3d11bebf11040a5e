extension URLReference {
    /// What a link on the page with this URL leads to.
    ///
    /// - Parameters:
    ///   - reference: What the link says: a URL, or a part of one.
    ///   - ignoringSameScheme: Whether `http:g` on a page of http is `g`, as for Python and before RFC 3986. By default not: it
    ///     is a URL without a host.
    /// - Returns: The URL it leads to. It has the user name and password of the page where the link begins with no `//`, and
    ///   never the fragment of the page. Dot segments are gone, but for a path without a root after a scheme (`mailto:`,
    ///   `data:`), which has none. A page whose URL is relative gives a relative result.
    /// - Throws: ``OpenError`` with `badURL` for a link that ``init(_:)`` refuses.
    ///
    /// ```swift
    /// let page = try URLReference("http://h/a/b?q")
    /// print(try page.joined("../c#d"))  // http://h/c#d
    /// ```
    ///
    /// Python: `urllib.parse.urljoin`, which loses empty segments and the difference between an empty component and none. RFC
    /// 3986 section 5.2.
    public func joined(_ reference: String, ignoringSameScheme: Bool = false) throws(OpenError) -> URLReference {
        try joined(URLReference(reference), ignoringSameScheme: ignoringSameScheme)
    }

    /// What a link on the page with this URL leads to, when the link has been parsed.
    ///
    /// - Parameters:
    ///   - reference: What the link says.
    ///   - ignoringSameScheme: As in the form for text.
    /// - Returns: As there.
    ///
    /// Python: `urllib.parse.urljoin`. RFC 3986 section 5.2.
    public func joined(_ reference: URLReference, ignoringSameScheme: Bool = false) -> URLReference {
        let joined = reference.split.resolved(against: split, ignoringSameScheme: ignoringSameScheme)
        // The authority is that of one or of the other, and nothing else makes one.
        let isOwn = joined.authority == split.authority
        return URLReference(split: joined, parsedAuthority: isOwn ? parsedAuthority : reference.parsedAuthority)
    }
}
