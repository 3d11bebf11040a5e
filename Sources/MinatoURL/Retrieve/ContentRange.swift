/// The field Content-Range in bytes (RFC 9110 section 14.4).
enum ContentRange: Equatable {
    /// These bytes, of so many; nil when the server does not know how many there are.
    case part(ClosedRange<Int>, total: Int?)
    /// There are so many bytes, and those that were asked for are not among them.
    case unsatisfied(total: Int)

    /// Reads the value of a field; nil for any other text, and for bytes beyond the total.
    init?(_ text: String) {
        let unit = "bytes "
        guard HTTPSyntax.hasPrefix(text, unit) else { return nil }
        let parts = text.utf8.dropFirst(unit.utf8.count)
            .split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let isTotalUnknown = parts[1].elementsEqual("*".utf8)
        let total = Self.number(parts[1])
        guard isTotalUnknown || total != nil else { return nil }
        if parts[0].elementsEqual("*".utf8) {
            guard let total else { return nil }
            self = .unsatisfied(total: total)
            return
        }
        let ends = parts[0].split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Self.number(ends[0]), let last = Self.number(ends[1]), first <= last,
            last < total ?? .max
        else { return nil }
        self = .part(first...last, total: total)
    }

    /// Digits and nothing else, that fit.
    static func number(_ digits: some Collection<UInt8>) -> Int? {
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(String(decoding: digits, as: UTF8.self))
    }
}
