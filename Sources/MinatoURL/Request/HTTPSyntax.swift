/// The lexical rules of HTTP fields (RFC 9110 sections 5.1, 5.5 and 5.6.2), for what is sent and what is received.
package enum HTTPSyntax {
    /// Whether the bytes are a token: a method or a field name.
    package static func isToken(_ bytes: some Collection<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy(isTokenByte)
    }

    static func isTokenByte(_ byte: UInt8) -> Bool {
        // A bit for each of them: !#$%&'*+-. and digits in the first half, letters and ^_`|~ in the second.
        let set: UInt64 = byte < 0x40 ? 0x03FF_6CFA_0000_0000 : 0x57FF_FFFF_C7FF_FFFE
        return byte < 0x80 && set &>> UInt64(byte & 0x3F) & 1 == 1
    }

    /// Whether a text can be the value of a field: no control of ASCII or of C1, a tab excepted.
    ///
    /// Scalars are looked at, not characters: CR LF is one character in Swift, and equals neither.
    package static func isFieldValue(_ value: String) -> Bool {
        value.unicodeScalars.allSatisfy { scalar in
            switch scalar.value {
            case 0x09: true
            case 0..<0x20, 0x7F..<0xA0: false
            default: true
            }
        }
    }

    /// Whether two names are the same, without regard to ASCII case.
    package static func areEqual(_ one: String, _ other: String) -> Bool {
        guard one.utf8.count == other.utf8.count else { return false }
        return one == other || one.utf8.elementsEqual(other.utf8) { lowercased($0) == lowercased($1) }
    }

    /// Whether a name begins with another text, without regard to ASCII case.
    static func hasPrefix(_ name: String, _ prefix: String) -> Bool {
        name.utf8.prefix(prefix.utf8.count).elementsEqual(prefix.utf8) { lowercased($0) == lowercased($1) }
    }

    static func lowercased(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }

    /// Fields that frame the message or change the protocol: one that contradicts what libcurl does would let a server and a
    /// proxy disagree on where a request ends.
    static func isReserved(_ name: String) -> Bool {
        ["Content-Length", "Transfer-Encoding", "Expect", "Upgrade", "HTTP2-Settings", "TE", "Trailer"]
            .contains { areEqual($0, name) }
    }

    /// Fields that carry credentials whatever the program says of them.
    static func isAlwaysSensitive(_ name: String) -> Bool {
        ["Authorization", "Cookie", "Proxy-Authorization"].contains { areEqual($0, name) }
    }

    /// The bytes without spaces and tabs at both ends.
    static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes
        while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
        while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
        return bytes
    }
}
