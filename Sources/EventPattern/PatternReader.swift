import EventJSON

/// Reads a pattern's objects into alternatives. What it refuses is what event-ruler refuses.
struct PatternReader {
    /// Names that an object below `$or` may not have as keys, or `$or` is a key like any other (event-ruler's `Constants`).
    private static let reserved: Set<String> = [
        "exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr",
        "=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case", "date-after",
        "date-on-or-after", "date-before", "date-on-or-before", "in-date-range", "ip-address-in-range",
        "ip-address-not-in-range",
    ]

    private var offset = 0

    mutating func read(_ value: JSONValue) throws(PatternError) -> [[EventPattern.Field]] {
        offset = value.offset
        guard value.members != nil else {
            throw PatternError(
                "a pattern is an object, not \(value.described)", at: value.offset,
                hint: "like { \"type\": [\"redemption.succeeded\"] }")
        }
        return try read(value, below: [], [[]])
    }

    private func read(
        _ value: JSONValue, below keys: [String], _ before: [[EventPattern.Field]]
    ) throws(PatternError) -> [[EventPattern.Field]] {
        var alternatives = before
        let members = value.members ?? []
        guard !members.isEmpty else {
            throw PatternError(
                "an empty object accepts nothing", at: value.offset, hint: "name a key, or leave `match` out")
        }
        for member in members {
            if member.key == "$or", let branches = PatternReader.branches(member.value) {
                var next: [[EventPattern.Field]] = []
                for branch in branches { next += try read(branch, below: keys, alternatives) }
                guard next.count <= EventPattern.alternativeLimit else {
                    throw PatternError(
                        "the pattern's `$or`s multiply to more than \(EventPattern.alternativeLimit) alternatives",
                        at: member.keyOffset, hint: "make two routes of it")
                }
                alternatives = next
                continue
            }
            let path = keys + member.key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            switch member.value.content {
            case .object: alternatives = try read(member.value, below: path, alternatives)
            case .array(let values):
                let field = try field(path, values, member)
                for index in alternatives.indices { PatternReader.put(field, into: &alternatives[index]) }
                guard alternatives.allSatisfy({ $0.count <= EventPattern.fieldLimit }) else {
                    throw PatternError(
                        "a pattern looks at no more than \(EventPattern.fieldLimit) places", at: member.keyOffset)
                }
            default:
                throw PatternError(
                    "`\(member.key)` must be a list of what is accepted, or an object, not \(member.value.described)",
                    at: member.value.offset, hint: "put it in brackets: [\"…\"]")
            }
        }
        return alternatives
    }

    private func field(_ path: [String], _ values: [JSONValue], _ member: JSONValue.Member)
        throws(PatternError) -> EventPattern.Field
    {
        guard !values.isEmpty else {
            throw PatternError(
                "an empty list accepts nothing", at: member.value.offset,
                hint: "for a missing value write [{\"exists\": false}]")
        }
        guard let key = FieldKey(dotted: path) else {
            throw PatternError(
                "`\(path.joined(separator: "."))` is nothing of the request", at: member.keyOffset,
                hint: "there are @source, @path, @client, @headers.NAME (in lower case) and @query.NAME")
        }
        var accepted: [Condition] = []
        for value in values { accepted.append(try Condition(value)) }
        return EventPattern.Field(key: key, accepted: accepted)
    }

    private static func put(_ field: EventPattern.Field, into fields: inout [EventPattern.Field]) {
        if let index = fields.firstIndex(where: { $0.key == field.key }) { fields.remove(at: index) }
        fields.append(field)
    }

    /// The branches of a `$or`: at least two objects, none of which has a reserved name as a key. Else `$or` is a key.
    private static func branches(_ value: JSONValue) -> [JSONValue]? {
        guard let elements = value.array, elements.count > 1, elements.allSatisfy(isBranch) else { return nil }
        return elements
    }

    private static func isBranch(_ value: JSONValue) -> Bool {
        guard let members = value.members, !members.isEmpty else { return false }
        return members.allSatisfy { member in
            if reserved.contains(member.key) { return false }
            if member.value.members != nil { return isBranch(member.value) || member.value.members?.isEmpty == true }
            if member.key == "$or", let inner = member.value.array, inner.allSatisfy({ $0.members != nil }) {
                return inner.allSatisfy(isBranch)
            }
            return true
        }
    }
}
