import Testing

@testable import EventJSON

struct JSONCursorTests {
    @Test(arguments: JSONTexts.valid) func whatTheRFCAllowsIsRead(text: String) {
        #expect(Readings(Array(text.utf8)).offsets == [nil])
    }

    @Test(arguments: JSONTexts.invalid)
    func whatTheRFCDoesNotAllowIsRefusedWhereItStands(text: String, offset: Int) {
        #expect(Readings(Array(text.utf8)).offsets == [offset])
    }

    @Test(arguments: JSONTexts.leftOpen) func whatTheRFCLeavesOpenIsDecidedTheSameByAllReadersOfEvents(
        text: String, isTaken: Bool
    ) {
        let readings = Readings(Array(text.utf8))
        for reading in [readings.skipping, readings.scanning, readings.scanningForAll] {
            #expect((reading == nil) == isTaken, "\(text.prefix(60))")
        }
    }

    @Test(arguments: JSONTexts.valid) func whatIsCutShortIsRefused(text: String) {
        let bytes = Array(text.utf8)
        // A number that lost its last digits may still be one.
        guard let last = bytes.last, last == 0x22 || last == 0x5D || last == 0x7D else { return }
        for count in bytes.indices { #expect(Readings(Array(bytes[..<count])).offsets != [nil]) }
    }

    @Test(arguments: JSONTexts.notUTF8) func aStringThatIsNotUTF8IsRefusedWhereItIsNot(bytes: [UInt8]) {
        for padding in [0, 1, 5, 6, 7, 8, 9, 15, 16] {
            let text = [0x22] + [UInt8](repeating: 0x61, count: padding) + bytes
            // The last one has a whole character before the stray byte.
            let offset = 1 + padding + (bytes == [0xC3, 0xA9, 0xA9] ? 2 : 0)
            #expect(Readings(text + Array("\"".utf8)).offsets == [offset])
            #expect(Readings(text).offsets == [offset])
            #expect(Readings(Array("{\"a\":{\"b\":".utf8) + text + Array("\"}}".utf8)).offsets == [offset + 10])
        }
    }

    @Test func aKeyThatIsNotUTF8IsRefused() {
        #expect(Readings([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x30, 0x7D]).offsets == [2])
    }

    @Test func everyCharacterIsReadInAString() {
        for value in UInt32(0x20)...0x10FFFF where value < 0x3000 || value % 251 == 0 {
            guard let scalar = Unicode.Scalar(value), scalar != "\"", scalar != "\\" else { continue }
            let text = Array("\"\(Character(scalar))\"".utf8)
            #expect(JSONSyntaxError { () throws(JSONSyntaxError) in _ = try JSONDocument(text) } == nil)
        }
    }

    @Test func aStringEndsAtItsQuoteWhereverThatStands() throws {
        // Longer than what is passed over at a time, twice.
        for length in 0..<140 {
            for special in ["", "\\n", "é", "\\\"", "\u{7F}", "~", "!", "[", "#", "]"] {
                let content =
                    String(repeating: "a", count: length) + special + String(repeating: "b", count: 140 - length)
                let range = try Array("\"\(content)\" \"".utf8).withUnsafeBytes { bytes throws(JSONSyntaxError) in
                    var cursor = JSONCursor(bytes)
                    let string = try cursor.string()
                    #expect(string.hasEscapes == special.hasPrefix("\\"))
                    #expect(cursor.offset == content.utf8.count + 2)
                    return string.range
                }
                #expect(range == 1..<(content.utf8.count + 1))
            }
        }
    }

    @Test func everyControlCharacterInAStringIsRefusedWhereverItStands() {
        for length in 0..<140 {
            for control in UInt8(0)..<0x20 {
                let text =
                    [0x22] + [UInt8](repeating: 0x61, count: length) + [control]
                    + [UInt8](repeating: 0x61, count: 140 - length) + [0x22]
                #expect(Readings(text).offsets == [length + 1])
            }
        }
    }

    @Test func nestingOf512LevelsIsReadAndOneMoreIsRefused() {
        for nested in [JSONTexts.nested, JSONTexts.nestedObjects] {
            #expect(Readings(Array(nested(512).utf8)).offsets == [nil])
            let readings = Readings(Array(nested(513).utf8))
            #expect(readings.offsets.count == 1)
            #expect(readings.document?.message == "nested deeper than 512 levels")
        }
        #expect(Readings(Array(JSONTexts.nested(513).utf8)).offsets == [512])
    }

    @Test func nestingWithoutEndIsRefused() {
        for piece in ["[", "{\"a\":", "[{\"a\":", "[[],"] {
            let readings = Readings(Array(String(repeating: piece, count: 100_000).utf8))
            #expect(readings.document?.message == "nested deeper than 512 levels")
            #expect(readings.offsets.count == 1)
        }
    }

    @Test func valuesBesideOneAnotherAreNotNested() {
        #expect(
            Readings(Array("[\(Array(repeating: "[[]]", count: 2000).joined(separator: ","))]".utf8)).offsets == [nil])
    }

    @Test func aFaultSaysWhatIsWrong() {
        func message(_ text: String) -> String? { Readings(Array(text.utf8)).scanning?.message }
        #expect(message("") == "the text is empty")
        #expect(message("{") == "the text ends too early")
        #expect(message("{a") == "a key in quotes was expected")
        #expect(message("{\"a\"1") == "a colon was expected")
        #expect(message("[1 1]") == "a comma or a closing bracket was expected")
        #expect(message("\"a") == "a string is not closed")
        #expect(message("\"\n\"") == "a control character in a string must be escaped")
        #expect(message("\"\\x\"") == "no such escape in a string")
        #expect(message("\"\\uXXXX\"") == "\\u must be followed by four hexadecimal digits")
        #expect(message("[x]") == "a value was expected")
        #expect(message("truE") == "no such word: true, false and null are the ones there are")
        #expect(message("1.x") == "a number needs a digit behind its point")
        #expect(message("1ex") == "a number needs a digit in its exponent")
        #expect(message("-x") == "a number needs a digit here")
        #expect(message("1 x") == "something stands behind the value")
    }
}
