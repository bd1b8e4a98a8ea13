import Platform

extension Since {
    /// The moment in milliseconds since 1970 that a text names: `1h` before now, `2026-01-01`, `2026-01-01T00:00:00.000Z`, in
    /// UTC; `nil` for a text that is none.
    static func milliseconds(_ text: String, now: Int64) -> Int64? {
        if let duration = Units.duration(text) { return now - Int64(duration / .milliseconds(1)) }
        let separators: [Character] = ["-", "-", "T", ":", ":", "."]
        let bounds = [1970...9999, 1...12, 1...31, 0...23, 0...59, 0...59, 0...999]
        var rest = (text.hasSuffix("Z") ? text.dropLast() : text[...])
        var numbers: [Int] = []
        for (place, bound) in bounds.enumerated() where !rest.isEmpty || place < 3 {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard digits.count == (place == 0 ? 4 : place == 6 ? 3 : 2), let number = Int(digits),
                bound.contains(number)
            else { return nil }
            numbers.append(number)
            rest = rest.dropFirst(digits.count)
            guard let next = rest.first else { continue }
            guard place < separators.count, next == separators[place], rest.count > 1 else { return nil }
            rest = rest.dropFirst()
        }
        guard rest.isEmpty, numbers.count >= 3 else { return nil }
        numbers += repeatElement(0, count: 7 - numbers.count)
        let days = Int64(CivilDate.days(year: numbers[0], month: numbers[1], day: numbers[2]))
        let seconds = Int64(numbers[3] * 3600 + numbers[4] * 60 + numbers[5])
        return (days * 86_400 + seconds) * 1000 + Int64(numbers[6])
    }
}
