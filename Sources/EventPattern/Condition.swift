import EventJSON

/// One thing that is accepted at a place. Texts are compared by their bytes in UTF-8: two spellings of one letter are two texts.
public indirect enum Condition: Hashable, Sendable {
    case string([UInt8])
    case number(Double)
    /// A number that no double holds as it is written: it is compared by its digits, as event-ruler does.
    case numeral([UInt8])
    case literal(ValueKind)
    case prefix([UInt8])
    case suffix([UInt8])
    /// The text, a beginning of it or an end of it, each letter small or capital.
    case ignoringCase(LetterCase, Affix)
    case wildcard(Wildcard)
    case range(NumberRange)
    case addresses(AddressRange)
    case exists(Bool)
    /// A value that is there and that none of these accepts.
    case anythingBut([Condition])

    /// Which part of a text is meant.
    public enum Affix: Hashable, Sendable {
        case whole, prefix, suffix
    }

    /// Whether a value that is there is accepted.
    func accepts(_ value: FieldValue) -> Bool {
        switch self {
        case .string(let wanted): value.kind == .string && value.isText && value.bytes.elementsEqual(wanted)
        case .number(let wanted): value.number == wanted
        case .numeral(let wanted): value.kind == .number && value.bytes.elementsEqual(wanted)
        case .literal(let wanted): value.kind == wanted
        case .prefix(let wanted): value.text?.starts(with: wanted) ?? false
        case .suffix(let wanted): value.text?.ends(with: wanted) ?? false
        case .ignoringCase(let letters, let affix): value.text.map { letters.matches($0, affix) } ?? false
        case .wildcard(let wildcard): value.text.map(wildcard.matches) ?? false
        case .range(let range): value.number.map(range.contains) ?? false
        case .addresses(let range): value.text.flatMap(IPAddress.init).map(range.contains) ?? false
        case .exists(let wanted): wanted
        case .anythingBut(let excluded): !excluded.contains { $0.accepts(value) }
        }
    }
}

/// A value that conditions are tried on. Its bytes are borrowed.
struct FieldValue {
    let kind: ValueKind
    /// A string's text, escapes resolved; anything else as it stands in the body.
    let bytes: UnsafeRawBufferPointer
    /// Whether a string is text: one with half a surrogate pair is none, and no condition on texts takes it.
    var isText = true

    /// The text, if it is one.
    var text: UnsafeRawBufferPointer? { kind == .string && isText ? bytes : nil }

    /// The number, if it is one that a double holds as it is written.
    var number: Double? { kind == .number ? NumberText.value(bytes) : nil }
}

extension UnsafeRawBufferPointer {
    func ends(with other: [UInt8]) -> Bool {
        count >= other.count && self[(count - other.count)...].elementsEqual(other)
    }
}
