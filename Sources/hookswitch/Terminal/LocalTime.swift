import Glibc
import Platform

/// Moments as people at this machine read and write them: in its time zone, with the age beside them.
enum LocalTime {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// `15:04:05` for today, `Nov 24 15:04:05` for this year, else `2025-11-24 15:04:05`. Milliseconds since 1970.
    static func text(_ milliseconds: Int64, now: Int64) -> String {
        let then = fields(milliseconds)
        let today = fields(now)
        let clock = [then.tm_hour, then.tm_min, then.tm_sec].map { padded(Int($0)) }.joined(separator: ":")
        if then.tm_year == today.tm_year && then.tm_yday == today.tm_yday { return clock }
        if then.tm_year == today.tm_year { return "\(months[Int(then.tm_mon)]) \(padded(Int(then.tm_mday))) \(clock)" }
        return "\(then.tm_year + 1900)-\(padded(Int(then.tm_mon) + 1))-\(padded(Int(then.tm_mday))) \(clock)"
    }

    /// How long ago, or in how long: `4 s`, `3 min`, `5 h`, `2 d`; `in 40 s`.
    static func age(_ milliseconds: Int64, now: Int64) -> String {
        let difference = now - milliseconds
        return difference < 0 ? "in \(span(seconds: Int(-difference / 1000)))" : span(seconds: Int(difference / 1000))
    }

    /// A time's length in one unit.
    static func span(seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86400) d"
        }
    }

    /// A moment of an audit line with its age: `15:04:05 (3 min)`. What is none stays as it is.
    static func described(_ text: String, now: Int64) -> String {
        guard let moment = milliseconds(text) else { return text }
        return "\(LocalTime.text(moment, now: now)) (\(age(moment, now: now)))"
    }

    /// Milliseconds since 1970 of `2026-01-01T00:00:00.000Z`.
    static func milliseconds(_ text: String) -> Int64? {
        guard text.hasSuffix("Z"), let moment = parts(String(text.dropLast())) else { return nil }
        let days = CivilDate.days(year: moment.year, month: moment.month, day: moment.day)
        return (Int64(days) * 86400 + Int64(moment.hour * 3600 + moment.minute * 60 + moment.second)) * 1000
            + Int64(moment.millisecond)
    }

    /// A moment that somebody writes in local time: `15:04`, `2026-01-01`, `2026-01-01 15:04[:05]`, also with a `T`.
    static func read(_ text: String, now: Int64) -> Int64? {
        var full = text
        if text.utf8.count <= 8 && text.contains(":") {
            let today = fields(now)
            full = "\(today.tm_year + 1900)-\(padded(Int(today.tm_mon) + 1))-\(padded(Int(today.tm_mday))) \(text)"
        }
        guard let moment = parts(full) else { return nil }
        var fields = tm()
        fields.tm_year = Int32(moment.year - 1900)
        fields.tm_mon = Int32(moment.month - 1)
        fields.tm_mday = Int32(moment.day)
        fields.tm_hour = Int32(moment.hour)
        fields.tm_min = Int32(moment.minute)
        fields.tm_sec = Int32(moment.second)
        fields.tm_isdst = -1
        return Int64(mktime(&fields)) * 1000 + Int64(moment.millisecond)
    }

    private static func parts(_ text: String) -> CivilDate? {
        let halves = text.split(whereSeparator: { $0 == " " || $0 == "T" })
        guard (1...2).contains(halves.count) else { return nil }
        let day = halves[0].split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        let clock = halves.count == 1 ? ["0", "0"] : halves[1].split(separator: ":", omittingEmptySubsequences: false)
        guard day.count == 3, (2...3).contains(clock.count), let year = day[0], let month = day[1], let date = day[2],
            let hour = Int(clock[0]), let minute = Int(clock[1]), let second = clock.count == 3 ? Double(clock[2]) : 0,
            (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(date),
            (0...23).contains(hour), (0...59).contains(minute), (0..<60).contains(second)
        else { return nil }
        var moment = CivilDate(milliseconds: Int64((second * 1000).rounded()))
        (moment.year, moment.month, moment.day, moment.hour, moment.minute) = (year, month, date, hour, minute)
        return moment
    }

    private static func fields(_ milliseconds: Int64) -> tm {
        var seconds = time_t(milliseconds / 1000)
        var fields = tm()
        localtime_r(&seconds, &fields)
        return fields
    }

    private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
