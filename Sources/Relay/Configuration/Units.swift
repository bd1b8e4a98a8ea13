import Delivery

/// The units of `routes.json`: `"250ms"`, `"64KiB"`, `"100/s"`. Each answers `nil` for a text that is none.
enum Units {
    static let durationHint = "durations are written like \"250ms\", \"10s\", \"5m\", \"24h\" or \"7d\""
    static let sizeHint = "sizes are written like \"64KiB\", \"1MiB\" or \"10GB\""
    static let rateHint = "rates are written like \"100/s\", \"600/m\" or \"1000/h\""
    /// No duration is longer: about three years.
    private static let durationLimitMilliseconds = 1000 * 86_400_000

    static func duration(_ text: String) -> Duration? {
        guard let (value, unit) = split(text) else { return nil }
        let factors = ["ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
        guard let factor = factors[unit] else { return nil }
        let (milliseconds, overflow) = value.multipliedReportingOverflow(by: factor)
        guard !overflow, milliseconds <= durationLimitMilliseconds else { return nil }
        return .milliseconds(milliseconds)
    }

    /// A duration in the largest unit that it is a whole number of, days only where there are several: `"24h"`, `"90s"`.
    static func text(_ duration: Duration) -> String {
        let milliseconds = Int64(duration / .milliseconds(1))
        let units: [(name: String, milliseconds: Int64, least: Int64)] = [
            ("d", 86_400_000, 2), ("h", 3_600_000, 1), ("m", 60_000, 1), ("s", 1000, 1),
        ]
        for unit in units
        where milliseconds % unit.milliseconds == 0 && milliseconds / unit.milliseconds >= unit.least {
            return "\(milliseconds / unit.milliseconds)\(unit.name)"
        }
        return "\(milliseconds)ms"
    }

    static func size(_ text: String) -> Int? {
        guard let (value, unit) = split(text) else { return nil }
        let factors = [
            "B": 1, "kB": 1000, "KB": 1000, "MB": 1_000_000, "GB": 1_000_000_000, "TB": 1_000_000_000_000,
            "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
        ]
        guard let factor = factors[unit] else { return nil }
        let (bytes, overflow) = value.multipliedReportingOverflow(by: factor)
        return overflow ? nil : bytes
    }

    static func rate(_ text: String) -> Rate? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let count = Int(parts[0]), count > 0 else { return nil }
        switch parts[1] {
        case "s": return Rate(count: count, per: .seconds(1))
        case "m": return Rate(count: count, per: .seconds(60))
        case "h": return Rate(count: count, per: .seconds(3600))
        default: return nil
        }
    }

    private static func split(_ text: String) -> (Int, String)? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty, digits.count <= 15, let value = Int(digits) else { return nil }
        return (value, String(text[digits.endIndex...]))
    }
}
