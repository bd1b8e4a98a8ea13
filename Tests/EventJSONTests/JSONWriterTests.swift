import Testing

@testable import EventJSON

struct JSONWriterTests {
    private func text(_ write: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        write(&writer)
        return writer.text
    }

    @Test func commasStandBetweenMembersAndElements() {
        let text = text {
            $0.object {
                $0.member("a", 1)
                $0.member("b", ["x", "y"])
                $0.member("c") { $0.object { _ in } }
                $0.member("d") {
                    $0.array {
                        $0.array { _ in }
                        $0.null()
                        $0.object { $0.member("e", true) }
                        $0.bool(false)
                    }
                }
                $0.member("f", nil as String?)
                $0.member("g", 0.5)
                $0.member("h", [])
            }
        }
        #expect(text == #"{"a":1,"b":["x","y"],"c":{},"d":[[],null,{"e":true},false],"f":null,"g":0.5,"h":[]}"#)
    }

    @Test func aLineEndsAndTheNextBeginsWithoutComma() {
        let text = text {
            for number in 1...2 {
                $0.object { $0.member("n", number) }
                $0.endLine()
            }
        }
        #expect(text == "{\"n\":1}\n{\"n\":2}\n")
    }

    @Test func whatWouldEndAStringOrALineIsEscaped() {
        #expect(
            text { $0.string("\"\\\n\r\t\u{8}\u{C}\0\u{1F}\u{7F}") } == #""\"\\\n\r\t\u0008\u000c\u0000\u001f\u007f""#)
        #expect(text { $0.string("plain/é😀\u{2028}") } == "\"plain/é😀\u{2028}\"")
        #expect(text { $0.object { $0.member("a\"b", "c") } } == #"{"a\"b":"c"}"#)
    }

    @Test func everyControlCharacterIsEscapedAndNoLineIsBroken() throws {
        // Those from U+0080 to U+009F are obeyed by terminals too; what is behind them is text.
        for value in UInt32(0)..<0x100 {
            let character = String(Character(Unicode.Scalar(value)!))
            let line = text { $0.string("a" + character + "b") }
            #expect(line.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
            #expect(try JSONDocument(Array(line.utf8)).root.string == "a" + character + "b")
        }
    }

    @Test(arguments: ["\"", "\\", "\n", "\0", "\u{7F}", "\u{85}", "é", "€", "👍"], [0, 1, 15, 16, 17, 31, 32, 33, 47])
    func whatNeedsAnEscapeIsFoundWhereverItStands(character: String, place: Int) {
        let alone = text { $0.string(character) }.dropFirst().dropLast()
        let (before, behind) = (
            String(repeating: "a", count: place), String(repeating: "b", count: 40 - min(place, 40))
        )
        #expect(text { $0.string(before + character + behind) } == "\"\(before)\(alone)\(behind)\"")
    }

    @Test func bytesThatAreNotUTF8BecomeReplacementCharacters() {
        #expect(text { $0.string(utf8: [0x61, 0xFF, 0x22, 0xED, 0xA0, 0x80]) }.hasPrefix("\"a\u{FFFD}\\\"\u{FFFD}"))
    }

    @Test func numbersAreJSON() throws {
        #expect(text { $0.number(Int64.min) } == "-9223372036854775808")
        #expect(text { $0.number(UInt64.max) } == "18446744073709551615")
        for value in [
            0.0, -0.0, 1e22, 1.5e300, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 0.1,
            100_000_000_000_000_000_000,
        ] {
            #expect(
                JSONSyntaxError { () throws(JSONSyntaxError) in
                    _ = try JSONDocument(Array(text { $0.number(value) }.utf8))
                } == nil)
        }
        #expect(text { $0.number(Double.nan) } == "null")
        #expect(text { $0.number(-Double.infinity) } == "null")
    }

    @Test func whatIsJSONAlreadyStandsAsItIs() {
        #expect(
            text {
                $0.array {
                    $0.raw("{\"a\":1}".utf8); $0.raw("2".utf8)
                }
            } == #"[{"a":1},2]"#)
    }

    @Test func aWriterGoesOnBehindWhatItIsGiven() {
        var writer = JSONWriter(Array("data: ".utf8))
        writer.number(1)
        #expect(writer.text == "data: 1")
        writer.removeAll()
        writer.number(2)
        #expect(writer.text == "2")
    }
}
