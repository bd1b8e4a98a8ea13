import Testing

@testable import hookswitch

/// Help texts as they are broken into lines.
struct ParagraphsTests {
    @Test func wordsFlowAndKeptLinesStay() {
        let text = Paragraphs("one two\nthree four\n\n  kept as\n  it is\n\nfive")
        #expect(text.text(width: 9) == "one two\nthree\nfour\n\n  kept as\n  it is\n\nfive\n")
        #expect(text.text(width: 11, indent: 2).hasPrefix("  one two\n  three\n"))
    }

    @Test func aWordThatIsTooLongHasALineOfItsOwn() {
        #expect(Paragraphs("a verylongword b").text(width: 5) == "a\nverylongword\nb\n")
    }
}
