import EventJSON

/// Reads values out of an event's body for templates.
enum EventBody {
    /// How deep a body may be nested to be read.
    static let depthLimit = 512

    /// Whether bytes are one JSON value.
    static func isJSON(_ body: [UInt8]) -> Bool { values(at: [], in: body) != nil }

    /// The values at paths, of those that there are; `nil` if the body is no JSON.
    static func values(at paths: [EventPath], in body: [UInt8]) -> [EventPath: TemplateValue]? {
        var reader = Reader(paths: paths.map { $0.keys.map { Array($0.utf8) } })
        guard body.withUnsafeBufferPointer({ reader.read($0) }) else { return nil }
        var values: [EventPath: TemplateValue] = [:]
        for (path, value) in zip(paths, reader.found) { values[path] = value }
        return values
    }

    private struct Reader {
        let paths: [[[UInt8]]]
        var found: [TemplateValue?]
        private var index = 0

        init(paths: [[[UInt8]]]) {
            self.paths = paths
            found = Array(repeating: nil, count: paths.count)
        }

        mutating func read(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
            skipSpace(text)
            guard value(text, depth: 0, wanted: Array(paths.indices)) else { return false }
            skipSpace(text)
            return index == text.count
        }

        /// Reads a value; `wanted` are the paths whose first `depth` keys lead here.
        private mutating func value(_ text: UnsafeBufferPointer<UInt8>, depth: Int, wanted: [Int]) -> Bool {
            guard index < text.count, depth < depthLimit else { return false }
            let start = index
            let isString = text[start] == UInt8(ascii: "\"")
            let isGood: Bool
            switch text[start] {
            case UInt8(ascii: "{"): isGood = object(text, depth: depth, wanted: wanted)
            case UInt8(ascii: "["): isGood = array(text, depth: depth)
            case UInt8(ascii: "\""): isGood = string(text)
            case UInt8(ascii: "t"): isGood = word("true", text)
            case UInt8(ascii: "f"): isGood = word("false", text)
            case UInt8(ascii: "n"): isGood = word("null", text)
            default: isGood = number(text)
            }
            guard isGood else { return false }
            for path in wanted where paths[path].count == depth && found[path] == nil {
                let bytes = UnsafeBufferPointer(rebasing: text[start..<index])
                if isString {
                    found[path] = .text(JSONText.decoded(UnsafeBufferPointer(rebasing: bytes[1..<(bytes.count - 1)])))
                } else {
                    var json: [UInt8] = []
                    CompactJSON.append(bytes, to: &json)
                    found[path] = .json(json)
                }
            }
            return true
        }

        private mutating func object(_ text: UnsafeBufferPointer<UInt8>, depth: Int, wanted: [Int]) -> Bool {
            index += 1
            skipSpace(text)
            if take(UInt8(ascii: "}"), text) { return true }
            while true {
                let start = index + 1
                guard index < text.count, text[index] == UInt8(ascii: "\""), string(text) else { return false }
                let raw = UnsafeBufferPointer(rebasing: text[start..<(index - 1)])
                var inside: [Int] = []
                if !wanted.isEmpty {
                    let key = raw.contains(UInt8(ascii: "\\")) ? JSONText.decoded(raw) : Array(raw)
                    inside = wanted.filter { paths[$0].count > depth && paths[$0][depth] == key }
                }
                skipSpace(text)
                guard take(UInt8(ascii: ":"), text) else { return false }
                skipSpace(text)
                guard value(text, depth: depth + 1, wanted: inside) else { return false }
                skipSpace(text)
                if take(UInt8(ascii: "}"), text) { return true }
                guard take(UInt8(ascii: ","), text) else { return false }
                skipSpace(text)
            }
        }

        private mutating func array(_ text: UnsafeBufferPointer<UInt8>, depth: Int) -> Bool {
            index += 1
            skipSpace(text)
            if take(UInt8(ascii: "]"), text) { return true }
            while true {
                guard value(text, depth: depth + 1, wanted: []) else { return false }
                skipSpace(text)
                if take(UInt8(ascii: "]"), text) { return true }
                guard take(UInt8(ascii: ","), text) else { return false }
                skipSpace(text)
            }
        }

        private mutating func string(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
            index += 1
            while index < text.count {
                let byte = text[index]
                index += byte == UInt8(ascii: "\\") ? 2 : 1
                if byte == UInt8(ascii: "\"") { return true }
                if byte < 0x20 { return false }
            }
            return false
        }

        private mutating func number(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
            let start = index
            while index < text.count, Self.isNumeric(text[index]) { index += 1 }
            return index > start && text[index - 1] >= 0x30 && text[start] != UInt8(ascii: "+")
        }

        private static func isNumeric(_ byte: UInt8) -> Bool {
            (byte >= 0x30 && byte <= 0x39) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
                || byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e")
        }

        private mutating func word(_ word: StaticString, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
            guard index + word.utf8CodeUnitCount <= text.count else { return false }
            for offset in 0..<word.utf8CodeUnitCount where text[index + offset] != word.utf8Start[offset] {
                return false
            }
            index += word.utf8CodeUnitCount
            return true
        }

        private mutating func take(_ byte: UInt8, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
            guard index < text.count, text[index] == byte else { return false }
            index += 1
            return true
        }

        private mutating func skipSpace(_ text: UnsafeBufferPointer<UInt8>) {
            while index < text.count {
                let byte = text[index]
                guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
                index += 1
            }
        }
    }
}
