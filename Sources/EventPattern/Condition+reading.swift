import EventJSON

extension Condition {
    static let operators = [
        "prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "numeric", "exists", "cidr",
    ]

    /// Reads one element of a list of what is accepted.
    init(_ value: JSONValue) throws(PatternError) {
        switch value.content {
        case .string, .number, .bool, .null: self = try Condition.scalar(value)
        case .object(let members):
            guard members.count == 1, let member = members.first else {
                throw PatternError(
                    members.isEmpty ? "an operator was expected" : "an operator stands alone in its object",
                    at: value.offset, hint: "operators are \(Condition.operators.joined(separator: ", "))")
            }
            self = try Condition.operation(member.key, member.value, at: member.keyOffset)
        case .array:
            throw PatternError(
                "a list stands inside a list", at: value.offset,
                hint: "accepted are strings, numbers, true, false, null and operators")
        }
    }

    private static func scalar(_ value: JSONValue) throws(PatternError) -> Condition {
        switch value.content {
        // An address equals its other spellings.
        case .string(let text): return AddressRange(address: text).map(Condition.addresses) ?? .string(Array(text.utf8))
        case .number(let text): return comparable(text).map(Condition.number) ?? .numeral(Array(text.utf8))
        case .bool(let flag): return .literal(flag ? .true : .false)
        case .null: return .literal(.null)
        case .object, .array:
            throw PatternError("a value was expected, not \(value.described)", at: value.offset)
        }
    }

    private static func number(_ value: JSONValue) throws(PatternError) -> Double {
        guard case .number(let text) = value.content else {
            throw PatternError("a number was expected, not \(value.described)", at: value.offset)
        }
        guard let number = comparable(text) else {
            throw PatternError(
                "no double (IEEE 754 binary64) holds \(text), so that it cannot be compared", at: value.offset,
                hint: "numbers reach up to 1.7e308 and have up to 15 digits, some up to 17")
        }
        return number
    }

    private static func comparable(_ text: String) -> Double? {
        Array(text.utf8).withUnsafeBytes(NumberText.value)
    }

    private static func operation(_ name: String, _ value: JSONValue, at offset: Int) throws(PatternError) -> Condition
    {
        switch name {
        case "exactly": return .string(Array(try text(value, of: name).utf8))
        case "prefix": return try affix(value, .prefix)
        case "suffix": return try affix(value, .suffix)
        case "equals-ignore-case": return .ignoringCase(LetterCase(try text(value, of: name)), .whole)
        case "wildcard": return try wildcard(value)
        case "numeric": return .range(try range(value))
        case "cidr":
            let text = try text(value, of: name)
            do throws(AddressRange.Fault) { return .addresses(try AddressRange(text)) } catch {
                throw PatternError(error.message, at: value.offset, hint: error.hint)
            }
        case "exists":
            guard case .bool(let flag) = value.content else {
                throw PatternError("`exists` takes true or false, not \(value.described)", at: value.offset)
            }
            return .exists(flag)
        case "anything-but": return .anythingBut(try excluded(value))
        default:
            let near = Spelling.nearest(to: name, in: operators)
            throw PatternError(
                "there is no operator `\(name)`", at: offset,
                hint: near.map { "did you mean `\($0)`?" } ?? "operators are \(operators.joined(separator: ", "))")
        }
    }

    private static func affix(_ value: JSONValue, _ affix: Affix) throws(PatternError) -> Condition {
        guard let inner = value.members else {
            let text = Array(try text(value, of: "\(affix)").utf8)
            return affix == .prefix ? .prefix(text) : .suffix(text)
        }
        guard inner.count == 1, inner[0].key == "equals-ignore-case" else {
            throw PatternError(
                "`\(affix)` takes a string, or {\"equals-ignore-case\": \"…\"}", at: value.offset)
        }
        return .ignoringCase(LetterCase(try text(inner[0].value, of: inner[0].key)), affix)
    }

    private static func wildcard(_ value: JSONValue) throws(PatternError) -> Condition {
        let text = try text(value, of: "wildcard")
        do throws(Wildcard.Fault) { return .wildcard(try Wildcard(text)) } catch {
            throw PatternError(error.message, at: value.offset, hint: error.hint)
        }
    }

