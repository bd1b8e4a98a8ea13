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
        return text("0000-00-00T00:00:00.000Z") { digits in
            put(date.year, 4, at: 0, of: digits)
            put(date.month, 2, at: 5, of: digits)
            put(date.day, 2, at: 8, of: digits)
            put(date.hour, 2, at: 11, of: digits)
            put(date.minute, 2, at: 14, of: digits)
            put(date.second, 2, at: 17, of: digits)
            put(date.millisecond, 3, at: 20, of: digits)
        }
    }

    /// `20260101T000000Z`: a moment in a file's name.
    public static func compact(_ milliseconds: Int64) -> String {
        let date = CivilDate(milliseconds: milliseconds)
        return text("00000000T000000Z") { digits in
            put(date.year, 4, at: 0, of: digits)
            put(date.month, 2, at: 4, of: digits)
            put(date.day, 2, at: 6, of: digits)
            put(date.hour, 2, at: 9, of: digits)
            put(date.minute, 2, at: 11, of: digits)
            put(date.second, 2, at: 13, of: digits)
        }
    }

    /// A text of this form, whose digits `fill` puts in.
    private static func text(_ form: StaticString, _ fill: (UnsafeMutableBufferPointer<UInt8>) -> Void) -> String {
        String(unsafeUninitializedCapacity: form.utf8CodeUnitCount) { digits in
            for index in 0..<form.utf8CodeUnitCount { digits[index] = form.utf8Start[index] }
            fill(digits)
            return form.utf8CodeUnitCount
        }
    }

    /// Puts a number's last digits at a place.
    private static func put(_ value: Int, _ count: Int, at place: Int, of digits: UnsafeMutableBufferPointer<UInt8>) {
        var rest = value
        for index in stride(from: place + count - 1, through: place, by: -1) {
            digits[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }
}
