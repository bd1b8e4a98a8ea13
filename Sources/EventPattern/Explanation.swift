import EventJSON

/// Why a pattern does not take an event: the first field that fails, with the value that it met.
public struct Explanation: Sendable, Equatable {
    /// The place that failed.
    public var key: FieldKey
    /// The sentence for a person.
    public var because: String

    /// Values shown of an array, conditions shown of a list, and characters shown of a value.
    private static let valueLimit = 4
    private static let conditionLimit = 12
    private static let lengthLimit = 80

    /// The first field of a pattern that an event does not hold; `nil` if it matches. Of several alternatives the one
    /// that comes furthest is explained.
    public init?(_ pattern: EventPattern, _ event: EventFields) {
        var furthest: (held: Int, fields: [EventPattern.Field]) = (-1, [])
        for alternative in pattern.alternatives {
            let held = event.heldFields(of: alternative)
            if held == alternative.count { return nil }
            if held > furthest.held { furthest = (held, alternative) }
        }
        let field = furthest.fields[furthest.held]
        key = field.key
        let values = event.values(at: field.key)
        var sentence: String
        if furthest.held > 0 && event.heldFields(of: [field]) == 1 {
            let others = furthest.fields[..<furthest.held].map { "`\($0.key)`" }.joined(separator: ", ")
            sentence = "`\(field.key)` holds, but not in the same element of an array as \(others)"
        } else {
            sentence = Explanation.sentence(field, values)
        }
        if pattern.alternatives.count > 1 { sentence = "no branch of `$or` holds; in the nearest " + sentence }
        because = sentence
    }

    private static func sentence(_ field: EventPattern.Field, _ values: [EventFields.Value]) -> String {
        let rest = field.accepted.count - conditionLimit
        let shown = field.accepted.prefix(conditionLimit).map(\.description) + (rest > 0 ? ["and \(rest) more"] : [])
        let accepted = "[\(shown.joined(separator: ", "))]"
        guard !values.isEmpty else { return "`\(field.key)` is missing; accepted is \(accepted)" }
        let met = values.prefix(valueLimit).map { value in
            let text = value.shown
            let shown = text.count > lengthLimit ? text.prefix(lengthLimit) + "…" : text[...]
            return value.kind == .string ? "\"\(shown)\"" : String(shown)
        }
        let more = values.count > valueLimit ? " and \(values.count - valueLimit) more" : ""
        let sentence = "`\(field.key)` is \(met.joined(separator: ", "))\(more), which is not in \(accepted)"
        if let near = nearest(field, values) { return sentence + "; did you mean \"\(near)\"?" }
        return sentence + (otherKind(field, values).map { "; \($0)" } ?? "")
    }

    /// Whether a value is spelled like one that is accepted, and is of another kind: `"300"` for `300`.
    private static func otherKind(_ field: EventPattern.Field, _ values: [EventFields.Value]) -> String? {
        for value in values {
            for condition in field.accepted {
                switch (condition, value.kind) {
                case (.string(let text), .number), (.string(let text), .true), (.string(let text), .false),
                    (.string(let text), .null):
                    if text == value.bytes { return "accepted is the text \"\(value.shown)\"" }
                case (.number, .string), (.numeral, .string), (.literal, .string):
                    if condition.description == value.shown { return "accepted is \(value.shown) without quotes" }
                default: break
                }
            }
        }
        return nil
    }

    /// An accepted text that a value nearly is.
    private static func nearest(_ field: EventPattern.Field, _ values: [EventFields.Value]) -> String? {
        let accepted = field.accepted.compactMap { condition -> String? in
            if case .string(let text) = condition { String(decoding: text, as: UTF8.self) } else { nil }
        }
        for value in values where value.kind == .string {
            if let near = Spelling.nearest(to: value.shown, in: accepted) { return near }
        }
        return nil
    }
}
