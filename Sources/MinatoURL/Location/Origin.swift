/// Scheme, host and port: who is being talked to.
///
/// What is secret stays within one origin.
package struct Origin: Hashable, Sendable {
    /// The scheme in lower case.
    package let scheme: String
    /// The host in lower case, IPv6 with its brackets and zone; empty for a URL without one, such as a `data:` URL.
    package let host: String
    /// The port, the scheme's own when the URL names none, and 0 when nobody knows that.
    package let port: Int
}
