import EventJSON
import Foundation
import TestSupport
import Testing

@testable import EventPattern

/// The automaton against an evaluator that is a page long: random patterns, random events, equal answers.
struct RandomPairsTests {
    private static let environment = ProcessInfo.processInfo.environment
    /// Patterns compiled together, each met by every event of its group.
    private static let patterns = 50
    private static let events = 20
    private static var groups: Int { environment["HOOKSWITCH_TESTS"] == "long" ? 1000 : 50 }
    private static var seed: UInt64 {
        environment["HOOKSWITCH_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...(.max))
    }

    /// Whether the automaton and the slow evaluator differ on a pattern alone.
    private static func disagree(_ pattern: String, _ event: String) -> Bool {
        guard let read = try? EventPattern(reading: pattern), let root = try? JSONDocument(Array(event.utf8)).root
        else {
            return false
        }
        var rules = Rules([read])
        return (try? rules.matches(event) == [0]) != SlowEvaluator.matches(read, root)
    }

    @Test func aFailureIsShrunkToWhatMatters() {
        let small = Shrinking.shrink(
            (#"{"a": ["x", "y"], "b": {"c": [1]}}"#, #"{"a": [1, {"k": "x"}, 2], "d": null}"#),
            while: { $0.contains("\"y\"") && $1.contains("\"k\"") })
        #expect(small.pattern.filter { $0 != " " } == #"{"a":["y"]}"#)
        #expect(small.event.filter { $0 != " " } == #"{"a":[{"k":"x"}]}"#)
    }

    /// A reload adds and removes routes: what is compiled then takes what a matcher of these routes alone would.
    @Test func rulesAddedAndRemovedAtRandomMatchAsAFreshBuildOfThemDoes() throws {
        let seed = Self.seed
        var random = RandomRules(seed: seed)
        var chance = SeededGenerator(seed: seed)
        var live: [EventPattern] = []
        for step in 0..<60 {
            for _ in 0..<Int.random(in: 0...12, using: &chance) {
                if let pattern = try? EventPattern(reading: random.pattern()) { live.append(pattern) }
            }
            for _ in 0..<Int.random(in: 0...8, using: &chance) where !live.isEmpty {
                live.remove(at: Int.random(in: live.indices, using: &chance))
            }
            live.shuffle(using: &chance)
            var all = Rules(live)
            var alone = live.map { Rules([$0]) }
            for _ in 0..<5 {
                let event = random.event()
                let matched = try all.matches(event)
                let expected = try alone.indices.filter { try alone[$0].matches(event) == [0] }
                #expect(matched == expected, "HOOKSWITCH_SEED=\(seed), step \(step), \(event)")
            }
        }
    }

    @Test func theAutomatonAndItsExplanationsAgreeWithASlowEvaluator() async throws {
        let first = Self.seed
        for group in 0..<UInt64(Self.groups) {
            await Task.yield()
            let seed = first &+ group
            var random = RandomRules(seed: seed)
            let texts = (0..<Self.patterns).map { _ in random.pattern() }
            // What the reader refuses (a key both in a `$or` and reserved) is another test's.
            let patterns = texts.map { try? EventPattern(reading: $0) }
            var rules = Rules(patterns.compactMap { $0 })
            for _ in 0..<Self.events {
                let event = random.event()
                let root = try JSONDocument(Array(event.utf8)).root
                let expected = rules.patterns.indices.filter { SlowEvaluator.matches(rules.patterns[$0]!, root) }
                let matched = try rules.matches(event)
                if matched != expected, let number = Set(matched).symmetricDifference(expected).first {
                    let pattern = texts.filter { (try? EventPattern(reading: $0)) != nil }[number]
                    let small = Shrinking.shrink((pattern, event), while: Self.disagree)
                    Issue.record("HOOKSWITCH_SEED=\(seed): \(small.pattern) and \(small.event)")
                }
                let explanations = try rules.explanations(event)
                let explained = explanations.indices.filter { explanations[$0] == nil }
                #expect(explained == expected, "HOOKSWITCH_SEED=\(seed), explanations of \(event)")
            }
        }
        print("\(Self.groups * Self.patterns * Self.events) pairs from seed \(first)")
    }
}
