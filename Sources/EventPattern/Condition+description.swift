import EventJSON

extension Condition: CustomStringConvertible {
    /// As it stands in a pattern, for a message.
    public var description: String {
        switch self {
        case .string(let text): Condition.quoted(String(decoding: text, as: UTF8.self))
        case .number(let number): Condition.digits(number)
        case .numeral(let digits): String(decoding: digits, as: UTF8.self)
        case .literal(let kind): "\(kind)"
        case .prefix(let text): "{\"prefix\": \(Condition.quoted(String(decoding: text, as: UTF8.self)))}"
        case .suffix(let text): "{\"suffix\": \(Condition.quoted(String(decoding: text, as: UTF8.self)))}"
        case .ignoringCase(let letters, .whole): "{\"equals-ignore-case\": \(Condition.quoted(letters.text))}"
        case .ignoringCase(let letters, let affix):
            "{\"\(affix)\": {\"equals-ignore-case\": \(Condition.quoted(letters.text))}}"
        case .wildcard(let wildcard): "{\"wildcard\": \(Condition.quoted(wildcard.text))}"
        case .range(let range): "{\"numeric\": \(Condition.bounds(range))}"
        case .addresses(let range) where range.isOne: Condition.quoted(range.text)
        case .addresses(let range): "{\"cidr\": \(Condition.quoted(range.text))}"
        case .exists(let flag): "{\"exists\": \(flag)}"
        case .anythingBut(let excluded):
            "{\"anything-but\": [\(excluded.map(\.description).joined(separator: ", "))]}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var writer = JSONWriter()
        writer.string(text)
        return writer.text
    }

    private static func digits(_ number: Double) -> String {
        number == number.rounded() && abs(number) < 1e15 ? "\(Int(number))" : "\(number)"
    }

    private static func bounds(_ range: NumberRange) -> String {
        if range.low == range.high { return "[\"=\", \(digits(range.low))]" }
        var parts: [String] = []
        if range.low > -.infinity { parts.append("\"\(range.includesLow ? ">=" : ">")\", \(digits(range.low))") }
        if range.high < .infinity { parts.append("\"\(range.includesHigh ? "<=" : "<")\", \(digits(range.high))") }
        return "[\(parts.joined(separator: ", "))]"
    }
}
