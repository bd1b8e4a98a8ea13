import Testing

@testable import EventJSON

struct EventPathTests {
    @Test func aPathIsWrittenWithDots() {
        #expect(EventPath("data.voucher.code").keys == ["data", "voucher", "code"])
        #expect(EventPath("data").keys == ["data"])
        #expect(EventPath(".a.").keys == ["", "a", ""])
        #expect(EventPath(keys: ["a", "b.c"]).description == "a.b.c")
    }

    @Test func aPathIsItsKeysAndNotItsText() {
        #expect(EventPath("a.b") == EventPath(keys: ["a", "b"]))
        #expect(EventPath("a.b") != EventPath(keys: ["a.b"]))
        #expect(EventPath(keys: ["ab", ""]) != EventPath(keys: ["a", "b"]))
    }

    @Test func pathsThatLookAlikeAreNotTheSame() {
        let paths: Set = [EventPath("\u{E9}"), EventPath("e\u{301}"), EventPath("\u{E9}")]
        #expect(paths.count == 2)
    }
}
