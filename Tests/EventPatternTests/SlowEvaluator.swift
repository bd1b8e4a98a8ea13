import EventJSON
import Foundation

@testable import EventPattern

/// The pattern language as its description reads, in a page of code and with no thought for speed: values are
/// collected by path, and every choice of them is tried.
enum SlowEvaluator {
    /// A value at a path, with the elements of arrays that it stands in.
    private struct Leaf {
        var value: JSONValue
        var elements: [Int: Int]
    }

    static func matches(_ pattern: EventPattern, _ event: JSONValue) -> Bool {
        var leaves: [String: [Leaf]] = [:]
        var arrays = 0
        func collect(_ value: JSONValue, _ path: String?, _ elements: [Int: Int]) {
            switch value.content {
            case .object(let members):
                for member in members {
                    collect(member.value, path.map { "\($0).\(member.key)" } ?? member.key, elements)
                }
            case .array(let values):
                let array = arrays
                arrays += 1
                for (index, element) in values.enumerated() {
                    let isContainer = element.members != nil || element.array != nil
                    collect(element, path, isContainer ? elements.merging([array: index]) { $1 } : elements)
                }
            default: leaves[path ?? "", default: []].append(Leaf(value: value, elements: elements))
            }
        }
        collect(event, nil, [:])
        func hold(_ fields: ArraySlice<EventPattern.Field>, _ chosen: [Int: Int]) -> Bool {
            guard let field = fields.first else { return true }
            let values = (leaves[field.key.description] ?? []).filter { leaf in
                leaf.elements.allSatisfy { chosen[$0.key] == nil || chosen[$0.key] == $0.value }
            }
            if values.isEmpty { return field.accepted.contains(.exists(false)) && hold(fields.dropFirst(), chosen) }
            return values.contains { leaf in
                field.accepted.contains { $0 != .exists(false) && accepts($0, leaf.value) }
                    && hold(fields.dropFirst(), chosen.merging(leaf.elements) { $1 })
            }
        }
        return pattern.alternatives.contains { fields in
            hold(fields.sorted { $0.key.description < $1.key.description }[...], [:])
        }
    }

    /// A number's value, if a double's own spelling is the same number.
    private static func comparable(_ digits: String) -> Double? {
        guard let number = Double(digits), number.isFinite else { return nil }
        return Decimal(string: digits) == Decimal(string: "\(number)") ? number : nil
    }

    private static func accepts(_ condition: Condition, _ value: JSONValue) -> Bool {
        let text = value.string.map { Array($0.utf8) }
        var digits: String?
        if case .number(let written) = value.content { digits = written }
        let number = digits.flatMap(comparable)
        switch condition {
        case .string(let wanted): return text == wanted
        case .number(let wanted): return number == wanted
        case .numeral(let wanted): return digits.map { Array($0.utf8) } == wanted
        case .literal(let kind):
            switch value.content {
            case .null: return kind == .null
            case .bool(let flag): return kind == (flag ? .true : .false)
            default: return false
            }
        case .prefix(let wanted): return text?.starts(with: wanted) ?? false
        case .suffix(let wanted): return text?.reversed().starts(with: wanted.reversed()) ?? false
        case .ignoringCase(let letters, let affix):
            // ASCII alone is generated: the cases of Amazon's own matcher hold the other letters.
            guard let small = value.string?.lowercased() else { return false }
            let wanted = letters.text.lowercased()
            return affix == .whole
                ? small == wanted : affix == .prefix ? small.hasPrefix(wanted) : small.hasSuffix(wanted)
        case .wildcard(let wildcard): return text.map { glob(Array(wildcard.text.utf8)[...], $0[...]) } ?? false
        case .range(let range):
            guard let number else { return false }
            return (range.includesLow ? number >= range.low : number > range.low)
                && (range.includesHigh ? number <= range.high : number < range.high)
        case .addresses(let range):
            guard let text else { return false }
            return text.withUnsafeBytes { IPAddress($0) }.map(range.contains) ?? false
        case .exists(let wanted): return wanted
        case .anythingBut(let excluded): return !excluded.contains { accepts($0, value) }
        }
    }

    private static func glob(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == UInt8(ascii: "*") {
            return glob(pattern.dropFirst(), text) || (!text.isEmpty && glob(pattern, text.dropFirst()))
        }
        let literal = first == UInt8(ascii: "\\") ? pattern.dropFirst().first : first
        return text.first == literal && glob(pattern.dropFirst(first == UInt8(ascii: "\\") ? 2 : 1), text.dropFirst())
    }
}
