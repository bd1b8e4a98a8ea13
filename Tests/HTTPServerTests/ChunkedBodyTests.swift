import Testing

@testable import HTTPServer

struct ChunkedBodyTests {
    @Test func chunksAreJoinedAndTheEndIsBehindTheTrailers() {
        #expect(ChunkedOutcome("3\r\nabc\r\n02\r\nde\r\n0\r\n\r\nnext") == .whole("abcde", end: 21))
        #expect(ChunkedOutcome("0\r\n\r\n") == .whole("", end: 5))
        #expect(ChunkedOutcome("1\r\na\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n") == .whole("a", end: 27))
    }

    @Test func sizesAreHexadecimalInEitherCase() {
        let letters = String(repeating: "x", count: 0xAF)
        #expect(ChunkedOutcome("aF\r\n\(letters)\r\n0\r\n\r\n") == .whole(letters, end: 0xAF + 11))
        #expect(ChunkedOutcome("00000000000001\r\na\r\n000\r\n\r\n") == .whole("a", end: 26))
    }

    @Test func extensionsArePassedOver() {
        #expect(ChunkedOutcome("1;a=b;c=\"d e\"\r\nx\r\n0;last\r\n\r\n") == .whole("x", end: 28))
        #expect(ChunkedOutcome("1;\t\r\nx\r\n0\r\n\r\n") == .whole("x", end: 13))
    }

    @Test(arguments: [
        "\r\n", ";a\r\n", "g\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", "1 \r\n", "1 ;a\r\n", " 1\r\n", "1,2\r\n", "1.\r\n",
        "1\rx\r\n",
        "1;a\u{0}\r\n", "1;\r\r\n", "1;\u{7F}\r\n", "é\r\n",
    ]) func aSizeLineOfAnotherShapeIs400(line: String) {
        #expect(ChunkedOutcome(line + "x\r\n0\r\n\r\n") == .refused(400))
    }

    @Test(arguments: [
        "1\nx\r\n0\r\n\r\n", "\n", "1\r\nx\n0\r\n\r\n", "1\r\nx\r\n0\n\r\n", "1\r\nx\r\n0\r\n\n", "0\r\nX: y\n\r\n",
    ])
    func aBareLineFeedIs400(text: String) {
        #expect(ChunkedOutcome(text + "      ") == .refused(400))
    }

    @Test(arguments: ["1\r\nxy\r\n0\r\n\r\n", "3\r\nab\r\n0\r\n\r\n", "1\r\nx0\r\n\r\n", "1\r\nx\r\r\n"])
    func aChunkThatDoesNotEndWhereItsSizeSaysIs400(text: String) {
        #expect(ChunkedOutcome(text) == .refused(400))
    }

    @Test(arguments: [
        "1000000000000000", "ffffffffffffffff", "0000000000000001", "7fffffffffffffff", "fffffffffffffffff",
    ])
    func aSizeOfTooManyDigitsIs400(size: String) {
        #expect(ChunkedOutcome(size + "\r\n") == .refused(400))
    }

    @Test func aHugeSizeIs413AtOnce() {
        #expect(ChunkedOutcome("fffffffffffffff\r\n") == .refused(413))
        #expect(ChunkedOutcome("1\r\na\r\nfffffffffffffff\r\n") == .refused(413))
    }

    @Test func aBodyOfTheLimitIsTakenAndOneMoreByteIs413() {
        #expect(ChunkedOutcome("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", limitBytes: 5) == .whole("abcde", end: 20))
        #expect(ChunkedOutcome("3\r\nabc\r\n3\r\n", limitBytes: 5) == .refused(413))
        #expect(ChunkedOutcome("1\r\n", limitBytes: 0) == .refused(413))
        #expect(ChunkedOutcome("0\r\n\r\n", limitBytes: 0) == .whole("", end: 5))
    }

    @Test func extensionsPastTheirLimitAre400BeforeTheyEnd() {
        func line(_ length: Int) -> String { "1;" + String(repeating: "a", count: length - 3) }
        let limit = ChunkedBody.sizeLineLimitBytes
        #expect(ChunkedOutcome(line(limit) + "\r\nx\r\n0\r\n\r\n") == .whole("x", end: limit + 9))
        #expect(ChunkedOutcome(line(limit + 1) + "\r\nx\r\n0\r\n\r\n") == .refused(400))
        #expect(ChunkedOutcome(line(limit + 2)) == .refused(400))
    }

    @Test func manyExtensionsHaveALimitTogether() {
        func body(_ chunks: Int) -> String {
            String(repeating: "1;" + String(repeating: "a", count: 511) + "\r\nx\r\n", count: chunks) + "0\r\n\r\n"
        }
        let most = ChunkedBody.extensionLimitBytes / 512
        #expect(ChunkedOutcome(body(most)) == .whole(String(repeating: "x", count: most), end: body(most).utf8.count))
        #expect(ChunkedOutcome(body(most + 1)) == .refused(400))
    }

    @Test(arguments: ["X", "X : y", ": y", " X: y", "X: y\rz", "X: \0", "GET / HTTP/1.1"])
    func aTrailerThatIsNoHeaderIs400(line: String) {
        #expect(ChunkedOutcome("0\r\n" + line + "\r\n\r\n") == .refused(400))
    }

    @Test func trailersPastTheirLimitAre400BeforeTheyEnd() {
        let limit = ChunkedBody.trailerLimitBytes
        #expect(ChunkedOutcome("0\r\n" + String(repeating: "X: abcde\r\n", count: limit / 10 + 1)) == .refused(400))
        #expect(ChunkedOutcome("0\r\n" + String(repeating: "a", count: limit + 1)) == .refused(400))
        #expect(
            ChunkedOutcome("0\r\n" + String(repeating: "X: abcde\r\n", count: limit / 20) + "\r\n") != .refused(400))
    }

    @Test func aBodyIsReadTheSameHoweverItArrives() {
        let prefix = "head"
        let text = "5;x=y\r\nab\r\nc\r\n1\r\n\n\r\n0a\r\n0123456789\r\n0\r\nX: y\r\n\r\n"
        let count = (prefix + text).utf8.count
        let expected = ChunkedOutcome.whole("ab\r\nc\n0123456789", end: count)
        #expect(ChunkedOutcome(text, prefix: prefix) == expected)
        for split in 0..<count { #expect(ChunkedOutcome(text, prefix: prefix, arrivingAt: [split]) == expected) }
        #expect(ChunkedOutcome(text, prefix: prefix, arrivingAt: Array(0..<count)) == expected)
    }

    @Test func aBodyIsUnfinishedUntilItsLastByte() {
        let text = Array("3\r\nabc\r\n0\r\nX: y\r\n\r\n".utf8)
        for count in text.indices {
            #expect(ChunkedOutcome(String(decoding: text[..<count], as: UTF8.self)) == .unfinished)
        }
    }
}
