import TestSupport

/// Patterns and events made up at random from few keys and values, so that they meet often.
struct RandomRules {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    private mutating func pick<Element>(_ elements: [Element]) -> Element { elements.randomElement(using: &generator)! }
    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }

    private static let keys = ["a", "b", "c", "a.b", ""]
    private static let texts = ["", "x", "X", "xy", "xyx", "yx", "x*", "10.0.0.1", "1", "abab", "ab"]
    private static let numbers = [
        "0", "-0", "1", "1.0", "10e-1", "2", "2.5", "-3", "1e400", "12345678901234567890", "12345678901234567891",
        "1e20",
    ]

    private mutating func scalar() -> String {
        chance(60) ? "\"\(pick(Self.texts))\"" : chance(70) ? pick(Self.numbers) : pick(["true", "false", "null"])
    }

    mutating func event() -> String { object(depth: 3) }

    private mutating func object(depth: Int) -> String {
        let count = Int.random(in: 0...3, using: &generator)
        let keys = Set((0..<count).map { _ in pick(Self.keys) }).sorted()
        return "{" + keys.map { "\"\($0)\":\(value(depth: depth - 1))" }.joined(separator: ",") + "}"
    }

    private mutating func value(depth: Int) -> String {
        guard depth > 0, chance(50) else { return scalar() }
        if chance(50) { return object(depth: depth) }
        let count = Int.random(in: 0...3, using: &generator)
        return "[" + (0..<count).map { _ in value(depth: depth - 1) }.joined(separator: ",") + "]"
    }

    mutating func pattern() -> String { pattern(depth: 3, allowsOr: true) }

    private mutating func pattern(depth: Int, allowsOr: Bool) -> String {
        var members: [String] = []
        var used: Set<String> = []
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let key = pick(Self.keys)
            guard used.insert(key).inserted else { continue }
            if depth > 1 && chance(35) {
                members.append("\"\(key)\":\(pattern(depth: depth - 1, allowsOr: allowsOr))")
            } else {
                let count = Int.random(in: 1...2, using: &generator)
                members.append("\"\(key)\":[" + (0..<count).map { _ in condition() }.joined(separator: ",") + "]")
            }
        }
        if allowsOr && chance(20) {
            let branches = (0..<Int.random(in: 2...3, using: &generator)).map { _ in
                pattern(depth: depth - 1, allowsOr: depth > 2)
            }
            members.append("\"$or\":[\(branches.joined(separator: ","))]")
        }
        return "{\(members.joined(separator: ","))}"
    }

    private mutating func condition() -> String {
        let text = pick(Self.texts.filter { !$0.contains("*") })
        switch Int.random(in: 0..<15, using: &generator) {
        case 0: return "{\"prefix\":\"\(text)\"}"
        case 1: return "{\"suffix\":\"\(text)\"}"
        case 2: return "{\"equals-ignore-case\":\"\(text)\"}"
        case 3: return "{\"\(pick(["prefix", "suffix"]))\":{\"equals-ignore-case\":\"\(text)\"}}"
        case 4: return "{\"wildcard\":\"\(pick(["*", "x*", "*x", "x*x", "*y*", "a*b*", "x\\\\*", "*b*b"]))\"}"
        case 5: return "{\"anything-but\":[\"\(text)\",\"\(pick(Self.texts))\"]}"
        case 6: return "{\"anything-but\":[1,\(pick(["0", "2"]))]}"
        case 7: return "{\"anything-but\":{\"\(pick(["wildcard", "equals-ignore-case"]))\":[\"x\",\"ab\"]}}"
        case 8: return "{\"anything-but\":{\"\(pick(["prefix", "suffix"]))\":\"x\"}}"
        case 9: return "{\"numeric\":\(pick(["[\"=\",1]", "[\">\",0]", "[\"<=\",2]", "[\">=\",-3,\"<\",2.5]"]))}"
        case 10: return "{\"cidr\":\"10.0.0.0/\(pick(["8", "31"]))\"}"
        case 11: return "{\"exists\":\(pick(["true", "false"]))}"
        default:
            return scalar()
        }
    }
}
