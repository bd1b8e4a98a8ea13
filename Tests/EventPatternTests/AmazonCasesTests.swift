import EventJSON
import Foundation
import Testing

@testable import EventPattern

/// The answers of event-ruler 2.0, Amazon's own matcher, to patterns and events: `Fixtures/patterns.jsonl`.
struct AmazonCasesTests {
    /// One case of the file.
    struct Case {
        var id: String
        var expect: String
        var pattern: JSONValue
        var event: String
    }

    static func cases() throws -> [Case] {
        let url = try #require(
            Bundle.module.url(forResource: "patterns", withExtension: "jsonl", subdirectory: "Fixtures"))
        let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
        return try lines.map { line in
            let bytes = Array(line.utf8)
            let root = try JSONDocument(bytes).root
            let pattern = try #require(root[key: "pattern"])
            let event =
                root[key: "event_text"]?.string
                ?? root[key: "event"].map { String(decoding: bytes[$0.range], as: UTF8.self) }
            return Case(
                id: try #require(root[key: "id"]?.string), expect: try #require(root[key: "expect"]?.string),
                pattern: pattern, event: try #require(event))
        }
    }

    private static func answer(_ one: Case) -> String {
        let pattern: EventPattern
        do { pattern = try EventPattern(one.pattern) } catch { return "invalid" }
        var rules = Rules([pattern])
        do {
            let isMatch = try rules.matches(one.event) == [0]
            let isExplained = try rules.explanations(one.event)[0] != nil
            return isMatch == isExplained ? "the explanation disagrees" : "\(isMatch)"
        } catch {
            return "event-error"
        }
    }

    @Test func eachPatternIsRefusedOrMatchesAsAmazonHasIt() async throws {
        let cases = try Self.cases()
        #expect(cases.count == 1754)
        for one in cases {
            // Whether an event must be an object is the source's to say, not the pattern's.
            if one.expect == "event-error" && one.event.first != "{" { continue }
            #expect(Self.answer(one) == one.expect, "case \(one.id)")
            await Task.yield()
        }
    }

    @Test func allPatternsTogetherMatchWhatEachMatchesAlone() throws {
        let cases = try Self.cases().filter { $0.expect == "true" || $0.expect == "false" }
        var together = Rules(try cases.map { try EventPattern($0.pattern) })
        for (number, one) in cases.enumerated() {
            let isMatch = try together.matches(one.event).contains(number)
            #expect("\(isMatch)" == one.expect, "case \(one.id)")
        }
    }
}
