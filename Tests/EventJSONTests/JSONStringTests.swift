import TestSupport
import Testing

@testable import EventJSON

struct JSONStringTests {
    private func decoded(_ text: String) -> String? { Array(text.utf8).withUnsafeBytes(JSONString.decode) }

    @Test(arguments: [
        ("", ""), ("plain é 😀", "plain é 😀"), (#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{C}\n\r\t"),
        (#"\u0041\u00e9\u20AC"#, "Aé€"),
        (#"\ud83d\ude00"#, "😀"), (#"\uD83D\uDE00!"#, "😀!"), (#"\u0000"#, "\0"), (#"\uFFFF"#, "\u{FFFF}"),
        (#"\udbff\udfff"#, "\u{10FFFF}"), (#"\\u0041"#, "\\u0041"), (#"a\\"#, "a\\"),
    ]) func escapesAreDecoded(text: String, expected: String) {
        #expect(decoded(text).map { Array($0.utf8) } == Array(expected.utf8))
    }

    @Test(arguments: [
        #"\ud83d"#, #"\ude00"#, #"\ude00\ud83d"#, #"\ud83d\ud83d"#, #"\ud83dx"#, #"\ud83d\"#, #"\ud83d\u"#,
        #"\ud83d\u0041"#,
        #"\ud83d\ude0"#, #"\u12"#, #"\u"#,
    ]) func halfASurrogatePairIsNoText(text: String) {
        #expect(decoded(text) == nil)
    }

    @Test func nothingIsAnEmptyText() {
        #expect(JSONString.decode(UnsafeRawBufferPointer(start: nil, count: 0)) == "")
    }

    @Test func whatTheWriterWritesIsReadBack() throws {
        for seed in 0..<2000 {
            var chance = SeededGenerator(seed: seed)
            let text = String(String.UnicodeScalarView((0..<20).compactMap { _ in chance.scalar() }))
            var writer = JSONWriter()
            writer.string(text)
            #expect(
                try JSONDocument(writer.bytes).root.string.map { Array($0.utf8) } == Array(text.utf8), "seed \(seed)")
        }
    }
}
