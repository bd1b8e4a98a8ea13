import Delivery
import Platform

/// A moment in the past as people give it to `--since`: `1h` ago, or `2026-01-01T00:00:00Z`.
public enum Since {
    /// The moment as the files' `executed_at` has it; `nil` for a text that is none. `now` is in milliseconds since 1970.
    public static func read(_ text: String, now: Int64) -> String? {
        if let duration = Units.duration(text) {
            return CivilDate.iso8601(now - Int64(duration / .milliseconds(1)))
        }
        let digits = Array("0000-00-00T00:00:00".utf8)
        let given = Array(text.utf8)
        guard given.count >= 10, given.count <= 24 else { return nil }
        for (index, byte) in given.enumerated() where index < digits.count {
            let isDigit = byte >= 0x30 && byte <= 0x39
            guard digits[index] == 0x30 ? isDigit : byte == digits[index] else { return nil }
        }
        return given.last == 0x5A ? String(text.dropLast()) : text
    }
}
