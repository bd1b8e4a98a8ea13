import Testing

@testable import EventJSON

struct JSONDocumentTests {
    private func document(_ text: String) throws -> JSONDocument { try JSONDocument(Array(text.utf8)) }

    private func fault(_ text: String) -> JSONSyntaxError? {
        JSONSyntaxError { () throws(JSONSyntaxError) in _ = try JSONDocument(Array(text.utf8)) }
    }

    private func place(_ line: Int, _ column: Int) -> JSONDocument.Location { .init(line: line, column: column) }

    @Test func everyKindOfValueIsKept() throws {
        let root = try document(#"{"s":"té\n","i":-12,"n":1.5e3,"t":true,"f":false,"z":null,"a":[1,[]],"o":{"k":{}}}"#)
            .root
        #expect(root.members?.map(\.key) == ["s", "i", "n", "t", "f", "z", "a", "o"])
        #expect(root[key: "s"]?.string == "té\n")
        #expect(root[key: "i"]?.integer == -12)
        #expect(root[key: "n"]?.integer == nil)
        if case .number(let text)? = root[key: "n"]?.content { #expect(text == "1.5e3") } else { Issue.record() }
        if case .bool(true)? = root[key: "t"]?.content {} else { Issue.record() }
        if case .bool(false)? = root[key: "f"]?.content {} else { Issue.record() }
        if case .null? = root[key: "z"]?.content {} else { Issue.record() }
        #expect(root[key: "a"]?.array?.count == 2)
        #expect(root[key: "o"]?[key: "k"]?.members?.isEmpty == true)
        #expect(root[key: "missing"] == nil)
        #expect(root[key: "s"]?[key: "s"] == nil)
    }

    @Test func aNumberThatDoesNotFitIsNoInteger() throws {
        #expect(try document("9223372036854775807").root.integer == .max)
        #expect(try document("9223372036854775808").root.integer == nil)
        #expect(try document("1.0").root.integer == nil)
        #expect(try document("\"1\"").root.integer == nil)
    }

    @Test func aValueIsDescribedWithItsArticle() throws {
        let texts = ["{}", "[]", "\"\"", "0", "true", "null"]
        let described = ["an object", "an array", "a string", "a number", "a boolean", "null"]
        #expect(try texts.map { try document($0).root.described } == described)
    }

    @Test func valuesAndKeysKnowTheirPlaces() throws {
        let text = "{\n  \"é\": [1,\r\n\t\"x\"]\n}\n"
        let document = try document(text)
        let member = try #require(document.root.members?.first)
        #expect(document.location(of: member.keyOffset) == place(2, 3))
        #expect(document.location(of: member.value.offset) == place(2, 8))
        let elements = try #require(member.value.array)
        #expect(document.location(of: elements[0].offset) == place(2, 9))
        #expect(document.location(of: elements[1].offset) == place(3, 2))
        #expect(document.location(of: document.root.range.upperBound) == place(4, 2))
        #expect(document.root.range == 0..<(text.utf8.count - 1))
    }

    @Test func aPlaceOutsideTheTextIsItsNearestEnd() throws {
        let document = try document("[\n]\n")
        #expect(document.location(of: -1) == place(1, 1))
        #expect(document.location(of: 0) == place(1, 1))
        #expect(document.location(of: 4) == place(3, 1))
        #expect(document.location(of: 1000) == place(3, 1))
        #expect(JSONDocument.location(of: 0, in: []) == place(1, 1))
    }

    @Test(arguments: [
        ("{\n  \"a\": 1,\n}", 3, 1), ("[1\n2]", 2, 1), ("{\"é😀\": x}", 1, 8), ("\"a\n\"", 1, 3),
        ("[\r\n  nul\r\n]", 2, 6),
        ("", 1, 1), ("{\n\n", 3, 1), ("{\"a\":1,\n \"a\":2}", 2, 2),
    ]) func aFaultsPlaceIsALineAndAColumn(text: String, line: Int, column: Int) throws {
        let fault = try #require(self.fault(text))
        #expect(JSONDocument.location(of: fault.offset, in: Array(text.utf8)) == place(line, column))
    }

    @Test func placesAreInOrderOfLinesAndColumns() {
        #expect(place(1, 9) < place(2, 1))
        #expect(place(2, 1) < place(2, 2))
        #expect(!(place(2, 2) < place(2, 2)))
    }

    @Test func aLineIsShownWithoutItsEnd() throws {
        let document = try document("[1,\r\n  2,\n3]")
        #expect((0...4).map(document.line) == ["", "[1,", "  2,", "3]", ""])
        #expect(JSONDocument.unread(Array("a\nb".utf8)).line(2) == "b")
    }

    @Test func theSameKeyTwiceIsRefusedAtTheSecond() {
        #expect(fault(#"{"a":1,"b":{"a":1},"a":2}"#)?.offset == 19)
        #expect(fault(#"{"a":1,"\u0061":2}"#)?.offset == 7)
        #expect(fault(#"{"a":1,"a":2}"#)?.message == "the key \"a\" stands here a second time")
        #expect(fault(#"[{"a":1},{"a":2}]"#) == nil)
    }

    @Test func keysThatLookAlikeAreNotTheSame() throws {
        let root = try document("{\"\u{E9}\":1,\"e\u{301}\":2}").root
        #expect(root[key: "\u{E9}"]?.integer == 1)
        #expect(root[key: "e\u{301}"]?.integer == 2)
    }

    @Test(arguments: [#""\ud800""#, #""\udc00""#, #""\ud800\ud800""#, #""\ud800x""#, #""\ud800\n""#, #"{"\udfff":1}"#])
    func halfACharacterIsNoText(text: String) {
        #expect(fault(text)?.message == "an escape in this string names half a character (a lone surrogate)")
    }
}
