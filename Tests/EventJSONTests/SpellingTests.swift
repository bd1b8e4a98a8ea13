import Testing

@testable import EventJSON

struct SpellingTests {
    @Test(arguments: [
        ("", "", 0), ("a", "", 1), ("", "ab", 2), ("abc", "abc", 0), ("abc", "abd", 1), ("abc", "ac", 1),
        ("abc", "abxc", 1),
        ("ab", "ba", 1), ("abcd", "badc", 2), ("kitten", "sitting", 3), ("ca", "abc", 3), ("é", "e", 1),
    ]) func theDistanceCountsWhatMustBeChanged(one: String, other: String, distance: Int) {
        #expect(Spelling.distance(one, other) == distance)
        #expect(Spelling.distance(other, one) == distance)
    }

    @Test(arguments: [
        ("tagret", "target"), ("target", "targets"), ("concurency", "concurrency"), ("rout", "route"),
        ("soruces", "sources"),
        ("uurl", "url"),
    ]) func aSlipIsRecognized(text: String, meant: String) {
        #expect(Spelling.nearest(to: text, in: ["sources", "route", "url", "concurrency", meant]) == meant)
    }

    @Test(arguments: ["", "x", "apples", "timeouts_for_all", "a"]) func whatIsTooFarOffIsNoSlip(text: String) {
        #expect(Spelling.nearest(to: text, in: ["b", "url", "route", "timeout"]) == nil)
    }

    @Test func theNearestIsTakenAndTheFirstOfEqualOnes() {
        #expect(Spelling.nearest(to: "header", in: ["headers", "heaters", "heade"]) == "headers")
        #expect(Spelling.nearest(to: "abcdef", in: ["abcdxy", "abcdez"]) == "abcdez")
    }

    @Test func theWordItselfIsNoSuggestion() {
        #expect(Spelling.nearest(to: "url", in: ["url"]) == nil)
        #expect(Spelling.nearest(to: "url", in: []) == nil)
    }
}
