extension RequestURL {
    /// The scheme whose URLs have no host, and their content behind the colon.
    static let dataScheme = "data"
    /// The scheme of files of this machine.
    static let fileScheme = "file"
    /// The scheme of FTP.
    static let ftpScheme = "ftp"

    /// Whether an HTTP server is to be asked for it: proxies, say, are for these alone.
    var isHTTP: Bool { origin.scheme == "http" || origin.scheme == "https" }

    /// Reads a URL that a program wants opened: of any scheme, most of which only a handler can answer.
    ///
    /// Redirects do not come through here, so that no server leads beyond http and https.
    ///
    /// - Throws: ``OpenError`` with `badURL`.
    init(ofRequest text: String) throws(OpenError) {
        do throws(Problem) {
            if let location = try Self.beyondHTTP(text) {
                self = location
            } else if Self.hasHostOrIsHTTP(URLSplit(text)) {
                try self.init(parsing: text)
            } else {
                try self.init(opaque: text)
            }
        } catch {
            throw error.asError(of: text)
        }
    }

    /// Whether a host is to be read: not without `//` and something behind it, which http and https never do without.
    private static func hasHostOrIsHTTP(_ split: URLSplit) -> Bool {
        guard let scheme = split.scheme?.lowercased(), scheme != "http", scheme != "https" else { return true }
        return split.authority.map { !$0.isEmpty } ?? false
    }

    /// Reads a URL of one of the schemes, beside HTTP's, that handlers of ours open; nil for another one.
    static func beyondHTTP(_ text: String) throws(Problem) -> RequestURL? {
        switch URLSplit(text).scheme?.lowercased() {
        case dataScheme: try RequestURL(data: text)
        case fileScheme: try RequestURL(file: text)
        case ftpScheme: try RequestURL(ftp: text)
        default: nil
        }
    }

    /// Reads a `data:` URL: what is behind the colon is the path, and there is nothing else but perhaps a fragment.
    private init(data text: String) throws(Problem) {
        var split = URLSplit(try Self.inASCII(text))
        split.scheme = Self.dataScheme
        self.init(withoutServer: split, path: { $0.dropFirst(Self.dataScheme.count + 1) })
    }

    /// Reads a `file:` URL (RFC 8089): an absolute path, of this machine, and perhaps a fragment.
    private init(file text: String) throws(Problem) {
        var split = URLSplit(try Self.inASCII(text))
        guard HTTPSyntax.areEqual(split.authority ?? "", "localhost") || split.authority ?? "" == "" else {
            throw Problem(detail: "the file is on another host")
        }
        guard split.path.utf8.first == UInt8(ascii: "/") else {
            throw Problem(detail: "no absolute path after \"file:\"")
        }
        guard split.query == nil else { throw Problem(detail: "a file: URL has no query: in a name, ? is %3F") }
        guard !PercentEncoding.unquoteToBytes(split.path).contains(0) else {
            throw Problem(detail: "a NUL in the path")
        }
        split.scheme = Self.fileScheme
        split.authority = ""
        let path = split.path
        self.init(withoutServer: split, path: { _ in path[...] })
    }

    /// Reads an ftp URL (RFC 1738 section 3.2).
    ///
    /// A line end in the path would end the command that names the file, and begin another one.
    private init(ftp text: String) throws(Problem) {
        try self.init(parsing: text)
        guard !PercentEncoding.unquoteToBytes(path).contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw Problem(detail: "a control in the path")
        }
    }

    /// Reads a URL without a host, of a scheme of which nothing is known: what is behind the colon is the path.
    ///
    /// What people write without a scheme begins with one, too: `localhost:80/` and `user:password@host`. The former is found
    /// out by its number. The latter would be shown wherever a URL is, so that an `@` is not taken at all.
    private init(opaque text: String) throws(Problem) {
        var split = URLSplit(try Self.inASCII(text))
        guard !split.path.isEmpty || split.query != nil else { throw Problem(detail: "nothing follows the scheme") }
        let first = split.authority == nil ? split.path.utf8.prefix { $0 != UInt8(ascii: "/") } : "".utf8[...]
        guard first.isEmpty || !first.allSatisfy({ ASCIISet.digits.contains($0) }) else {
            throw Problem(detail: "no scheme before the host and port")
        }
        guard !text.utf8.contains(UInt8(ascii: "@")) else {
            throw Problem(detail: "an @ in a URL without \"//\" and a host: what is before it may be a password")
        }
        let scheme = split.scheme?.lowercased() ?? ""
        split.scheme = scheme
        self.init(withoutServer: split, path: { $0.dropFirst(scheme.count + 1) })
    }

    /// - Parameter path: Takes the path out of the URL without its fragment.
    private init(withoutServer split: URLSplit, path: (String) -> Substring) {
        var split = split
        let text = split.text
        let fragment = split.fragment
        split.fragment = nil
        let target = split.text
        self.init(
            origin: Origin(scheme: split.scheme ?? "", host: "", port: 0), path: String(path(target)), text: text,
            target: target, fragment: fragment, userInformation: nil)
    }
}
