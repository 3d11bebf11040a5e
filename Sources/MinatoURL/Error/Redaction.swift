/// Makes text fit to be shown: no user information of a URL, no control that could break or forge a line of a log.
enum Redaction {
    /// A URL, or what somebody meant to be one, without user name and password.
    static func url(_ text: String) -> String {
        if let location = try? RequestURL.beyondHTTP(text) ?? RequestURL(parsing: text) { return location.text }
        // No parser accepts it.
        return proxy(text)
    }

    /// What somebody meant to be the URL of a proxy, or of something else, without user name and password: nobody can say which @
    /// ends them, as they may have a `/` in them, so that up to the last one all goes.
    static func proxy(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard let at = bytes.lastIndex(of: UInt8(ascii: "@")) else { return line(text) }
        let slashes = bytes.indices.dropLast().first { bytes[$0] == 0x2F && bytes[$0 + 1] == 0x2F }
        let prefix = slashes.map { bytes[..<min($0 + 2, at)] } ?? []
        return line(String(decoding: prefix + bytes[(at + 1)...], as: UTF8.self))
    }

    /// Text on one line: every control becomes the `%XX` of its bytes, those of C1, which terminals obey as well, and what else
    /// ends a line too.
    static func line(_ text: String) -> String {
        // The first bytes of what is looked for.
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == 0xC2 || $0 == 0xE2 }) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case ..<0x20, 0x7F...0x9F, 0x2028, 0x2029:
                for byte in String(scalar).utf8 { result += PercentEncoding.triplet(byte) }
            default:
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
