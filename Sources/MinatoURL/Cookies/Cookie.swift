/// What a server has asked to be told again: a name and a value, and whom to tell.
///
/// Cookies come from a ``CookieJar``, which has checked them. Printing or dumping one does not show its value.
///
/// Python: `http.cookiejar.Cookie`. RFC 6265bis.
public struct Cookie: Hashable, Sendable {
    /// What the server says about requests that another site has caused.
    ///
    /// It is kept, and changes nothing: a program knows itself on whose behalf it asks.
    public enum SameSite: String, Hashable, Sendable {
        /// It said nothing, or nothing that is known.
        case unspecified
        /// Only with requests of the same site.
        case strict = "Strict"
        /// Also with those that follow a link.
        case lax = "Lax"
        /// With all requests.
        case none = "None"
    }

    /// The name; it may be empty.
    public let name: String

    /// The value: a secret, more often than not.
    public let value: String

    /// The host that it is for, in lower case, and, unless ``isHostOnly``, of which all hosts below are told, too.
    public let domain: String

    /// Whether it is for the very host alone. Python: not `domain_specified`.
    public let isHostOnly: Bool

    /// The path that it is for, and all below it.
    public let path: String

    /// Whether it is sent only where nobody else can read it: over https, or to this machine itself. Python: `secure`.
    public let isSecure: Bool

    /// Whether the server wants scripts in its pages not to see it; kept for files, and for programs that run scripts.
    ///
    /// Python: `has_nonstandard_attr("HttpOnly")`.
    public let isHTTPOnly: Bool

    /// What the server says about requests that another site has caused.
    public let sameSite: SameSite

    /// When it ends, at most 400 days after it came; nil for one that ends with the session, that is, with the jar.
    public let expires: WallTime?

    package init(
        name: String, value: String, domain: String, isHostOnly: Bool, path: String, isSecure: Bool = false,
        isHTTPOnly: Bool = false, sameSite: SameSite = .unspecified, expires: WallTime? = nil
    ) {
        self.name = name
        self.value = value
        self.domain = domain
        self.isHostOnly = isHostOnly
        self.path = path
        self.isSecure = isSecure
        self.isHTTPOnly = isHTTPOnly
        self.sameSite = sameSite
        self.expires = expires
    }

    /// Name and value as they are sent; a cookie without a name is its value alone.
    var text: String { name.isEmpty ? value : "\(name)=\(value)" }

    /// Whether it is the same one for a jar: a later one replaces an earlier one.
    func replaces(_ other: Cookie) -> Bool {
        // By bytes: texts that look the same to Unicode are different names to a server.
        name.utf8.elementsEqual(other.name.utf8) && path.utf8.elementsEqual(other.path.utf8)
            && domain == other.domain && isHostOnly == other.isHostOnly
    }
}

extension Cookie: CustomStringConvertible, CustomReflectable {
    /// All but the value, in the form of a Set-Cookie field: `id=(hidden); Domain=example.com; Path=/; Secure`.
    ///
    /// A host that is the only one is in angle brackets, for no attribute says that.
    public var description: String {
        var text = name.isEmpty ? "(hidden)" : "\(name)=(hidden)"
        text += isHostOnly ? "; <\(domain)>" : "; Domain=\(domain)"
        text += "; Path=\(path)"
        if let expires { text += "; Expires=\(expires)" }
        if isSecure { text += "; Secure" }
        if isHTTPOnly { text += "; HttpOnly" }
        if sameSite != .unspecified { text += "; SameSite=\(sameSite.rawValue)" }
        return Redaction.line(text)
    }

    /// The description alone.
    public var customMirror: Mirror { Mirror(self, children: ["cookie": description]) }
}
