extension RequestURL {
    /// The scheme whose URLs have no host, and their content behind the colon.
    static let dataScheme = "data"

    /// Whether it is such a URL: there is nobody to send it to, whatever handlers prepare.
    var isData: Bool { origin.scheme == Self.dataScheme }

    /// Reads a URL that a program wants opened: http, https or `data:`.
    ///
    /// Redirects do not come through here, so that no server leads to a `data:` URL.
    ///
    /// - Throws: As ``init(_:)``.
    init(ofRequest text: String) throws(OpenError) {
        guard HTTPSyntax.hasPrefix(text, Self.dataScheme + ":") else {
            try self.init(text)
            return
        }
        do throws(Problem) {
            try self.init(data: text)
        } catch {
            throw error.asError(of: text)
        }
    }

    /// Reads a `data:` URL: what is behind the colon is the path, and there is nothing else but perhaps a fragment.
    private init(data text: String) throws(Problem) {
        var split = URLSplit(try Self.inASCII(text))
        split.scheme = Self.dataScheme
        self.text = split.text
        fragment = split.fragment
        split.fragment = nil
        target = split.text
        path = String(target.dropFirst(Self.dataScheme.count + 1))
        origin = Origin(scheme: Self.dataScheme, host: "", port: 0)
        userInformation = nil
    }
}
