import EventJSON

/// Why a pattern does not take an event: the first field that fails, with the value that it met.
public struct Explanation: Sendable, Equatable {
    /// The path that failed.
    public var path: EventPath
    /// The sentence for a person.
    public var because: String

    /// Values shown of an array, and characters shown of a value.
    private static let valueLimit = 4
    private static let lengthLimit = 80

    /// The first field of a pattern that the body just scanned does not hold; `nil` if it matches.
    /// The scanner must look for the pattern's paths: `paths` is the set that it was made with.
    public init?(
        _ pattern: EventPattern, _ scanner: borrowing EventScanner, paths: PathSet, in body: UnsafeRawBufferPointer
    ) {
        for field in pattern.fields {
            let values = scanner.fields
                .filter {
                    paths.paths[$0.path] == field.path && $0.value.kind != .array && $0.value.kind != .object
                }
                .map { (ScannedValue($0.value, in: body), $0.value) }
            let holds =
                values.isEmpty
                ? field.accepted.contains(.exists(false))
                : values.contains { value in
                    field.accepted.contains { $0 != .exists(false) && value.0.isAccepted(by: $0) }
                }
            if holds { continue }
            path = field.path
            because = Explanation.sentence(field, values.map(\.1), in: body)
            return
        }
        return nil
    }

    private static func sentence(_ field: EventPattern.Field, _ values: [FoundValue], in body: UnsafeRawBufferPointer)
        -> String
    {
        let accepted = "[" + field.accepted.map(\.description).joined(separator: ", ") + "]"
        guard !values.isEmpty else { return "`\(field.path)` is missing; accepted is \(accepted)" }
        let met = values.prefix(valueLimit).map { value in
            let text = String(decoding: UnsafeRawBufferPointer(rebasing: body[value.range]), as: UTF8.self)
            let shown = text.count > lengthLimit ? text.prefix(lengthLimit) + "…" : text[...]
            return value.kind == .string ? "\"\(shown)\"" : String(shown)
        }
        let more = values.count > valueLimit ? " and \(values.count - valueLimit) more" : ""
        var sentence = "`\(field.path)` is \(met.joined(separator: ", "))\(more), which is not in \(accepted)"
        let texts = field.accepted.compactMap { if case .string(let text) = $0 { String(decoding: text, as: UTF8.self) } else { nil } }
        if let first = values.first, first.kind == .string,
            let text = JSONString.decode(UnsafeRawBufferPointer(rebasing: body[first.range])),
            let near = Spelling.nearest(to: text, in: texts)
        {
            sentence += "; did you mean \"\(near)\"?"
        }
        return sentence
    }
}
