import Glibc

/// Numbers as JSON writes them, as values that can be compared.
///
/// A text has a value if a double (IEEE 754 binary64) holds it as it is written: the double's shortest spelling is the
/// same decimal number. `0.1` and `1e300` have one, `1e400` and `12345678901234567890` have none, for the nearest double is
/// another number. What has none equals its own spelling and nothing else. This is event-ruler's rule.
enum NumberText {
    /// So many digits, a double always holds.
    private static let safeDigits = 15
    private static let powersOfTen: [Double] = (0...22).map { pow(10, Double($0)) }

    /// The value, if there is one; minus zero is zero.
    static func value(_ text: UnsafeRawBufferPointer) -> Double? {
        let decimal = Decimal(text)
        guard decimal.count > 0 else { return 0 }
        if decimal.count <= safeDigits && abs(decimal.power) <= 22 {
            // Both are exact, so that the one rounding is the right one.
            let whole = Double(decimal.significand)
            let size =
                decimal.power < 0 ? whole / powersOfTen[-decimal.power] : whole * powersOfTen[decimal.power]
            return decimal.isNegative ? -size : size
        }
        let nearest = nearest(text)
        guard nearest.isFinite else { return nil }
        let spelling = Array(nearest.description.utf8)
        return spelling.withUnsafeBytes { digits(of: $0) == digits(of: text) } ? nearest : nil
    }

    private static func nearest(_ text: UnsafeRawBufferPointer) -> Double {
        withUnsafeTemporaryAllocation(byteCount: text.count + 1, alignment: 1) { copy in
            copy.copyMemory(from: text)
            copy[text.count] = 0
            // The process's locale is C: its decimal point is a point.
            return strtod(copy.baseAddress!.assumingMemoryBound(to: CChar.self), nil)
        }
    }

    /// A number's digits without zeros at either end, and where its point stands.
    private static func digits(of text: UnsafeRawBufferPointer) -> (digits: [UInt8], power: Int) {
        let mantissa = text.prefix { $0 | 0x20 != 0x65 }
        let zero = UInt8(ascii: "0")
        var digits = mantissa.filter { $0 &- zero < 10 }
        while digits.last == zero { digits.removeLast() }
        return (Array(digits.drop { $0 == zero }), Decimal(text).power)
    }

    /// `significand` times ten to the `power`, without zeros at the end.
    private struct Decimal {
        var isNegative = false
        /// Right as long as there are no more than 18 digits.
        var significand: UInt64 = 0
        /// Digits of the significand.
        var count = 0
        var power = 0

        init(_ text: UnsafeRawBufferPointer) {
            var index = 0
            var isBehindPoint = false
            // Zeros that count only if another digit follows.
            var zeros = 0
            while index < text.count {
                let digit = text[index] &- 0x30
                index += 1
                if digit < 10 {
                    if isBehindPoint { power -= 1 }
                    if digit == 0 {
                        if count > 0 { zeros += 1 }
                        continue
                    }
                    for _ in 0..<zeros { significand = significand &* 10 }
                    significand = significand &* 10 &+ UInt64(digit)
                    count += zeros + 1
                    zeros = 0
                } else if digit == 0x2D &- 0x30 {
                    isNegative = true
                } else if digit == 0x2E &- 0x30 {
                    isBehindPoint = true
                } else {
                    break
                }
            }
            power += zeros + Decimal.exponent(UnsafeRawBufferPointer(rebasing: text[index...]))
        }

        /// What stands behind the `e`. Past a million it is a million: no number is as long as that.
        private static func exponent(_ text: UnsafeRawBufferPointer) -> Int {
            let size = text.reduce(0) { size, byte in
                byte &- 0x30 < 10 ? min(1_000_000, size * 10 + Int(byte - 0x30)) : size
            }
            return text.first == 0x2D ? -size : size
        }
    }
}
