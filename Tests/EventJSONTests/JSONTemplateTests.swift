import TestSupport
import Testing

@testable import EventJSON

struct JSONTemplateTests {
    private func rendered(_ node: JSONTemplate.Node, _ fields: [String: TemplateValue] = [:]) -> String {
        String(decoding: JSONTemplate(node).render(ValuesUnderTest(fields)), as: UTF8.self)
    }

    private func template(_ text: String) throws -> JSONTemplate.Node { .template(try Template(parsing: text)) }

    private func text(_ text: String) -> TemplateValue { .text(Array(text.utf8)) }

    private func json(_ text: String) -> TemplateValue { .json(Array(text.utf8)) }

    @Test func theShapeStandsAsWritten() throws {
        let node = JSONTemplate.Node.object([
            ("text", try template("plain")), ("z", .literal(Array("1.50".utf8))), ("empty", try template("")),
            ("list", .array([.literal(Array("null".utf8)), .object([]), .array([])])),
        ])
        #expect(rendered(node) == #"{"text":"plain","z":1.50,"empty":"","list":[null,{},[]]}"#)
    }

    @Test func aPlaceholderAloneIsTheValueWithItsType() throws {
        let node = try template("${x}")
        #expect(rendered(node, ["x": text("a\"b\n")]) == #""a\"b\n""#)
        #expect(rendered(node, ["x": json("12.50")]) == "12.50")
        #expect(rendered(node, ["x": json("{\"a\": [true]}")]) == "{\"a\": [true]}")
        #expect(rendered(node, ["x": json("null")]) == "null")
    }

    @Test func aPlaceholderInsideTextIsText() throws {
        let node = try template("<${x}>")
        #expect(rendered(node, ["x": text("a\"b")]) == #""<a\"b>""#)
        #expect(rendered(node, ["x": json("{\"a\":1}")]) == #""<{\"a\":1}>""#)
        #expect(rendered(node) == "\"<>\"")
    }

    @Test func aMissingValueIsItsDefaultAsTextOrNull() throws {
        #expect(rendered(try template("${x}")) == "null")
        #expect(rendered(try template("${x:7}")) == "\"7\"")
        #expect(rendered(try template("${x:}")) == "\"\"")
        #expect(rendered(try template("${x:\"}")) == #""\"""#)
        #expect(rendered(try template("${x:7}"), ["x": json("null")]) == "null")
    }

    @Test func theRelaysNumbersAreNumbersWhereTheyStandAlone() throws {
        #expect(rendered(try template("${@event}")) == "1042")
        #expect(rendered(try template("${@attempt}")) == "3")
        #expect(rendered(try template("${@source}")) == "\"shop\"")
        #expect(rendered(try template("#${@event}")) == "\"#1042\"")
    }

    @Test func keysAreEscapedAndAreNoTemplates() {
        #expect(rendered(.object([("a\"${x}", .literal([0x30]))]), ["x": text("y")]) == #"{"a\"${x}":0}"#)
    }

    @Test func itKnowsThePathsItNeeds() throws {
        let node = JSONTemplate.Node.object([
            ("a", .array([try template("${b.c}"), .literal([0x30])])), ("d", try template("${e}-${@event}")),
        ])
        #expect(JSONTemplate(node).paths == [EventPath("b.c"), EventPath("e")])
    }

    @Test func noTextBreaksOutOfItsPlace() throws {
        let node = JSONTemplate.Node.object([
            ("alone", try template("${x}")), ("inside", try template("<${x}>")), ("last", .literal(Array("0".utf8))),
        ])
        for seed in 0..<4000 {
            var chance = SeededGenerator(seed: seed)
            let value = chance.nastyBytes()
            let line = JSONTemplate(node).render(ValuesUnderTest(["x": .text(value)]))
            let root = try JSONDocument(line).root
            #expect(root.members?.map(\.key) == ["alone", "inside", "last"], "seed \(seed)")
            let expected = String(decoding: value, as: UTF8.self)
            #expect(root[key: "alone"]?.string.map { Array($0.utf8) } == Array(expected.utf8), "seed \(seed)")
            #expect(root[key: "inside"]?.string.map { Array($0.utf8) } == Array("<\(expected)>".utf8), "seed \(seed)")
            #expect(line.allSatisfy { $0 >= 0x20 }, "seed \(seed)")
        }
    }
}
