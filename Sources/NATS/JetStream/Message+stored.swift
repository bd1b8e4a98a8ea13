import Platform

/// What a message that was read from a stream says of how it was stored there.
extension Message {
    /// When the stream took it, in milliseconds since 1970, by the clock of the stream's leader (`Nats-Time-Stamp`, of which
    /// only date, time and the fraction's first three digits are looked at); `nil` if it does not say.
    public var storedAt: Int64? {
        guard let text = headers?["Nats-Time-Stamp"] else { return nil }
        let digits = Array(text.utf8)
        guard digits.count >= 19 else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            digits[range].reduce(0) { value, digit -> Int? in
                guard let value, (0x30...0x39).contains(digit) else { return nil }
                return value * 10 + Int(digit - 0x30)
            }
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), (1...12).contains(month),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19)
        else { return nil }
        var fraction = digits.dropFirst(19).first == UInt8(ascii: ".") ? digits.dropFirst(20).prefix(3) : []
        if let end = fraction.firstIndex(where: { !(0x30...0x39).contains($0) }) { fraction = fraction[..<end] }
        var milliseconds = fraction.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        for _ in fraction.count..<3 { milliseconds *= 10 }
        let seconds = Int64(CivilDate.days(year: year, month: month, day: day)) * 86_400
        return (seconds + Int64(hour * 3600 + minute * 60 + second)) * 1000 + milliseconds
    }
}
