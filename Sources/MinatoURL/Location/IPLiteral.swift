/// The syntax of what may stand between the brackets of a host (RFC 3986 section 3.2.2, RFC 6874).
enum IPLiteral {
    /// Whether the bytes are an IPv6 address, with a zone or without, or the address of a future version.
    static func isValid(_ bytes: ArraySlice<UInt8>) -> Bool {
        if let first = bytes.first, first | 0x20 == UInt8(ascii: "v") { return isFuture(bytes.dropFirst()) }
        guard let percent = bytes.firstIndex(of: UInt8(ascii: "%")) else { return isIPv6(bytes) }
        // RFC 6874 writes the zone after `%25`; many write the bare sign, and it cannot be mistaken.
        let zone = bytes[(percent + 1)...]
        return isIPv6(bytes[..<percent]) && !zone.isEmpty && zone.allSatisfy { ASCIISet.unreserved.contains($0) }
    }

    /// `v`, digits, a dot, an address: `v1.x`.
    private static func isFuture(_ bytes: ArraySlice<UInt8>) -> Bool {
        let version = bytes.prefix { PercentEncoding.hexValue($0) != nil }
        let address = bytes.dropFirst(version.count + 1)
        return !version.isEmpty && bytes.dropFirst(version.count).first == UInt8(ascii: ".") && !address.isEmpty
            && address.allSatisfy { futureCharacters.contains($0) }
    }

    private static let futureCharacters = ASCIISet.unreserved.union(.subDelimiters).union(ASCIISet(":"))

    /// Eight groups of one to four hexadecimal digits; `::` once for one or more of them; the last two as IPv4.
    private static func isIPv6(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard (2...45).contains(bytes.count) else { return false }
        let colon = UInt8(ascii: ":")
        var parts = bytes.split(separator: colon, omittingEmptySubsequences: false)
        // Two colons at an end leave an empty part too many; a single one there is none of the forms.
        if bytes.first == colon {
            guard bytes.starts(with: [colon, colon]) else { return false }
            parts.removeFirst()
        }
        if bytes.last == colon {
            guard bytes.suffix(2).elementsEqual([colon, colon]) else { return false }
            parts.removeLast()
        }
        let gaps = parts.count { $0.isEmpty }
        var groups = parts.count - gaps
        if let last = parts.last, last.contains(UInt8(ascii: ".")) {
            guard isIPv4(last) else { return false }
            parts.removeLast()
            groups += 1
        }
        let areGroups = parts.allSatisfy { part in
            part.count <= 4 && part.allSatisfy { PercentEncoding.hexValue($0) != nil }
        }
        return areGroups && (gaps == 0 ? groups == 8 : gaps == 1 && groups < 8)
    }

    /// Four numbers up to 255, without zeros in front.
    private static func isIPv4(_ bytes: ArraySlice<UInt8>) -> Bool {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard (1...3).contains(part.count), part.allSatisfy({ ASCIISet.digits.contains($0) }) else {
                    return false
                }
                guard part.count == 1 || part.first != UInt8(ascii: "0") else { return false }
                return part.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } <= 255
            }
    }
}
