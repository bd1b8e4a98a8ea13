import Testing

@testable import HTTPServer

struct RequestTests {
    /// Has a head with these header lines looked at.
    private func withHead(_ lines: String..., look: (RequestHead) -> Void) throws {
        let text = "POST / HTTP/1.1\r\nHost: a\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n"
        try Array(text.utf8).withUnsafeBytes { bytes in
            var parser = HeadParser(ServerLimits())
            look(try #require(try parser.parse(bytes, peer: .local)).head)
        }
    }

    @Test func headersAreFoundWhateverTheirCase() throws {
        try withHead("X-One: a", "x-oNE: b") { head in
            #expect(head.value(of: "x-one").map(head.text) == "a")
            #expect(head.values(of: "x-one").first.map(head.text) == "a")
            #expect(head.values(of: "x-one").count == 2)
            #expect(head.value(of: "x-two") == nil)
            #expect(head.values(of: "x-on").count == 0)
        }
    }

    @Test func onlyTheLettersOfASCIIHaveTwoCases() throws {
        try withHead("X: \u{212A}\u{C9}", "Y: [@`") { head in
            #expect(head.value(of: "x").map { head.isNamed($0, "k\u{E9}") } == false)
            #expect(head.value(of: "y").map { head.isNamed($0, "{`@") } == false)
        }
    }

    @Test(arguments: 0..<20) func eachByteOfALongNameCounts(place: Int) {
        let name: StaticString = "x-hub-signature-2560"
        for bit in 0..<8 {
            var bytes = Array("\(name)".utf8)
            let isLetter = (0x61...0x7A).contains(bytes[place])
            bytes[place] ^= 1 << bit
            let isNamed = bytes.withUnsafeBytes { RequestHead.isNamed($0, 0..<20, name) }
            #expect(isNamed == (bit == 5 && isLetter), "bit \(bit)")
        }
    }

    @Test func aListIsSplitAtItsCommas() throws {
        try withHead("X: ,a ,\tB,, c d\t,") { head in
            let elements = head.value(of: "x").map(head.list) ?? []
            #expect(elements.map(head.text) == ["a", "B", "c d"])
        }
    }

    @Test func bytesThatAreNotUTF8BecomeReplacementCharacters() {
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\nX: a".utf8) + [0xFF] + Array("b\r\n\r\n".utf8)
        #expect(HeadOutcome(bytes).head?.fields.last == "X: a\u{FFFD}b")
    }

    @Test func aMethodIsNamedAsItIsSent() {
        #expect(Method.options.name == "OPTIONS")
    }
}
