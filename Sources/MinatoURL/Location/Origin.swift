/// Scheme, host and port: who is being talked to.
///
/// What is secret stays within one origin.
package struct Origin: Hashable, Sendable {
    /// `http` or `https`, in lower case; `data` for what has neither host nor port.
    package let scheme: String
    /// The host in lower case, IPv6 with its brackets and zone.
    package let host: String
    /// The port, the scheme's own when the URL names none.
    package let port: Int
}
