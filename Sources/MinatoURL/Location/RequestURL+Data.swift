extension RequestURL {
    /// The scheme whose URLs have no host, and their content behind the colon.
    package static let dataScheme = "data"

    /// Reads a URL that a program wants opened: http, https or `data:`.
    ///
    /// Redirects do not come through here, so that no server leads to a `data:` URL.
    ///
    /// - Throws: As ``init(_:)``.
    init(ofRequest text: String) throws(OpenError) {
        if HTTPSyntax.hasPrefix(text, Self.dataScheme + ":") {
            try self.init(data: text)
        } else {
            try self.init(text)
        }
    }

    /// Reads a `data:` URL: what is behind the colon is the path, and there is nothing else but perhaps a fragment.
    private init(data text: String) throws(OpenError) {
        guard !text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
            throw OpenError(.badURL, .prepare, url: text, detail: "a space or control in the URL")
        }
        let whole = Substring(PercentEncoding.encode(text.utf8) { $0 >= 0x80 }).utf8.dropFirst(
            Self.dataScheme.utf8.count + 1)
        let end = whole.firstIndex(of: UInt8(ascii: "#")) ?? whole.endIndex
        let path = String(Substring(whole[..<end]))
        self.init(
            origin: Origin(scheme: Self.dataScheme, host: "", port: 0), path: path,
            text: "\(Self.dataScheme):\(Substring(whole))", target: "\(Self.dataScheme):\(path)",
            fragment: end < whole.endIndex ? String(Substring(whole[whole.index(after: end)...])) : nil,
            userInformation: nil)
    }
}
