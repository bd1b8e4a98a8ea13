import EventJSON

/// One thing that is accepted at a path. Texts are compared by their bytes in UTF-8: two spellings of one letter are two texts.
public indirect enum Condition: Hashable, Sendable {
    case string([UInt8])
    case number(Double)
    case literal(ValueKind)
    case prefix([UInt8])
    case suffix([UInt8])
    case exists(Bool)
    /// A value that is there and that none of these accepts.
    case anythingBut([Condition])

    static let operators = ["prefix", "suffix", "exists", "anything-but"]
    private static let laterOperators = ["equals-ignore-case", "wildcard", "numeric", "cidr"]

    init(_ value: JSONValue) throws(PatternError) {
        switch value.content {
        case .string, .number, .bool, .null: self = try Condition.scalar(value)
        case .object(let members):
            guard members.count == 1, let member = members.first else {
                throw PatternError("an operator stands alone in its object", at: value.offset)
            }
            self = try Condition.operation(member)
        case .array:
            throw PatternError(
                "a list stands inside a list", at: value.offset,
                hint: "accepted are strings, numbers, true, false, null and operators")
        }
    }

    private static func scalar(_ value: JSONValue) throws(PatternError) -> Condition {
        switch value.content {
        case .string(let text): return .string(Array(text.utf8))
        case .number(let text):
            guard let number = Double(text), number.isFinite else {
                throw PatternError("this number is too large to compare", at: value.offset)
            }
            return .number(number)
        case .bool(let flag): return .literal(flag ? .true : .false)
        case .null: return .literal(.null)
        case .object, .array:
            throw PatternError("a value was expected, not \(value.described)", at: value.offset)
        }
    }

    private static func operation(_ member: JSONValue.Member) throws(PatternError) -> Condition {
        let value = member.value
        switch member.key {
        case "prefix": return .prefix(try text(value, of: member.key))
        case "suffix": return .suffix(try text(value, of: member.key))
        case "exists":
            guard case .bool(let flag) = value.content else {
                throw PatternError("`exists` takes true or false, not \(value.described)", at: value.offset)
            }
            return .exists(flag)
        case "anything-but":
            switch value.content {
            case .array(let values):
                guard !values.isEmpty else { throw PatternError("an empty list excludes nothing", at: value.offset) }
                var excluded: [Condition] = []
                for value in values { excluded.append(try scalar(value)) }
                return .anythingBut(excluded)
            case .object(let members):
                guard members.count == 1, let inner = members.first, inner.key == "prefix" || inner.key == "suffix"
                else {
                    throw PatternError(
                        "`anything-but` takes a value, a list, or one operator", at: value.offset,
                        hint: "in this version: prefix or suffix")
                }
                return .anythingBut([try operation(inner)])
            default: return .anythingBut([try scalar(value)])
            }
        case let name where laterOperators.contains(name):
            throw PatternError("`\(name)` is not in this version", at: member.keyOffset)
        default:
            throw PatternError(
                "there is no operator `\(member.key)`", at: member.keyOffset,
                hint: "operators are \(operators.joined(separator: ", "))")
        }
    }

    private static func text(_ value: JSONValue, of name: String) throws(PatternError) -> [UInt8] {
        guard let text = value.string else {
            throw PatternError("`\(name)` takes a string, not \(value.described)", at: value.offset)
        }
        return Array(text.utf8)
    }

    /// Whether a value that is there is accepted. `text` is a string's, `nil` where it is none or no valid text.
    func accepts(_ kind: ValueKind, text: [UInt8]?, number: Double?) -> Bool {
        switch self {
        case .string(let wanted): kind == .string && text == wanted
        case .number(let wanted): kind == .number && number == wanted
        case .literal(let wanted): kind == wanted
        case .prefix(let wanted): text?.starts(with: wanted) ?? false
        case .suffix(let wanted): text?.reversed().starts(with: wanted.reversed()) ?? false
        case .exists(let wanted): wanted
        case .anythingBut(let excluded): !excluded.contains { $0.accepts(kind, text: text, number: number) }
        }
    }

    /// As it stands in a pattern, for a message.
    public var description: String {
        switch self {
        case .string(let text): Condition.quoted(text)
        case .number(let number): number == number.rounded() && abs(number) < 1e15 ? "\(Int(number))" : "\(number)"
        case .literal(let kind): "\(kind)"
        case .prefix(let text): "{\"prefix\": \(Condition.quoted(text))}"
        case .suffix(let text): "{\"suffix\": \(Condition.quoted(text))}"
        case .exists(let flag): "{\"exists\": \(flag)}"
        case .anythingBut(let excluded):
            "{\"anything-but\": [\(excluded.map(\.description).joined(separator: ", "))]}"
        }
    }

    private static func quoted(_ text: [UInt8]) -> String { "\"\(String(decoding: text, as: UTF8.self))\"" }
}
