extension WallTime {
    /// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7).
    var httpDate: String {
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        // 2026-10-21T07:28:00Z
        let text = Array(description.utf8)
        func part(_ end: Int, _ count: Int) -> String {
            String(decoding: text[(text.count - end)..<(text.count - end + count)], as: UTF8.self)
        }
        let year = String(decoding: text[..<(text.count - 16)], as: UTF8.self)
        let month = months[(Int(part(15, 2)) ?? 1) - 1]
        let day = secondsSince1970 / 86_400 - (secondsSince1970 % 86_400 < 0 ? 1 : 0)
        let weekday = days[Int((day % 7 + 7) % 7)]
        return "\(weekday), \(part(12, 2)) \(month) \(year) \(part(9, 8)) GMT"
    }
}
