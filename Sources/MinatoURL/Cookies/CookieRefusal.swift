/// Why a cookie is not taken (RFC 6265bis sections 5.6 and 5.7).
enum CookieRefusal: Error, Hashable {
    /// A control of ASCII in the field, or one of C1 in name or value, which no request may have.
    case control
    /// The field is not UTF-8, so that the value could not be sent back as it came.
    case notUTF8
    /// More than 4096 bytes of name and value.
    case tooLarge
    /// Neither name nor value.
    case empty
    /// Domain is not the host, nor one above it, nor ASCII.
    case foreignDomain
    /// Domain is one below which everybody can have a name: `com`, `co.uk`, `github.io`.
    case publicSuffix
    /// Secure, over a way that is not.
    case insecureWay
    /// It would hide a secure cookie, and comes over a way that is not secure.
    case hidesSecure
    /// SameSite=None without Secure.
    case sameSiteNone
    /// What its prefix promises does not hold, or a value without a name looks like a prefix.
    case prefix
    /// It comes from no http or https URL.
    case noPlace
}
