/// The reader of dates in cookies (RFC 6265bis section 5.1.1).
///
/// It takes what servers have sent in thirty years: any order, any delimiters, names of months cut after three letters, years
/// of two digits. What it cannot use it passes over.
struct CookieDate {
    private var time: (hour: Int64, minute: Int64, second: Int64)?
    private var day: Int64?
    private var month: Int64?
    private var year: Int64?

    /// The date that a text says, or nil when it says none.
    static func parse(_ text: String) -> WallTime? {
        var date = CookieDate()
        for token in text.utf8.split(whereSeparator: isDelimiter) { date.take(token) }
        return date.value
    }

    private var value: WallTime? {
        guard let time, let day, let month, var year else { return nil }
        if 70...99 ~= year { year += 1900 } else if year < 70 { year += 2000 }
        guard year >= 1601 else { return nil }
        return WallTime(
            year: year, month: month, day: day, hour: time.hour, minute: time.minute, second: time.second)
    }

    /// A token counts as the first of these that it can be and that there is not yet.
    private mutating func take(_ token: Substring.UTF8View) {
        if time == nil, let found = Self.time(token) {
            time = found
        } else if day == nil, let found = Self.number(token, digits: 1...2) {
            day = found
        } else if month == nil, let found = Self.month(token) {
            month = found
        } else if year == nil, let found = Self.number(token, digits: 2...4) {
            year = found
        }
    }

    private static func isDelimiter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x09, 0x20...0x2F, 0x3B...0x40, 0x5B...0x60, 0x7B...0x7E: true
        default: false
        }
    }

    /// The number at the beginning of a token, of so many digits and no more.
    private static func number(_ token: Substring.UTF8View, digits: ClosedRange<Int>) -> Int64? {
        let leading = token.prefix { (0x30...0x39).contains($0) }
        return digits ~= leading.count ? Int64(String(Substring(leading))) : nil
    }

    /// `7:8:9` and the like, and whatever follows.
    private static func time(_ token: Substring.UTF8View) -> (hour: Int64, minute: Int64, second: Int64)? {
        let parts = token.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count <= 2, parts[1].count <= 2,
            let hour = number(parts[0], digits: 1...2), let minute = number(parts[1], digits: 1...2),
            parts[0].allSatisfy({ (0x30...0x39).contains($0) }), parts[1].allSatisfy({ (0x30...0x39).contains($0) }),
            let second = number(parts[2], digits: 1...2)
        else { return nil }
        return (hour, minute, second)
    }

    private static let months = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]

    private static func month(_ token: Substring.UTF8View) -> Int64? {
        let start = String(Substring(token.prefix(3)))
        return months.firstIndex { HTTPSyntax.areEqual($0, start) }.map { Int64($0) + 1 }
    }
}
