/// The value of a Referer field, which is a URL that the program has been to.
enum RefererField {
    /// The URL without user name, password and fragment, which this field must not have (RFC 9110 section 10.1.3).
    static func withoutSecrets(_ url: String) -> String {
        // Split only: what is no URL is no reason to refuse the field.
        var reference = URLSplit(url)
        reference.fragment = nil
        if let authority = reference.authority, let at = authority.utf8.lastIndex(of: UInt8(ascii: "@")) {
            reference.authority = String(Substring(authority.utf8[at...].dropFirst()))
        }
        return reference.text
    }
}
