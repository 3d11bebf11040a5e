extension URLReference {
    /// Makes a URL or reference of its components.
    ///
    /// - Parameters:
    ///   - scheme: The scheme, or nil for none, as by default.
    ///   - user: The user name, percent-encoded, or nil for none, as by default.
    ///   - password: The password, percent-encoded, or nil for none, as by default. The user name is empty if there is none.
    ///   - host: The host, or nil for none, as by default. An IPv6 address may be without its brackets.
    ///   - port: The port, or nil for none, as by default.
    ///   - path: The path, percent-encoded; by default empty. After a host it begins with `/` or is empty.
    ///   - query: The query, percent-encoded, or nil for none, as by default.
    ///   - fragment: The fragment, percent-encoded, or nil for none, as by default.
    /// - Throws: ``OpenError`` with `badURL` for what ``init(_:)`` refuses, and when the text would be read as other
    ///   components: a `?` in the path, an `@` in the user name. Nothing is encoded here; ``PercentEncoding/quote(_:safe:)``
    ///   does that.
    ///
    /// Python: `urllib.parse.urlunsplit`, `urlunparse`, which check nothing.
    public init(
        scheme: String? = nil, user: String? = nil, password: String? = nil, host: String? = nil, port: Int? = nil,
        path: String = "", query: String? = nil, fragment: String? = nil
    ) throws(OpenError) {
        var authority: String?
        if var host {
            if host.utf8.contains(UInt8(ascii: ":")) && host.utf8.first != UInt8(ascii: "[") { host = "[\(host)]" }
            authority = host + (port.map { ":\($0)" } ?? "")
            if user != nil || password != nil {
                authority = (user ?? "") + (password.map { ":" + $0 } ?? "") + "@" + (authority ?? "")
            }
        }
        let split = URLSplit(scheme: scheme, authority: authority, path: path, query: query, fragment: fragment)
        try self.init(split.text)
        let isWhole = host != nil || (user == nil && password == nil && port == nil)
        guard isWhole, self.split == split, self.port == port, self.password == password,
            self.user == (password == nil ? user : user ?? "")
        else {
            throw OpenError(.badURL, .parse, url: split.text, detail: "the components are not those of a URL")
        }
    }

    /// This URL without its fragment; the fragment itself is ``fragment``.
    ///
    /// Python: `urllib.parse.urldefrag`.
    public func removingFragment() -> URLReference {
        var split = split
        split.fragment = nil
        return URLReference(split: split, parsedAuthority: parsedAuthority)
    }

    /// This URL without user name and password.
    public func removingUserInformation() -> URLReference {
        guard let authority = split.authority, let at = authority.utf8.lastIndex(of: UInt8(ascii: "@")) else {
            return self
        }
        var split = split
        split.authority = String(authority[authority.utf8.index(after: at)...])
        return URLReference(split: split, parsedAuthority: parsedAuthority?.removingUserInformation())
    }

    /// This URL with another query.
    ///
    /// - Parameter query: The fields, which are encoded, or nil for no query at all.
    ///
    /// Python: `SplitResult._replace(query=...)`.
    public func replacingQuery(_ query: URLQuery?) -> URLReference {
        var split = split
        split.query = query?.urlencoded()
        return URLReference(split: split, parsedAuthority: parsedAuthority)
    }
}
