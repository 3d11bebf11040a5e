/// The hash of a Digest challenge (RFC 7616 section 3.3), in ascending strength.
///
/// SHA-512-256 is left out: it would need a third hash, which no server is known to ask for without offering one of these. A
/// challenge with it is passed over, as the RFC says of an algorithm that is not understood.
enum DigestAlgorithm: Comparable, Sendable {
    case md5
    case sha256

    /// Reads the value of an `algorithm` parameter: the hash, and whether it is the form with a session key.
    static func parse(_ name: String) -> (algorithm: DigestAlgorithm, isSession: Bool)? {
        switch name.lowercased() {
        case "md5": (.md5, false)
        case "md5-sess": (.md5, true)
        case "sha-256": (.sha256, false)
        case "sha-256-sess": (.sha256, true)
        default: nil
        }
    }

    /// The hash of the texts with colons between them, in hexadecimal digits.
    func hash(_ texts: String...) -> String {
        let text = texts.joined(separator: ":")
        return switch self {
        case .md5: MD5.hexadecimal(text)
        case .sha256: SHA256.hexadecimal(text)
        }
    }
}
