import EventJSON
import Foundation
import Testing

@testable import EventPattern

/// The examples of `Sources/Relay/Relay.docc/Patterns.md`, each with an event that it takes and one that it does not.
struct LanguagePageTests {
    static let events: [(takes: String, not: String)] = [
        (#"{"type":"voucher.created"}"#, #"{"type":"voucher.updated"}"#),
        (#"{"type":"redemption.failed"}"#, #"{"type":"customer.redemption.failed"}"#),
        (#"{"type":"voucher.created"}"#, #"{"type":"voucher.created.twice"}"#),
        (#"{"data":{"code":"SumMer"}}"#, #"{"data":{"code":"summer24"}}"#),
        (#"{"type":"customer.redemption.succeeded"}"#, #"{"type":"redemption.succeeded"}"#),
        (#"{"type":"voucher.deleted"}"#, #"{"type":"voucher.created"}"#),
        (#"{"data":{"amount":5e2}}"#, #"{"data":{"amount":0}}"#),
        (#"{"data":{"customer":{}}}"#, #"{"data":{"customer":null}}"#),
        (#"{"data":{"ip":"10.200.0.1"}}"#, #"{"data":{"ip":"11.0.0.1"}}"#),
        (#"{"data":{"n":1.0}}"#, #"{"type":"b","data":{"n":2}}"#),
    ]

    @Test func everyExampleOfTheLanguagePageTakesWhatItSays() throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/Relay/Relay.docc/Patterns.md")
        let lines = try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
        let examples = lines.filter { $0.hasPrefix("|") && $0.contains("`{\"") }.prefix(Self.events.count).map { line in
            // The second column: between its first backquote and its last.
            let column = line.split(separator: "|")[1]
            return String(column.drop { $0 != "{" }.prefix(upTo: column.lastIndex(of: "`")!))
        }
        try #require(examples.count == Self.events.count)
        for (example, event) in zip(examples, Self.events) {
            var rules = try Rules(example)
            #expect(try rules.matches(event.takes) == [0], "\(example)")
            #expect(try rules.matches(event.not) == [], "\(example)")
        }
    }

    @Test func conditionsOnObjectsOfOneArrayMustHoldInTheSameElement() throws {
        var rules = try Rules(#"{"items": {"sku": ["A"], "paid": [true]}}"#)
        let apart = #"{"items": [{"sku": "A", "paid": false}, {"sku": "B", "paid": true}]}"#
        #expect(try rules.matches(apart) == [])
        #expect(try rules.matches(#"{"items": [{"sku": "A", "paid": true}]}"#) == [0])
        let because = try rules.explanations(apart)[0]?.because
        #expect(because == "`items.paid` holds, but not in the same element of an array as `items.sku`")
    }

    /// A request of the test's.
    struct GivenRequest: RequestFields {
        var texts: [FieldKey: [String]]

        func texts(at key: FieldKey, _ take: (UnsafeRawBufferPointer) -> Void) {
            for text in texts[key] ?? [] { Array(text.utf8).withUnsafeBytes(take) }
        }
    }

    @Test func theRequestCanRouteAndNoBodyCanSpeakForIt() throws {
        var rules = try Rules(
            #"{"@headers.x-github-event": ["push"], "ref": [{"prefix": "refs/"}]}"#,
            #"{"@client": [{"cidr": "10.0.0.0/8"}], "@source": ["github"]}"#, #"{"@query.token": [{"exists": false}]}"#,
            #"{"@type": ["Person"]}"#)
        let request = GivenRequest(texts: [
            .header("x-github-event"): ["ping", "push"], .client: ["10.1.2.3"], .source: ["github"],
            .query("token"): ["t"],
        ])
        #expect(try rules.matches(#"{"ref":"refs/heads/main","@type":"Person"}"#, of: request) == [0, 1, 3])
        #expect(
            try rules.matches(#"{"@source":"github","@client":"10.1.2.3","@headers":{"x-github-event":"push"}}"#) == [2]
        )
        #expect(throws: PatternError.self) {
            _ = try EventPattern(reading: #"{"@header.x": ["a"], "@headers": ["a"]}"#)
        }
    }

    @Test func whatMultipliesIsRefusedByName() throws {
        let or = #""$or":[{"a":[1]},{"b":[1]}]"#
        let deep = (0..<11).reduce(#"{"x":[1]}"#) { inner, _ in "{\"y\":\(inner),\(or)}" }
        let error = #expect(throws: PatternError.self) { _ = try EventPattern(reading: deep) }
        #expect(error?.message.contains("1000 alternatives") == true)
        let many = (0...EventPattern.fieldLimit).map { "\"k\($0)\":[1]" }.joined(separator: ",")
        #expect(throws: PatternError.self) { _ = try EventPattern(reading: "{\(many)}") }
    }

    @Test func anEventWhoseArraysCombineInTooManyWaysIsGivenUpOpenly() throws {
        var rules = try Rules(
            #"{"a": {"b": [{"exists": true}], "c": [{"exists": true}]}, "d": {"e": [{"exists": true}], "f": [{"exists": true}]}, "g": [{"exists": true}]}"#
        )
        let objects = { (one: String, other: String) in
            "[" + Array(repeating: "{\"\(one)\":1,\"\(other)\":1}", count: 2000).joined(separator: ",") + "]"
        }
        #expect(throws: PatternMatcher.TooManyWays.self) {
            _ = try rules.matches("{\"a\":\(objects("b", "c")),\"d\":\(objects("e", "f"))}")
        }
        // The next event finds the working memory clean.
        #expect(try rules.matches(#"{"a":[{"b":1,"c":1}],"d":[{"e":1,"f":1}],"g":1}"#) == [0])
    }

    @Test func anExplanationNamesTheValueMetAndWhatIsNear() throws {
        func because(_ pattern: String, _ event: String) throws -> String? {
            var rules = try Rules(pattern)
            return try rules.explanations(event)[0]?.because
        }
        #expect(
            try because(#"{"type": ["redemption.succeeded"]}"#, #"{"type": "redemption.suceeded"}"#)
                == #"`type` is "redemption.suceeded", which is not in ["redemption.succeeded"]; did you mean "redemption.succeeded"?"#
        )
        #expect(try because(#"{"a": [300]}"#, #"{"a": "300"}"#)?.hasSuffix("; accepted is 300 without quotes") == true)
        #expect(try because(#"{"a": ["300"]}"#, #"{"a": 300}"#)?.hasSuffix("; accepted is the text \"300\"") == true)
        #expect(try because(#"{"a": ["x"], "b": [1]}"#, #"{"a": "x"}"#) == "`b` is missing; accepted is [1]")
        let many = (0..<100).map { "\"value \($0)\"" }.joined(separator: ",")
        #expect(try because("{\"a\": [\(many)]}", #"{"a": "other"}"#)?.contains("and 88 more]") == true)
    }

    @Test(arguments: [
        (#"{"a": [{"prefx": "x"}]}"#, "did you mean `prefix`?"),
        (#"{"a": [{"cidr": "10.0.0.1/32"}]}"#, "[\"10.0.0.1\"]"),
        (#"{"a": [{"wildcard": "a**"}]}"#, "one star"), (#"{"a": "x"}"#, "brackets"), (#"{"a": []}"#, "exists"),
    ])
    func aRefusalSaysWhatWouldBeRight(_ pattern: String, _ hint: String) {
        let error = #expect(throws: PatternError.self) { _ = try EventPattern(reading: pattern) }
        #expect(error?.hint.contains(hint) == true, "\(error?.hint ?? "")")
    }
}
