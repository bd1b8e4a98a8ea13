import CPlatform
import Platform

/// A line on standard error that says how far something is, at what rate, and how long it will still take. It is shown to
/// people only: where standard error is no terminal, nothing is written. Owned by one thread.
struct Progress {
    /// The line is drawn anew at most this often.
    private static let intervalMilliseconds: Int64 = 100

    private let what: String
    private let unit: String
    private let isShown: Bool
    private let width: Int
    private let startedAt: Int64
    private var shownAt: Int64 = 0

    /// `what` is said first: `Progress("verifying", unit: "records")`.
    init(_ what: String, unit: String) {
        let terminal = Terminal(of: .error)
        self.what = what
        self.unit = unit
        isShown = terminal.isInteractive
        width = terminal.width ?? 80
        startedAt = hs_wall_ms()
    }

    /// Says that so much is done of so much; `nil` where the whole is not known.
    mutating func show(_ done: Int, of total: Int?) {
        let now = hs_wall_ms()
        guard isShown, now - shownAt >= Progress.intervalMilliseconds else { return }
        shownAt = now
        let line = Progress.line(what, done, of: total, unit, elapsed: Double(now - startedAt) / 1000)
        StandardStream.error.write("\r\(DisplayWidth.cut(line, to: width - 1))\u{1B}[K")
    }

    /// Takes the line away.
    mutating func end() {
        if shownAt > 0 { StandardStream.error.write("\r\u{1B}[K") }
        shownAt = 0
    }

    /// The line's text: `verifying 1,200 of 5,000 records (24 %), 800/s, 4 s left`.
    static func line(_ what: String, _ done: Int, of total: Int?, _ unit: String, elapsed seconds: Double) -> String {
        var line = "\(what) \(grouped(done))"
        if let total {
            line += " of \(grouped(total))"
            line += " \(unit) (\(total > 0 ? done * 100 / total : 100) %)"
        } else {
            line += " \(unit)"
        }
        guard seconds >= 1, done > 0 else { return line }
        let rate = Double(done) / seconds
        line += ", \(rate >= 10 ? grouped(Int(rate)) : "\(Double(Int(rate * 10)) / 10)")/s"
        if let total, total > done {
            line += ", \(LocalTime.span(seconds: Int((Double(total - done) / rate).rounded(.up)))) left"
        }
        return line
    }

    /// A number with its thousands apart: `1,234,567`.
    static func grouped(_ number: Int) -> String {
        var text = ""
        for (index, digit) in "\(number)".reversed().enumerated() {
            if index > 0 && index % 3 == 0 && digit != "-" { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }
}
