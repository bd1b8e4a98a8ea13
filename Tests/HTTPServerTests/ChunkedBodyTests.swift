import Testing

@testable import HTTPServer

struct ChunkedBodyTests {
    /// What became of a chunked body that arrived in pieces which end at `ends`, and then whole.
    private enum Outcome: Equatable {
        case whole(String, end: Int)
        case refused(Int)
        case unfinished

        init(_ text: String, prefix: String = "", limitBytes: Int = 1 << 20, arrivingAt ends: [Int] = []) {
            self = .unfinished
            var memory = Array((prefix + text).utf8)
            let start = prefix.utf8.count
            memory.withUnsafeMutableBytes { bytes in
                var body = ChunkedBody(at: start)
                for end in ends + [bytes.count] where end >= start {
                    do throws(Refusal) {
                        let received = UnsafeMutableRawBufferPointer(rebasing: bytes[..<end])
                        guard try body.decode(received, limitBytes: limitBytes) else { continue }
                        let decoded = String(decoding: bytes[body.start..<body.decodedEnd], as: UTF8.self)
                        self = .whole(decoded, end: body.position)
                    } catch {
                        self = .refused(error.status)
                    }
                    return
                }
            }
        }
    }

    @Test func chunksAreJoinedAndTheEndIsBehindTheTrailers() {
        #expect(Outcome("3\r\nabc\r\n02\r\nde\r\n0\r\n\r\nnext") == .whole("abcde", end: 21))
        #expect(Outcome("0\r\n\r\n") == .whole("", end: 5))
        #expect(Outcome("1\r\na\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n") == .whole("a", end: 27))
    }

    @Test func sizesAreHexadecimalInEitherCase() {
        let letters = String(repeating: "x", count: 0xAF)
        #expect(Outcome("aF\r\n\(letters)\r\n0\r\n\r\n") == .whole(letters, end: 0xAF + 11))
        #expect(Outcome("00000000000001\r\na\r\n000\r\n\r\n") == .whole("a", end: 26))
    }

    @Test func extensionsArePassedOver() {
        #expect(Outcome("1;a=b;c=\"d e\"\r\nx\r\n0;last\r\n\r\n") == .whole("x", end: 28))
        #expect(Outcome("1;\t\r\nx\r\n0\r\n\r\n") == .whole("x", end: 13))
    }

    @Test(arguments: [
        "\r\n", ";a\r\n", "g\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", "1 \r\n", "1 ;a\r\n", " 1\r\n", "1,2\r\n", "1.\r\n",
        "1\rx\r\n",
        "1;a\u{0}\r\n", "1;\r\r\n", "1;\u{7F}\r\n", "é\r\n",
    ]) func aSizeLineOfAnotherShapeIs400(line: String) {
        #expect(Outcome(line + "x\r\n0\r\n\r\n") == .refused(400))
    }

    @Test(arguments: [
        "1\nx\r\n0\r\n\r\n", "\n", "1\r\nx\n0\r\n\r\n", "1\r\nx\r\n0\n\r\n", "1\r\nx\r\n0\r\n\n", "0\r\nX: y\n\r\n",
    ])
    func aBareLineFeedIs400(text: String) {
        #expect(Outcome(text + "      ") == .refused(400))
    }

    @Test(arguments: ["1\r\nxy\r\n0\r\n\r\n", "3\r\nab\r\n0\r\n\r\n", "1\r\nx0\r\n\r\n", "1\r\nx\r\r\n"])
    func aChunkThatDoesNotEndWhereItsSizeSaysIs400(text: String) {
        #expect(Outcome(text) == .refused(400))
    }

    @Test(arguments: [
        "1000000000000000", "ffffffffffffffff", "0000000000000001", "7fffffffffffffff", "fffffffffffffffff",
    ])
    func aSizeOfTooManyDigitsIs400(size: String) {
        #expect(Outcome(size + "\r\n") == .refused(400))
    }

    @Test func aHugeSizeIs413AtOnce() {
        #expect(Outcome("fffffffffffffff\r\n") == .refused(413))
        #expect(Outcome("1\r\na\r\nfffffffffffffff\r\n") == .refused(413))
    }

    @Test func aBodyOfTheLimitIsTakenAndOneMoreByteIs413() {
        #expect(Outcome("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", limitBytes: 5) == .whole("abcde", end: 20))
        #expect(Outcome("3\r\nabc\r\n3\r\n", limitBytes: 5) == .refused(413))
        #expect(Outcome("1\r\n", limitBytes: 0) == .refused(413))
        #expect(Outcome("0\r\n\r\n", limitBytes: 0) == .whole("", end: 5))
    }

    @Test func extensionsPastTheirLimitAre400BeforeTheyEnd() {
        func line(_ length: Int) -> String { "1;" + String(repeating: "a", count: length - 3) }
        let limit = ChunkedBody.extensionLimitBytes
        #expect(Outcome(line(limit) + "\r\nx\r\n0\r\n\r\n") == .whole("x", end: limit + 9))
        #expect(Outcome(line(limit + 1) + "\r\nx\r\n0\r\n\r\n") == .refused(400))
        #expect(Outcome(line(limit + 2)) == .refused(400))
    }

    @Test func trailersPastTheirLimitAre400BeforeTheyEnd() {
        let limit = ChunkedBody.trailerLimitBytes
        #expect(Outcome("0\r\n" + String(repeating: "X: abcde\r\n", count: limit / 10 + 1)) == .refused(400))
        #expect(Outcome("0\r\n" + String(repeating: "a", count: limit + 1)) == .refused(400))
        #expect(Outcome("0\r\n" + String(repeating: "X: abcde\r\n", count: limit / 20) + "\r\n") != .refused(400))
    }

    @Test func aBodyIsReadTheSameHoweverItArrives() {
        let prefix = "head"
        let text = "5;x=y\r\nab\r\nc\r\n1\r\n\n\r\n0a\r\n0123456789\r\n0\r\nX: y\r\n\r\n"
        let count = (prefix + text).utf8.count
        let expected = Outcome.whole("ab\r\nc\n0123456789", end: count)
        #expect(Outcome(text, prefix: prefix) == expected)
        for split in 0..<count { #expect(Outcome(text, prefix: prefix, arrivingAt: [split]) == expected) }
        #expect(Outcome(text, prefix: prefix, arrivingAt: Array(0..<count)) == expected)
    }

    @Test func aBodyIsUnfinishedUntilItsLastByte() {
        let text = Array("3\r\nabc\r\n0\r\nX: y\r\n\r\n".utf8)
        for count in text.indices {
            #expect(Outcome(String(decoding: text[..<count], as: UTF8.self)) == .unfinished)
        }
    }
}
