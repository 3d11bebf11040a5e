/// A date in a field: `Sun, 06 Nov 1994 08:49:37 GMT`, as seconds since 1970 (RFC 9110 section 5.6.7).
///
/// The obsolete forms are not worth reading where this is used.
enum HTTPDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// The date, or nil for a text that is none.
    static func parse(_ text: String) -> Int? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[5] == "GMT", parts[0].hasSuffix(","), let day = number(parts[1], 2, 1...31),
            let month = months.firstIndex(of: String(parts[2])), let year = number(parts[3], 4, 1970...9999)
        else { return nil }
        let clock = parts[4].split(separator: ":", omittingEmptySubsequences: false)
        guard clock.count == 3, let hour = number(clock[0], 2, 0...23), let minute = number(clock[1], 2, 0...59),
            let second = number(clock[2], 2, 0...60)
        else { return nil }
        // Days since 1970, with years that begin in March, so that the leap day is the last one.
        let shifted = month < 2 ? year - 1 : year
        let dayOfYear = (153 * ((month + 10) % 12) + 2) / 5 + day - 1
        let days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
        return days * 86_400 + hour * 3600 + minute * 60 + second
    }

    /// The text of a time.
    static func text(_ time: WallTime) -> String {
        // 2026-10-21T07:28:00Z
        let digits = Array(time.description.utf8)
        func part(_ end: Int, _ count: Int) -> String {
            String(decoding: digits[(digits.count - end)..<(digits.count - end + count)], as: UTF8.self)
        }
        let year = String(decoding: digits[..<(digits.count - 16)], as: UTF8.self)
        let month = months[(Int(part(15, 2)) ?? 1) - 1]
        let day = time.secondsSince1970 / 86_400 - (time.secondsSince1970 % 86_400 < 0 ? 1 : 0)
        return "\(days[Int((day % 7 + 7) % 7)]), \(part(12, 2)) \(month) \(year) \(part(9, 8)) GMT"
    }

    private static func number(_ text: Substring, _ count: Int, _ range: ClosedRange<Int>) -> Int? {
        guard text.utf8.count == count, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int(text)
        else { return nil }
        return range.contains(value) ? value : nil
    }
}
