import Testing

@testable import Delivery

struct JSONTextTests {
    private func decoded(_ inside: String) -> String {
        var inside = inside
        return inside.withUTF8 { String(decoding: JSONText.decoded($0), as: UTF8.self) }
    }

    @Test func plainTextStandsForItself() {
        #expect(decoded("") == "")
        #expect(decoded("Grüße 🎟") == "Grüße 🎟")
    }

    @Test func shortEscapesAreRead() {
        #expect(decoded(#"a\n\r\t\b\f\"\\\/z"#) == "a\n\r\t\u{8}\u{C}\"\\/z")
    }

    @Test func numberedEscapesAreRead() {
        #expect(decoded(#"\u0041\u00e9\u20AC"#) == "Aé€")
        #expect(decoded(#"\u0000"#) == "\u{0}")
    }

    @Test func aPairOfSurrogatesIsOneCharacter() {
        #expect(decoded(#"x\ud83c\udf9fy"#) == "x🎟y")
    }

    @Test(arguments: [#"\ud83c"#, #"\udf9f"#, #"\ud83cx"#, #"\ud83c\n"#, #"\ud83cA"#, #"\ud83c\ud83c"#])
    func aLoneSurrogateIsReplaced(inside: String) {
        #expect(decoded(inside).unicodeScalars.first == "\u{FFFD}")
    }

    @Test func whatFollowsALoneSurrogateIsKept() {
        #expect(decoded(#"\ud83c\u0041"#) == "\u{FFFD}A")
        #expect(decoded(#"\ud83c\ud83c\udf9f"#) == "\u{FFFD}🎟")
    }
}
