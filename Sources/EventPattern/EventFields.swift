import EventJSON

/// One event's values by their places, kept apart from the body: what explanations look at. It takes its time, and
/// agrees with `PatternMatcher` on every event.
public struct EventFields: Sendable {
    /// A value with the array elements that it stands in, by array.
    struct Value: Sendable {
        var kind: ValueKind
        var bytes: [UInt8]
        var isText: Bool
        var elements: [Int: Int]

        var shown: String { String(decoding: bytes, as: UTF8.self) }

        func isAccepted(by condition: Condition) -> Bool {
            bytes.withUnsafeBytes { condition.accepts(FieldValue(kind: kind, bytes: $0, isText: isText)) }
        }
    }

    /// Choices of elements that are tried for one pattern.
    private static let choiceLimit = 100_000

    private var fields: [FieldKey: [Value]] = [:]

    /// The values of a body just scanned; `paths` is the set that the scanner was made with. `keys` of the request are asked for.
    public init(
        _ scanner: borrowing EventScanner, paths: PathSet, in body: UnsafeRawBufferPointer, keys: Set<FieldKey> = [],
        of request: some RequestFields = NoRequest()
    ) {
        for field in scanner.fields where field.value.kind != .array && field.value.kind != .object {
            let bytes = UnsafeRawBufferPointer(rebasing: body[field.value.range])
            let text = field.value.hasEscapes ? JSONString.decode(bytes).map { Array($0.utf8) } : Array(bytes)
            var elements: [Int: Int] = [:]
            var trail = field.trail
            while trail >= 0 {
                elements[scanner.trails[trail].array] = scanner.trails[trail].element
                trail = scanner.trails[trail].parent
            }
            fields[.body(paths.paths[field.path]), default: []].append(
                Value(kind: field.value.kind, bytes: text ?? Array(bytes), isText: text != nil, elements: elements))
        }
        for key in keys where key.bodyPath == nil {
            request.texts(at: key) {
                fields[key, default: []].append(Value(kind: .string, bytes: Array($0), isText: true, elements: [:]))
            }
        }
    }

    func values(at key: FieldKey) -> [Value] { fields[key] ?? [] }

    /// How many of an alternative's fields, from the first, can hold together.
    func heldFields(of fields: [EventPattern.Field]) -> Int {
        if canHold(fields) { return fields.count }
        return fields.indices.first { !canHold(Array(fields[...$0])) } ?? fields.count - 1
    }

    /// Whether fields hold together. They are tried in the order of their names: a value is missing if it stands in no
    /// array elements but others than those chosen so far.
    private func canHold(_ fields: [EventPattern.Field]) -> Bool {
        let fields = fields.sorted { $0.key.precedes($1.key) }
        var tried = 0
        func go(_ index: Int, _ chosen: [Int: Int]) -> Bool {
            tried += 1
            if index == fields.count || tried > EventFields.choiceLimit { return true }
            let field = fields[index]
            let values = values(at: field.key).filter { value in
                value.elements.allSatisfy { chosen[$0.key] ?? $0.value == $0.value }
            }
            if values.isEmpty { return field.accepted.contains(.exists(false)) && go(index + 1, chosen) }
            for value in values
            where field.accepted.contains(where: { $0 != .exists(false) && value.isAccepted(by: $0) }) {
                if go(index + 1, chosen.merging(value.elements) { one, _ in one }) { return true }
            }
            return false
        }
        return go(0, [:])
    }
}
