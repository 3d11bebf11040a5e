/// A URL, or a reference that becomes one when it is seen from a URL, such as `../image.png`.
///
/// ```swift
/// let url = try URLReference("http://klem:secret@[::1]:8080/a/b?q=1#here")
/// print(url.host ?? "", url.port ?? 80, url.path)  // ::1 8080 /a/b
/// print(try url.joined("../c").text)               // http://klem:secret@[::1]:8080/c
/// print(url)                                       // http://[::1]:8080/a/b?q=1#here
/// ```
///
/// It is split by RFC 3986 and never changed in doing so: ``text`` is what was parsed, letter for letter. Components are as
/// they were written, percent-encoded; a component that is absent is nil, and one that is empty is empty. Two values are
/// equal when their texts are, byte for byte: `http://h` and `http://h/` differ.
///
/// A value is well formed, for what is not is refused when it is made: spaces and controls anywhere; in front of the path
/// whatever is not ASCII, backslashes, characters that no host has; brackets around something else than an address; a port
/// that is no number from 0 to 65535. Of several `@` the last ends the user information.
///
/// It is text and decides nothing about what is opened: opening reads the text again, by the rules of
/// ``URLOpener/Request``, which are narrower. The two never differ on what the host is, but that does not make ``host`` the
/// machine that will be talked to: `0x7f.1` and `%3127.0.0.1` are spellings of 127.0.0.1.
///
/// It has no way to wait, takes time in proportion to the length of the text, and can be used from any thread.
///
/// Python: `urllib.parse.urlsplit`, `urlparse`, `SplitResult`, `ParseResult`, `DefragResult`. RFC 3986.
public struct URLReference: Hashable, Sendable {
    let split: URLSplit
    let parsedAuthority: URLAuthority?

    init(split: URLSplit, parsedAuthority: URLAuthority?) {
        self.split = split
        self.parsedAuthority = parsedAuthority
    }

    /// Parses a URL or a reference; the empty text is one.
    ///
    /// - Parameter text: The text. What is not ASCII in path, query and fragment is kept.
    /// - Throws: ``OpenError`` with `badURL`, which does not show user name and password. Not for a scheme that nobody knows,
    ///   nor for a `%` that begins no triplet.
    ///
    /// Python: `urllib.parse.urlsplit`, which removes tabs, CR and LF silently, and reports a bad port when it is asked for.
    public init(_ text: String) throws(OpenError) {
        guard !Self.hasSpaceOrControl(text) else {
            throw OpenError(.badURL, .parse, url: text, detail: "a space or control in the URL")
        }
        split = URLSplit(text)
        do throws(RequestURL.Problem) {
            // Not with map: a closure would lose the type of the error.
            if let authority = split.authority {
                parsedAuthority = try URLAuthority(authority)
            } else {
                parsedAuthority = nil
            }
        } catch {
            throw OpenError(.badURL, .parse, url: text, detail: error.detail)
        }
    }

    /// Of C1, too: terminals obey them.
    private static func hasSpaceOrControl(_ text: String) -> Bool {
        var previous: UInt8 = 0
        return text.utf8.contains { byte in
            defer { previous = byte }
            return byte <= 0x20 || byte == 0x7F || (previous == 0xC2 && byte < 0xA0)
        }
    }
}

extension URLReference {
    /// The whole text, user name and password included.
    ///
    /// Python: `SplitResult.geturl()`, `urllib.parse.urlunsplit`.
    public var text: String { split.text }

    /// What stands before the first colon, in the case in which it was written, or nil for a relative reference.
    ///
    /// Python: `SplitResult.scheme`, `Request.type`, which are in lower case.
    public var scheme: String? { split.scheme }

    /// What stands between `//` and the path, user name and password included, or nil; empty in `file:///etc`.
    ///
    /// Python: `SplitResult.netloc`.
    public var authority: String? { split.authority }

    /// The user name, percent-encoded as it was written, or nil; empty in `http://@h/`.
    ///
    /// Python: `SplitResult.username`.
    public var user: String? { parsedAuthority?.user }

    /// The password, percent-encoded as it was written, or nil.
    ///
    /// Python: `SplitResult.password`.
    public var password: String? { parsedAuthority?.password }

    /// The host in lower case, an IPv6 address without its brackets and with its zone, or nil; empty in `file:///etc`.
    ///
    /// Python: `SplitResult.hostname`.
    public var host: String? { parsedAuthority?.host }

    /// The port, 0 to 65535, or nil when there is none or nothing follows its colon.
    ///
    /// Python: `SplitResult.port`.
    public var port: Int? { parsedAuthority?.port }

    /// The path, which may be empty.
    ///
    /// Python: `SplitResult.path`.
    public var path: String { split.path }

    /// What stands after `?`, or nil; ``URLQuery`` takes it apart.
    ///
    /// Python: `SplitResult.query`.
    public var query: String? { split.query }

    /// What stands after `#`, or nil.
    ///
    /// Python: `SplitResult.fragment`.
    public var fragment: String? { split.fragment }

    /// What an HTTP request asks for: the path, at least `/`, and the query.
    ///
    /// Python: `Request.selector`.
    public var target: String {
        (path.isEmpty ? "/" : path) + (query.map { "?" + $0 } ?? "")
    }
}

extension URLReference {
    /// Whether the texts are the same, byte for byte.
    public static func == (left: URLReference, right: URLReference) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    /// Hashes the text.
    public func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
    }
}

extension URLReference: CustomStringConvertible, CustomReflectable {
    /// The text without user name and password: many a token stands in the place of the user name.
    public var description: String {
        removingUserInformation().text
    }

    /// The description alone: a dump shows no password.
    public var customMirror: Mirror {
        Mirror(self, children: ["url": description])
    }
}
