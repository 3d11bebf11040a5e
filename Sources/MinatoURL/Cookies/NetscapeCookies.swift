/// Cookies as text, a line each: the format of Netscape's `cookies.txt`, which curl, wget and Python share.
///
/// Seven fields with a tab between them: the domain, with a dot in front when it is for all hosts below it; TRUE in that case,
/// else FALSE; the path; whether it is secure; when it ends, in seconds since 1970, 0 for one that ends with the session; the
/// name; the value. `#HttpOnly_` in front of the line says that; any other line that begins with `#` is a comment.
enum NetscapeCookies {
    /// What is wrong with a line.
    struct Problem: Error {
        /// From 1.
        let line: Int
        let detail: String
    }

    private static let httpOnly = "#HttpOnly_".utf8

    /// The text of a file. Cookies that have a tab in them are left out: the format has no way to write one.
    static func format(_ cookies: [Cookie]) -> String {
        // The first line is what Python knows such a file by.
        var text = "# Netscape HTTP Cookie File\n# https://curl.se/docs/http-cookies.html\n\n"
        for cookie in cookies {
            let fields = [
                (cookie.isHTTPOnly ? "#HttpOnly_" : "") + (cookie.isHostOnly ? "" : ".") + cookie.domain,
                cookie.isHostOnly ? "FALSE" : "TRUE", cookie.path, cookie.isSecure ? "TRUE" : "FALSE",
                String(max(cookie.expires?.secondsSince1970 ?? 0, 0)), cookie.name, cookie.value,
            ]
            guard !fields.contains(where: { $0.utf8.contains(UInt8(ascii: "\t")) }) else { continue }
            text += fields.joined(separator: "\t") + "\n"
        }
        return text
    }

    /// The cookies of a file, expired ones too.
    ///
    /// - Parameter isStrict: Whether a malformed line is an error, and not passed over.
    static func parse(_ bytes: [UInt8], isStrict: Bool) throws(Problem) -> [Cookie] {
        var cookies: [Cookie] = []
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            do throws(LineProblem) {
                if let cookie = try parse(line.last == 0x0D ? line.dropLast() : line) { cookies.append(cookie) }
            } catch {
                if isStrict { throw Problem(line: index + 1, detail: error.detail) }
            }
        }
        return cookies
    }

    private struct LineProblem: Error {
        let detail: String
    }

    /// The cookie of a line, or nil for a comment or an empty line.
    private static func parse(_ line: ArraySlice<UInt8>) throws(LineProblem) -> Cookie? {
        var line = line
        let isHTTPOnly = line.starts(with: httpOnly)
        if isHTTPOnly { line = line.dropFirst(httpOnly.count) }
        if line.first == UInt8(ascii: "#") || line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { return nil }
        guard let text = String(validating: line, as: UTF8.self), HTTPSyntax.isFieldValue(text) else {
            throw LineProblem(detail: "a control, or not UTF-8")
        }
        var fields = text.utf8.split(separator: 0x09, omittingEmptySubsequences: false).map { String(Substring($0)) }
        // Some editors take the tab at the end of a line away, and with it an empty value.
        if fields.count == 6 { fields.append("") }
        guard fields.count == 7 else { throw LineProblem(detail: "\(fields.count) fields instead of 7") }

        let name = fields[5]
        let cookie = Cookie(
            name: name, value: fields[6], domain: domain(fields[0]), isHostOnly: try !flag(fields[1], "second"),
            path: fields[2], isSecure: try flag(fields[3], "fourth"), isHTTPOnly: isHTTPOnly,
            expires: try end(fields[4]))
        guard !cookie.domain.isEmpty, cookie.domain.utf8.allSatisfy({ $0 < 0x80 }) else {
            throw LineProblem(detail: "the first field is no domain")
        }
        guard cookie.path.utf8.first == UInt8(ascii: "/") else {
            throw LineProblem(detail: "the third field is no path")
        }
        guard !name.isEmpty || !cookie.value.isEmpty else { throw LineProblem(detail: "neither name nor value") }
        guard name.utf8.count + cookie.value.utf8.count <= SetCookie.maximumSize else {
            throw LineProblem(detail: "more than \(SetCookie.maximumSize) bytes of name and value")
        }
        guard cookie.keepsItsPrefix(hasPath: true) else {
            throw LineProblem(detail: "what the prefix of its name promises does not hold")
        }
        return cookie
    }

    private static func domain(_ field: String) -> String {
        let bytes = field.utf8.first == UInt8(ascii: ".") ? field.utf8.dropFirst() : field.utf8[...]
        return String(decoding: bytes.map(HTTPSyntax.lowercased), as: UTF8.self)
    }

    private static func flag(_ field: String, _ place: String) throws(LineProblem) -> Bool {
        if HTTPSyntax.areEqual(field, "TRUE") { return true }
        guard HTTPSyntax.areEqual(field, "FALSE") else {
            throw LineProblem(detail: "the \(place) field is neither TRUE nor FALSE")
        }
        return false
    }

    /// nil for the end of the session: 0, as curl writes it, or nothing, as Python does. A fraction of a second is cut off.
    private static func end(_ field: String) throws(LineProblem) -> WallTime? {
        if field.isEmpty { return nil }
        let parts = field.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        let isNegative = parts[0].first == UInt8(ascii: "-")
        let digits = isNegative ? parts[0].dropFirst() : parts[0]
        guard !digits.isEmpty, (parts.dropFirst() + [digits]).joined().allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw LineProblem(detail: "the fifth field is no time")
        }
        let seconds = Int64(String(Substring(parts[0]))) ?? (isNegative ? .min : .max)
        return seconds == 0 ? nil : WallTime(secondsSince1970: seconds)
    }
}
