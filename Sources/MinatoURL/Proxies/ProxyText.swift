/// The parts of a proxy's URL, or of what people write for one.
///
/// This is not how other URLs are split: a user name or password may have a `/` in it here, and the scheme may be missing.
struct ProxyText {
    /// The scheme in lower case, or nil.
    let scheme: String?
    /// The user name as written, or nil.
    let user: String?
    /// The password as written, or nil.
    let password: String?
    /// Host and port as written; not checked.
    let hostPort: String

    /// Fails for a text with a scheme and a path but no authority, such as `file:/x`.
    ///
    /// Python: `urllib.request._parse_proxy`.
    init?(_ text: String) {
        var authority = Substring(text).utf8
        let end = authority.firstIndex { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "/") }
        if let end, authority[end] == UInt8(ascii: ":"), end > authority.startIndex,
            authority[authority.index(after: end)...].first == UInt8(ascii: "/")
        {
            scheme = String(Substring(authority[..<end])).lowercased()
            authority = authority[end...].dropFirst()
            guard authority.starts(with: "//".utf8) else { return nil }
            authority = authority.dropFirst(2)
            let from = authority.firstIndex(of: UInt8(ascii: "@")) ?? authority.startIndex
            authority = authority[..<(authority[from...].firstIndex(of: UInt8(ascii: "/")) ?? authority.endIndex)]
        } else {
            scheme = nil
        }
        guard let at = authority.lastIndex(of: UInt8(ascii: "@")) else {
            (user, password) = (nil, nil)
            hostPort = String(Substring(authority))
            return
        }
        let information = authority[..<at]
        let colon = information.firstIndex(of: UInt8(ascii: ":"))
        user = String(Substring(information[..<(colon ?? at)]))
        password = colon.map { String(Substring(information[$0...].dropFirst())) }
        hostPort = String(Substring(authority[at...].dropFirst()))
    }

    /// User name and password, decoded; a missing password is an empty one.
    var credentials: PasswordManager.Credentials? {
        user.map { .init(user: Self.decode($0), password: Self.decode(password ?? "")) }
    }

    /// Undoes the percent-encoding; what is no triplet stays as it is.
    private static func decode(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let high = digit(bytes[index + 1]), let low = digit(bytes[index + 2])
            {
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        Character(UnicodeScalar(byte)).hexDigitValue.map { UInt8($0) }
    }
}