    private static func excluded(_ value: JSONValue) throws(PatternError) -> [Condition] {
        switch value.content {
        case .string, .number: return [try exclusion(value)]
        case .array(let values):
            let areStrings = values.allSatisfy { $0.string != nil }
            let areNumbers = values.allSatisfy { if case .number = $0.content { true } else { false } }
            guard !values.isEmpty, areStrings || areNumbers else {
                let areComparable = values.allSatisfy {
                    if case .number = $0.content { true } else { $0.string != nil }
                }
                throw PatternError(
                    "a list in `anything-but` holds strings only or numbers only", at: value.offset,
                    hint: areComparable
                        ? "strings and numbers can't be excluded together: leave one kind out"
                        : "for true, false and null name what is accepted instead")
            }
            var conditions: [Condition] = []
            for value in values { conditions.append(try exclusion(value)) }
            return conditions
        case .object(let members):
            let known = ["prefix", "suffix", "equals-ignore-case", "wildcard"]
            guard members.count == 1, let inner = members.first, known.contains(inner.key) else {
                throw PatternError(
                    "`anything-but` takes a value, a list, or one operator", at: value.offset,
                    hint: "operators here are \(known.joined(separator: ", "))")
            }
            return try excluded(by: inner)
        case .bool, .null:
            throw PatternError(
                "`anything-but` takes strings and numbers, not \(value.described)", at: value.offset,
                hint: "for true, false and null name what is accepted instead")
        }
    }

    /// A text or a number that is excluded. Here an address is a text like any other, and a number must be comparable.
    private static func exclusion(_ value: JSONValue) throws(PatternError) -> Condition {
        if let text = value.string { return .string(Array(text.utf8)) }
        return .number(try number(value))
    }

    private static func excluded(by member: JSONValue.Member) throws(PatternError) -> [Condition] {
        let values = member.value.array ?? [member.value]
        guard !values.isEmpty else {
            throw PatternError("an empty list excludes nothing", at: member.value.offset)
        }
        var conditions: [Condition] = []
        for value in values {
            let isAffix = member.key == "prefix" || member.key == "suffix"
            let text = try text(value, of: member.key)
            if isAffix && text.isEmpty {
                throw PatternError("an empty \(member.key) excludes every text", at: value.offset)
            }
            conditions.append(try operation(member.key, value, at: member.keyOffset))
        }
        return conditions
    }

    /// `[">", 0, "<=", 5]`, `["<", 3]`, `["=", 1]`.
    private static func range(_ value: JSONValue) throws(PatternError) -> NumberRange {
        let hint = "write [\"=\", 5], [\"<\", 5] or [\">=\", 0, \"<\", 5]"
        guard let parts = value.array, parts.count == 2 || parts.count == 4 else {
            throw PatternError("`numeric` takes one comparison, or two", at: value.offset, hint: hint)
        }
        let first = try number(parts[1])
        switch parts[0].string {
        case "=" where parts.count == 2:
            return NumberRange(low: first, includesLow: true, high: first, includesHigh: true)
        case "<" where parts.count == 2, "<=" where parts.count == 2:
            return NumberRange(
                low: -.infinity, includesLow: false, high: first, includesHigh: parts[0].string == "<=")
        case ">", ">=":
            let includesLow = parts[0].string == ">="
            guard parts.count == 4 else {
                return NumberRange(low: first, includesLow: includesLow, high: .infinity, includesHigh: false)
            }
            guard parts[2].string == "<" || parts[2].string == "<=" else {
                throw PatternError("behind a lower bound comes < or <=", at: parts[2].offset, hint: hint)
            }
            let high = try number(parts[3])
            guard first < high else {
                throw PatternError("the lower bound must be less than the upper one", at: parts[1].offset, hint: hint)
            }
            return NumberRange(low: first, includesLow: includesLow, high: high, includesHigh: parts[2].string == "<=")
        default:
            throw PatternError("`numeric` begins with =, <, <=, > or >=", at: parts[0].offset, hint: hint)
        }
    }

    private static func text(_ value: JSONValue, of name: String) throws(PatternError) -> String {
        guard let text = value.string else {
            throw PatternError("`\(name)` takes a string, not \(value.described)", at: value.offset)
        }
        return text
    }
}
