import Testing

@testable import EventPattern

/// By what wildcards are found, so that a value is asked about few of many.
struct WildcardLandmarksTests {
    private func landmarks(_ texts: [String]) throws -> [WildcardLandmarks.Landmark] {
        let wildcards = try texts.map { try Wildcard($0) }
        let landmarks = WildcardLandmarks(wildcards)
        return wildcards.map(landmarks.landmark)
    }

    @Test func aWildcardIsFoundByTheLongerOfItsEnds() throws {
        #expect(
            try landmarks(["abc*d", "a*bcd", "*"]) == [
                .part(.prefixes, Array("abc".utf8)), .part(.suffixes, Array("bcd".utf8)), .none,
            ])
    }

    @Test func oneWithoutAStarIsAText() throws {
        #expect(try landmarks([#"a\*b"#]) == [.whole(Array("a*b".utf8))])
    }

    @Test func thousandsThatBeginAndEndAlikeAreFoundByWhatTellsThemApart() throws {
        let many = try landmarks((0..<1000).map { "order.created.*_\(1000 + $0)_*.eu" })
        #expect(Set(many.map { "\($0)" }).count > 250)
        for landmark in many {
            guard case .part(.pieces, let text) = landmark else {
                Issue.record("\(landmark)")
                return
            }
            #expect(text.count == 4)
        }
    }

    @Test func aPieceThatComesAThousandTimesIsFoundOnce() throws {
        var rules = try Rules(#"{"a":[{"wildcard":"*x*y*"}]}"#, #"{"a":[{"wildcard":"*x*"}]}"#)
        let many = String(repeating: "x", count: 1000)
        #expect(try rules.matches(#"{"a":"\#(many)"}"#) == [1])
        #expect(try rules.matches(#"{"a":"\#(many)y"}"#) == [0, 1])
    }

    @Test func amongManyPlacesThoseOfTheEventAreFound() throws {
        let patterns = (0..<500).map { #"{"k\#($0)":["x"],"long_name_of_key_\#($0)":[{"exists":false}]}"# }
        var rules = Rules(try patterns.map { try EventPattern(reading: $0) })
        #expect(try rules.matches(#"{"k7":"x","k499":"x","k3":"y","other":1}"#) == [7, 499])
        #expect(try rules.matches(#"{"k7":"x","long_name_of_key_7":1}"#) == [])
        #expect(try rules.matches(#"{"k7":["x"],"k7":"y"}"#) == [7])
        #expect(try rules.explanations(#"{"k7":"x"}"#)[7] == nil)
    }
}
