import Platform

/// Dates in HTTP fields, in the three forms that RFC 9110 §5.6.7 asks a recipient to read.
enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Milliseconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or
    /// `Sun Nov  6 08:49:37 1994`; `nil` for anything else.
    static func milliseconds(_ text: String) -> Int64? {
        let words = text.split(whereSeparator: { $0 == " " || $0 == "," || $0 == "-" }).map(String.init)
        guard words.count == 6 || (words.count == 5 && words[3].contains(":")) else { return nil }
        if words.count == 6 {
            guard words[5] == "GMT", var year = Int(words[3]) else { return nil }
            if words[3].count == 2 { year += year < 70 ? 2000 : 1900 }
            return milliseconds(year: year, month: words[2], day: words[1], time: words[4])
        }
        guard let year = Int(words[4]) else { return nil }
        return milliseconds(year: year, month: words[1], day: words[2], time: words[3])
    }

    private static func milliseconds(year: Int, month: String, day: String, time: String) -> Int64? {
        let parts = time.split(separator: ":", omittingEmptySubsequences: false)
        let clock = parts.compactMap { Int($0) }
        guard parts.count == 3, clock.count == 3, clock[0] < 24, clock[1] < 60, clock[2] <= 60, let day = Int(day),
            (1...31).contains(day),
            let month = months.firstIndex(of: month), (1...9999).contains(year)
        else { return nil }
        let days = CivilDate.days(year: year, month: month + 1, day: day)
        return (Int64(days) * 86400 + Int64(clock[0] * 3600 + clock[1] * 60 + clock[2])) * 1000
    }
}
