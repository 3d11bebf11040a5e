/// The lexer below ``Challenge/parse(_:)``.
///
/// Every byte is looked at a bounded number of times.
struct ChallengeScanner {
    private let bytes: [UInt8]
    private var index = 0
    /// Where the last single quote is, so that looking for a closing one that is not there costs nothing.
    private let lastSingleQuote: Int

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        lastSingleQuote = bytes.lastIndex(of: UInt8(ascii: "'")) ?? -1
    }

    private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    /// Whether a comma or the end comes next, spaces aside. Skips the spaces when it is so.
    var isAtSeparator: Bool {
        mutating get {
            skipSpaces()
            return current == nil || current == UInt8(ascii: ",")
        }
    }

    /// Skips spaces and commas, and says whether anything is left.
    mutating func skipSeparators() -> Bool {
        while let byte = current, isSpace(byte) || byte == UInt8(ascii: ",") { index += 1 }
        return index < bytes.count
    }

    mutating func skipToComma() {
        while let byte = current, byte != UInt8(ascii: ",") { index += 1 }
    }

    mutating func token() -> String? {
        let start = index
        while let byte = current, HTTPSyntax.isTokenByte(byte) { index += 1 }
        return start < index ? String(decoding: bytes[start..<index], as: UTF8.self) : nil
    }

    /// After a scheme: skips the spaces there, and credentials in the form of one word (`NTLM TlRMTVNT...==`).
    ///
    /// A word with `=` and more after it is a parameter and stays.
    ///
    /// - Returns: Whether a space, a comma or the end follows the scheme, as it must.
    mutating func skipToken68() -> Bool {
        let start = index
        skipSpaces()
        guard index > start else { return isAtSeparator }
        let word = index
        while let byte = current, HTTPSyntax.isTokenByte(byte) || byte == UInt8(ascii: "/") { index += 1 }
        while current == UInt8(ascii: "=") { index += 1 }
        // It ends here or before a comma, and then it was one word; a lone scheme ends so too, and has no such word.
        if !isAtSeparator { index = word }
        return true
    }

    /// After a name: skips `=` and the spaces around it, or says that there is none and skips nothing.
    mutating func skipEqualsSign() -> Bool {
        let start = index
        skipSpaces()
        guard current == UInt8(ascii: "=") else {
            index = start
            return false
        }
        index += 1
        skipSpaces()
        return true
    }

    /// After `=`: the value, and what is malformed about it or nil.
    mutating func value() -> (value: String, problem: String?) {
        if current == UInt8(ascii: "\"") {
            guard let value = quoted(by: UInt8(ascii: "\""), escapes: true) else {
                return ("", "a quoted text without end")
            }
            return (value, nil)
        }
        // Single quotes are no syntax of HTTP's, but servers send them and Python takes them.
        if current == UInt8(ascii: "'"), index < lastSingleQuote,
            let value = quoted(by: UInt8(ascii: "'"), escapes: false)
        {
            return (value, nil)
        }
        // A token, by the rules. Spaces within are taken as Python takes them: no server means anything else by them.
        let first = index
        skipToComma()
        let value = HTTPSyntax.trimmed(bytes[first..<index])
        let problem: String? =
            if value.isEmpty { "no value" } else if value.contains(UInt8(ascii: "\"")) { "a stray quote" } else { nil }
        return (String(decoding: value, as: UTF8.self), problem)
    }

    /// A quoted text, or nil when the closing quote is missing; then everything is consumed, or for single quotes nothing.
    private mutating func quoted(by quote: UInt8, escapes: Bool) -> String? {
        var value: [UInt8] = []
        var position = index + 1
        while position < bytes.count, bytes[position] != quote {
            if escapes && bytes[position] == UInt8(ascii: "\\") && position + 1 < bytes.count { position += 1 }
            value.append(bytes[position])
            position += 1
        }
        guard position < bytes.count else {
            if escapes { index = bytes.count }
            return nil
        }
        index = position + 1
        return String(decoding: value, as: UTF8.self)
    }

    private mutating func skipSpaces() {
        while let byte = current, isSpace(byte) { index += 1 }
    }

    private func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09
    }
}
