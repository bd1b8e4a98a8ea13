/// The calendar in UTC, without a time zone or a locale.
public struct CivilDate: Equatable {
    /// The year.
    public var year: Int
    /// From 1 to 12.
    public var month: Int
    /// From 1 to 31.
    public var day: Int
    /// From 0 to 23.
    public var hour: Int
    /// From 0 to 59.
    public var minute: Int
    /// From 0 to 59.
    public var second: Int
    /// From 0 to 999.
    public var millisecond: Int

    /// The date of a moment in milliseconds since 1970.
    public init(milliseconds: Int64) {
        let days = Int((Double(milliseconds) / 86_400_000).rounded(.down))
        let rest = Int(milliseconds - Int64(days) * 86_400_000)
        (hour, minute, second, millisecond) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60, rest % 1000)
        // Days are counted from 1 March of year 0, in eras of 400 years, so that a leap day is a year's last.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Days from 1970-01-01 to a date.
    public static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// `2026-01-01T00:00:00.000Z` (RFC 3339).
    public static func iso8601(_ milliseconds: Int64) -> String {
        let date = CivilDate(milliseconds: milliseconds)
        return text([
            (date.year, 4, "-"), (date.month, 2, "-"), (date.day, 2, "T"), (date.hour, 2, ":"), (date.minute, 2, ":"),
            (date.second, 2, "."), (date.millisecond, 3, "Z"),
        ])
    }

    /// `20260101T000000Z`: a moment in a file's name.
    public static func compact(_ milliseconds: Int64) -> String {
        let date = CivilDate(milliseconds: milliseconds)
        return text([
            (date.year, 4, ""), (date.month, 2, ""), (date.day, 2, "T"), (date.hour, 2, ""), (date.minute, 2, ""),
            (date.second, 2, "Z"),
        ])
    }

    /// Numbers in so many digits, each with what stands behind it.
    private static func text(_ parts: [(value: Int, digits: Int, end: String)]) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(24)
        for part in parts {
            append(part.value, digits: part.digits, to: &out)
            out += part.end.utf8
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func append(_ value: Int, digits: Int, to out: inout [UInt8]) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            out.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }
}
