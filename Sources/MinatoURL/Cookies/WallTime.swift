internal import Glibc

/// A point in time by the calendar, in whole seconds: when a cookie expires.
///
/// The clock of the calendar can be set and jumps; what has to be waited for is measured by a `Deadline`.
///
/// Python: the seconds of `time.time()`. See clock_gettime(2), CLOCK_REALTIME.
public struct WallTime: Hashable, Comparable, Sendable {
    /// Seconds since the beginning of 1970 in UTC, leap seconds not counted; negative before.
    public let secondsSince1970: Int64

    /// Makes a point in time from seconds since the beginning of 1970 in UTC.
    public init(secondsSince1970: Int64) {
        self.secondsSince1970 = secondsSince1970
    }

    /// The present.
    public static var now: WallTime {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(secondsSince1970: Int64(time.tv_sec))
    }

    /// Whether the left one comes first.
    public static func < (left: WallTime, right: WallTime) -> Bool {
        left.secondsSince1970 < right.secondsSince1970
    }

    /// The time so many seconds later, at the end of the range at the latest.
    func advanced(by seconds: Int64) -> WallTime {
        let (sum, overflow) = secondsSince1970.addingReportingOverflow(seconds)
        return WallTime(secondsSince1970: overflow ? (seconds < 0 ? .min : .max) : sum)
    }
}

// The Gregorian calendar, extended to all years. Days are counted from the first of March, so that the leap day is the last of
// a year, and in eras of 400 years, after which the calendar repeats.
extension WallTime {
    private static let daysOfEra: Int64 = 146_097
    /// From 0000-03-01 to 1970-01-01.
    private static let daysBefore1970: Int64 = 719_468
    private static let secondsOfDay: Int64 = 86_400

    /// The time of a date of the calendar in UTC; nil when there is no such date, or the year is outside 0...9999.
    init?(year: Int64, month: Int64, day: Int64, hour: Int64, minute: Int64, second: Int64) {
        guard 0...9999 ~= year, 1...12 ~= month, 0...23 ~= hour, 0...59 ~= minute, 0...59 ~= second else { return nil }
        let shiftedYear = month > 2 ? year : year - 1
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * Self.daysOfEra + dayOfEra - Self.daysBefore1970
        self.init(secondsSince1970: days * Self.secondsOfDay + hour * 3600 + minute * 60 + second)
        // The 31st of April is the first of May.
        guard day >= 1, date.month == month, date.day == day else { return nil }
    }

    private var date: (year: Int64, month: Int64, day: Int64) {
        let (quotient, remainder) = secondsSince1970.quotientAndRemainder(dividingBy: Self.secondsOfDay)
        let days = quotient - (remainder < 0 ? 1 : 0) + Self.daysBefore1970
        let era = (days >= 0 ? days : days - (Self.daysOfEra - 1)) / Self.daysOfEra
        let dayOfEra = days - era * Self.daysOfEra
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}

extension WallTime: CustomStringConvertible {
    /// `2026-10-21T07:28:00Z` (RFC 3339).
    public var description: String {
        let (year, month, day) = date
        let remainder = secondsSince1970 % Self.secondsOfDay
        let time = remainder < 0 ? remainder + Self.secondsOfDay : remainder
        func text(_ number: Int64, _ width: Int) -> String {
            let digits = String(number.magnitude)
            let zeros = String(repeating: "0", count: max(width - digits.utf8.count, 0))
            return (number < 0 ? "-" : "") + zeros + digits
        }
        return "\(text(year, 4))-\(text(month, 2))-\(text(day, 2))"
            + "T\(text(time / 3600, 2)):\(text(time / 60 % 60, 2)):\(text(time % 60, 2))Z"
    }
}
