/// A text whose letters may each be small or capital, by Unicode's full mappings: `straße` takes `STRASSE` and `STRAßE`.
///
/// As in event-ruler, which looks at UTF-16 units one by one, a character beyond the Basic Multilingual Plane (an emoji) is
/// neither: a text with one in it takes nothing.
public struct LetterCase: Hashable, Sendable {
    /// The text as it was written.
    public let text: String
    /// The text in small letters, if all of it is ASCII: then it is compared by that.
    let ascii: [UInt8]?
    /// For each character the byte sequences that may stand for it.
    private let spellings: [[[UInt8]]]

    init(_ text: String) {
        self.text = text
        ascii = text.utf8.allSatisfy { $0 < 0x80 } ? text.utf8.map(LetterCase.small) : nil
        spellings =
            ascii != nil
            ? []
            : text.unicodeScalars.map { scalar in
                var spellings: [[UInt8]] = []
                guard scalar.value <= 0xFFFF else { return [] }
                for spelling in [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping] {
                    let bytes = Array(spelling.utf8)
                    if !spellings.contains(bytes) { spellings.append(bytes) }
                }
                return spellings
            }
    }

    /// A letter of ASCII in small.
    @inline(__always) static func small(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    /// Whether a text is this one, begins or ends like it.
    func matches(_ value: UnsafeRawBufferPointer, _ affix: Condition.Affix) -> Bool {
        if let ascii {
            guard affix == .whole ? value.count == ascii.count : value.count >= ascii.count else { return false }
            let start = affix == .suffix ? value.count - ascii.count : 0
            for index in ascii.indices where LetterCase.small(value[start + index]) != ascii[index] { return false }
            return true
        }
        return affix == .suffix ? endsLikeThis(value) : beginsLikeThis(value, isWhole: affix == .whole)
    }

    private func beginsLikeThis(_ value: UnsafeRawBufferPointer, isWhole: Bool) -> Bool {
        // One character's spellings may differ in length: all places that some choice leads to go along.
        var places: Set<Int> = [0]
        for spellings in spellings {
            var next: Set<Int> = []
            for place in places {
                for spelling in spellings where value[place...].starts(with: spelling) {
                    next.insert(place + spelling.count)
                }
            }
            if next.isEmpty { return false }
            places = next
        }
        return isWhole ? places.contains(value.count) : true
    }

    private func endsLikeThis(_ value: UnsafeRawBufferPointer) -> Bool {
        var places: Set<Int> = [value.count]
        for spellings in spellings.reversed() {
            var next: Set<Int> = []
            for place in places {
                for spelling in spellings {
                    let start = place - spelling.count
                    if start >= 0, value[start..<place].elementsEqual(spelling) { next.insert(start) }
                }
            }
            if next.isEmpty { return false }
            places = next
        }
        return true
    }
}
