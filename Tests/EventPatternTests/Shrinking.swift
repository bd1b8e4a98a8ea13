import EventJSON

/// Makes a failing pair of JSON texts smaller, one member or element at a time, as long as it still fails.
enum Shrinking {
    static func shrink(
        _ pair: (pattern: String, event: String), while fails: (String, String) -> Bool
    ) -> (pattern: String, event: String) {
        var pair = pair
        var isSmaller = true
        while isSmaller {
            isSmaller = false
            if let pattern = smaller(pair.pattern).first(where: { fails($0, pair.event) }) {
                pair.pattern = pattern
                isSmaller = true
            }
            if let event = smaller(pair.event).first(where: { fails(pair.pattern, $0) }) {
                pair.event = event
                isSmaller = true
            }
        }
        return pair
    }

    /// A text without one of its members or elements, for each of them.
    private static func smaller(_ text: String) -> [String] {
        let bytes = Array(text.utf8)
        guard let document = try? JSONDocument(bytes) else { return [] }
        var texts: [String] = []
        func visit(_ value: JSONValue) {
            let children: [(start: Int, value: JSONValue)] =
                value.members?.map { ($0.keyOffset, $0.value) } ?? value.array?.map { ($0.offset, $0) } ?? []
            for (index, child) in children.enumerated() {
                var removed = child.start..<child.value.range.upperBound
                if index + 1 < children.count {
                    removed = child.start..<children[index + 1].start
                } else if index > 0 {
                    removed = children[index - 1].value.range.upperBound..<removed.upperBound
                }
                texts.append(
                    String(decoding: bytes[..<removed.lowerBound] + bytes[removed.upperBound...], as: UTF8.self))
                visit(child.value)
            }
        }
        visit(document.root)
        return texts
    }
}
