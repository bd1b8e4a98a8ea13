import Testing

@testable import EventJSON

struct CompactJSONTests {
    private func compacted(_ text: String) -> String {
        String(decoding: CompactJSON.compacted(Array(text.utf8)), as: UTF8.self)
    }

    @Test func whiteSpaceOutsideStringsGoes() {
        #expect(compacted(" {\r\n\t\"a b\" : [ 1 , 2 ]\n} \n") == #"{"a b":[1,2]}"#)
        #expect(compacted("") == "")
        #expect(compacted("  ") == "")
    }

    @Test func stringsStayAsTheyAre() {
        #expect(compacted(#"[ "a \" b" , "c\\" , " é " ]"#) == #"["a \" b","c\\"," é "]"#)
    }

    @Test func aTextThatIsNoJSONDoesNoHarm() {
        for text in ["\"", "\"a b", "\"\\", "\"a\\", "\\", " \\ \" x \\\" y"] {
            #expect(compacted(text).utf8.count <= text.utf8.count)
        }
    }

    @Test func itIsAppendedToWhatIsThere() {
        var bytes = Array("data: ".utf8)
        Array("[ 1 ]".utf8).withUnsafeBufferPointer { CompactJSON.append($0, to: &bytes) }
        #expect(bytes == Array("data: [1]".utf8))
    }

    @Test(arguments: JSONTexts.valid) func aCompactedTextIsTheSameValueOnOneLine(text: String) {
        let once = compacted(text)
        #expect(Readings(Array(once.utf8)).offsets == [nil])
        #expect(!once.utf8.contains { $0 == 0x0A || $0 == 0x0D })
        #expect(compacted(once) == once)
    }
}
