import TestSupport
import Testing

@testable import EventJSON

/// Texts changed by chance, and values made by it. A failure says its seed.
struct FuzzTests {
    private static let texts =
        [
            #"{"a":{"b":[{"c":"x\n\u00e9"},{"c":-1.5e+3}]},"b":[true,false,null],"z":{"a":[[1,2],[]]}}"#,
            "{\"id\":\"ev_0e16e42bc6e0c65b57\",\"type\":\"redemption.succeeded\",\"data\":{\"a\":[],\"é😀\":\"é😀\"}}",
            #"[ 1 , "two" , {"b" : {"c" : "\ud83d\ude00"}} , [ [ [ ] ] ] ]"#, #""just \\ a \"string\"""#, "-0.5e-10",
            #"{"a":1,"b":{"a":2,"b":{"a":3}}}"#,
        ].map { Array($0.utf8) }
    private static let pieces = [
        "\"", "\\", "\\u", "\\ud83d", "\\ude00", "{", "}", "[", "]", ",", ":", " ", "\n", "\0", "\u{1F}", "é", "😀",
        "\u{FEFF}", "0",
        "-", "e", ".", "true", "null", "\"a\":", "[[[[[[[[", "]]]]", "\"a\"", "12345678", "aaaaaaaa",
    ]

    @Test func allReadersAgreeOnWhatIsJSON() {
        for seed in 0..<4000 {
            var chance = SeededGenerator(seed: seed)
            let text = FuzzTests.texts.randomElement(using: &chance)!
            let bytes = chance.mutated(text, pieces: FuzzTests.pieces)
            let readings = Readings(bytes)
            #expect(readings.scanning == readings.scanningForAll, "seed \(seed)")
            #expect(readings.skipping?.offset == readings.scanning?.offset, "seed \(seed)")
            // A document refuses two things more, which an event may have.
            let isStricter =
                readings.document.map {
                    $0.message.hasSuffix("stands here a second time") || $0.message.hasSuffix("(a lone surrogate)")
                } ?? false
            if !isStricter { #expect(readings.document?.offset == readings.scanning?.offset, "seed \(seed)") }
            for fault in [readings.scanning, readings.document].compactMap({ $0 }) {
                #expect((0...bytes.count).contains(fault.offset), "seed \(seed)")
                _ = JSONDocument.location(of: fault.offset, in: bytes)
            }
            if readings.scanning == nil {
                #expect(String(validating: bytes, as: UTF8.self) != nil, "seed \(seed)")
                #expect(Readings(CompactJSON.compacted(bytes)).scanning == nil, "seed \(seed)")
            }
        }
    }

    @Test func bytesByChanceDoNoHarm() {
        for seed in 0..<4000 {
            var chance = SeededGenerator(seed: seed)
            let bytes = chance.nastyBytes()
            let readings = Readings(bytes)
            #expect(readings.skipping?.offset == readings.scanning?.offset, "seed \(seed)")
            bytes.withUnsafeBytes { _ = JSONString.decode($0) }
            _ = CompactJSON.compacted(bytes)
            _ = try? Template(parsing: String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test func theScannerFindsWhatTheDocumentHolds() throws {
        let paths = ["a", "b", "a.b", "a.a", "b.c.a", "a.b.c"]
        var set = PathSet()
        for path in paths { _ = set.insert(EventPath(path)) }
        var scanner = EventScanner(set)
        for seed in 0..<3000 {
            var chance = SeededGenerator(seed: seed)
            let bytes = Array(FuzzTests.value(&chance, depth: 0).utf8)
            let document = try JSONDocument(bytes)
            try bytes.withUnsafeBytes { try scanner.scan($0) }
            var expected: [Found] = []
            if case .object = document.root.content { FuzzTests.walk(document.root, [], paths, [], &expected) }
            let found = scanner.fields.map { field in
                var trail: [Int] = []
                var index = field.trail
                while index >= 0 {
                    trail.insert(scanner.trails[index].element, at: 0)
                    index = scanner.trails[index].parent
                }
                let isString = field.value.kind == .string
                let range = field.value.range
                return Found(
                    path: field.path,
                    range: isString ? (range.lowerBound - 1)..<(range.upperBound + 1) : range, trail: trail)
            }
            #expect(found == expected, "seed \(seed)")
            for path in paths.indices {
                let first = scanner.first(path).map {
                    $0.kind == .string ? $0.range.lowerBound - 1 : $0.range.lowerBound
                }
                #expect(first == expected.first { $0.path == path }?.range.lowerBound, "seed \(seed)")
            }
        }
    }

    /// A value at a path: its bytes, and the elements it stands in, of those arrays that more than one path leads through.
    private struct Found: Equatable {
        var path: Int
        var range: Range<Int>
        var trail: [Int]
    }

    /// What a scanner should find, read from a document.
    private static func walk(
        _ value: JSONValue, _ keys: [String], _ paths: [String], _ trail: [Int], _ found: inout [Found]
    ) {
        switch value.content {
        case .object(let members):
            for member in members {
                // A key with dots stands for the objects that it abbreviates.
                let more = member.key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
                walk(member.value, keys + more, paths, trail, &found)
            }
        case .array(let elements):
            let here = keys.joined(separator: ".")
            let isShared = paths.count { $0 == here || $0.hasPrefix(here + ".") } > 1
            for (index, element) in elements.enumerated() {
                // What is itself an element has no other values beside it.
                let isContainer = element.members != nil || element.array != nil
                walk(element, keys, paths, trail + (isShared && isContainer ? [index] : []), &found)
            }
        default: break
        }
        guard let path = paths.firstIndex(of: keys.joined(separator: ".")) else { return }
        found.append(Found(path: path, range: value.range, trail: trail))
    }

    /// A value with few keys, so that many of its values are wanted ones.
    private static func value(_ chance: inout SeededGenerator, depth: Int) -> String {
        switch Int.random(in: 0..<(depth < 5 ? 8 : 4), using: &chance) {
        case 0: return ["0", "-1.5", "12e3"].randomElement(using: &chance)!
        case 1: return ["true", "false", "null"].randomElement(using: &chance)!
        case 2, 3: return ["\"\"", "\"text\"", "\"\\u0061\\n\"", "\"é\""].randomElement(using: &chance)!
        case 4, 5:
            let count = Int.random(in: 0...3, using: &chance)
            let elements = (0..<count).map { _ in value(&chance, depth: depth + 1) }
            return "[\(elements.joined(separator: " ,"))]"
        default:
            let keys = ["a", "\\u0062", "c", "d", "a.b", "b.\\u0063", "."].shuffled(using: &chance).prefix(
                Int.random(in: 0...4, using: &chance))
            let members = keys.map { "\"\($0)\": \(value(&chance, depth: depth + 1))" }
            return "{\(members.joined(separator: ", "))}"
        }
    }
}
