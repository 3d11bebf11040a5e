internal import CLibcurl

/// A URL as libcurl reads it.
///
/// libcurl's parser (`curl_url`) is the only one that decides scheme, host and port, for our rules and for the connection
/// alike: two parsers that disagree are how credentials reach the wrong host.
///
/// One reference, however often it is copied: requests are, for each handler.
package struct RequestURL: Hashable, Sendable {
    private final class Parts: Sendable {
        let origin: Origin
        let path: String
        let text: String
        let target: String
        let fragment: String?
        let userInformation: PasswordManager.Credentials?

        init(
            origin: Origin, path: String, text: String, target: String, fragment: String?,
            userInformation: PasswordManager.Credentials?
        ) {
            self.origin = origin
            self.path = path
            self.text = text
            self.target = target
            self.fragment = fragment
            self.userInformation = userInformation
        }
    }

    private let parts: Parts

    /// Scheme, host and port.
    package var origin: Origin { parts.origin }
    /// The path, at least `/`, as it was written.
    package var path: String { parts.path }
    /// The URL without user name and password, with its fragment: what is shown.
    package var text: String { parts.text }
    /// The URL without user name, password and fragment: what is sent.
    package var target: String { parts.target }
    /// What follows the number sign, or nil.
    package var fragment: String? { parts.fragment }
    /// User name and password that stood before the host, decoded, or nil.
    package var userInformation: PasswordManager.Credentials? { parts.userInformation }

    init(
        origin: Origin, path: String, text: String, target: String, fragment: String?,
        userInformation: PasswordManager.Credentials?
    ) {
        parts = Parts(
            origin: origin, path: path, text: text, target: target, fragment: fragment,
            userInformation: userInformation)
    }

    package static func == (left: RequestURL, right: RequestURL) -> Bool {
        // The rest follows from these.
        left.parts === right.parts || left.text == right.text && left.userInformation == right.userInformation
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(text) }

    /// Reads a URL for a request.
    ///
    /// - Throws: ``OpenError`` with `badURL`, or `unsupportedScheme` for another one than http and https.
    package init(_ text: String) throws(OpenError) {
        // Before parsing, for `data:,x` and the like have no host, which is beside the point.
        let scheme = URLSplit(text).scheme
        if let scheme, !["http", "https"].contains(scheme.lowercased()) {
            let detail = "the scheme \(scheme) is not supported"
            throw OpenError(.unsupportedScheme, .prepare, url: text, detail: detail)
        }
        do throws(Problem) {
            try self.init(parsing: text)
        } catch {
            throw error.asError(of: text)
        }
    }

    /// Why a text is no URL.
    struct Problem: Error {
        var detail: String
        var curlCode: Int32 = 0

        /// It may be one: there was no memory to tell.
        static let outOfMemory = Problem(detail: "out of memory", curlCode: Int32(CURLUE_OUT_OF_MEMORY.rawValue))

        var isOutOfMemory: Bool { curlCode == Self.outOfMemory.curlCode }

        func asError(of text: String) -> OpenError {
            OpenError(isOutOfMemory ? .transport : .badURL, .prepare, url: text, detail: detail, curlCode: curlCode)
        }
    }

    /// Reads a URL of any scheme.
    ///
    /// Bytes above ASCII in path, query and fragment are percent-encoded; a space or a control is an error, and so is a
    /// host that is not ASCII (its `xn--` form works).
    init(parsing text: String) throws(Problem) {
        let encoded = try Self.inASCII(text)
        try Self.checkAuthority(text)
        guard let parser = CurlURL() else { throw .outOfMemory }
        try parser.set(CURLUPART_URL, encoded)

        let scheme = try parser.required(CURLUPART_SCHEME, "no scheme").lowercased()
        var host = try parser.required(CURLUPART_HOST, "no host").lowercased()
        guard host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw Problem(detail: "the host is not ASCII")
        }
        if let zone = try parser.get(CURLUPART_ZONEID) { host += "%" + zone }
        // 0 for a scheme whose port nobody knows: it is refused before anything is done with it.
        let port = try parser.get(CURLUPART_PORT, CURLU_DEFAULT_PORT).flatMap { Int($0) } ?? 0
        let path = try parser.get(CURLUPART_PATH) ?? "/"
        let fragment = try parser.get(CURLUPART_FRAGMENT)
        let userInformation = try Self.userInformation(of: parser)

        try parser.set(CURLUPART_USER, nil)
        try parser.set(CURLUPART_PASSWORD, nil)
        try parser.set(CURLUPART_OPTIONS, nil)
        let shown = try parser.required(CURLUPART_URL, "no URL")
        var target = shown
        if fragment != nil {
            try parser.set(CURLUPART_FRAGMENT, nil)
            target = try parser.required(CURLUPART_URL, "no URL")
        }
        self.init(
            origin: Origin(scheme: scheme, host: host, port: port), path: path, text: shown, target: target,
            fragment: fragment, userInformation: userInformation)
    }

    /// The text with what is not ASCII percent-encoded; spaces and controls are refused.
    static func inASCII(_ text: String) throws(Problem) -> String {
        guard !text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
            throw Problem(detail: "a space or control in the URL")
        }
        return PercentEncoding.encode(text.utf8) { $0 >= 0x80 }
    }

    /// Refuses what would be read in two ways.
    ///
    /// libcurl takes one to three slashes for two, where RFC 3986 reads `http:/a` as a path. And it lets a backslash, a bar, or
    /// a percent sign by itself be part of a host, which browsers read otherwise or not at all.
    private static func checkAuthority(_ text: String) throws(Problem) {
        let split = URLSplit(text)
        guard split.scheme != nil else { throw Problem(detail: "no scheme") }
        guard let authority = split.authority, !authority.isEmpty else {
            throw Problem(detail: "no \"//\" and host after the scheme")
        }
        _ = try URLAuthority(authority)
    }

    private static func userInformation(of parser: borrowing CurlURL) throws(Problem) -> PasswordManager.Credentials? {
        let hasUser = try parser.get(CURLUPART_USER) != nil
        let hasPassword = try parser.get(CURLUPART_PASSWORD) != nil
        guard hasUser || hasPassword else { return nil }
        // Decoding fails for controls. An empty user name is one too.
        guard let user = hasUser ? try parser.get(CURLUPART_USER, CURLU_URLDECODE) : "",
            let password = hasPassword ? try parser.get(CURLUPART_PASSWORD, CURLU_URLDECODE) : ""
        else { throw Problem(detail: "a control in the user information") }
        return PasswordManager.Credentials(user: user, password: password)
    }
}
