import EventJSON

/// Reads a pattern's objects into alternatives. What it refuses is what event-ruler refuses.
struct PatternReader {
    /// Names that an object inside `$or` may not have as keys (event-ruler's `Constants`).
    private static let reserved: Set<String> = [
        "exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr",
        "=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case", "date-after",
        "date-on-or-after", "date-before", "date-on-or-before", "in-date-range", "ip-address-in-range",
        "ip-address-not-in-range",
    ]

    /// The keys that lead to what is read, as they are written.
    private var way: [String] = []
    /// Whether `$or` is the operator; else it is a key like any other.
    let takesOr: Bool

    /// What is wrong with the pattern, in the order of the text.
    private(set) var faults: [PatternError] = []

    init(takesOr: Bool) { self.takesOr = takesOr }

    mutating func read(_ value: JSONValue) -> [[EventPattern.Field]] {
        guard value.members != nil else {
            fault(
                "a pattern is an object, not \(value.described)", at: value.offset,
                hint: "like { \"type\": [\"redemption.succeeded\"] }")
            return []
        }
        return read(value, below: [], [[]], isBranch: false)
    }

    private mutating func fault(_ message: String, at offset: Int, hint: String = "") {
        keep(PatternError(message, at: offset, hint: hint))
    }

    private mutating func keep(_ fault: PatternError) {
        var fault = fault
        fault.path = way.joined(separator: ".")
        faults.append(fault)
    }

    private mutating func read(
        _ value: JSONValue, below keys: [String], _ before: [[EventPattern.Field]], isBranch: Bool
    ) -> [[EventPattern.Field]] {
        var alternatives = before
        // A remark is for people; a condition on a key of that name is a list.
        let members = (value.members ?? []).filter { $0.key != "description" || $0.value.string == nil }
        if members.isEmpty {
            fault("an empty object accepts nothing", at: value.offset, hint: "name a key, or leave `match` out")
        }
        for member in members {
            way.append(member.key)
            defer { way.removeLast() }
            if takesOr && member.key == "$or" {
                alternatives = branches(member, below: keys, alternatives)
                continue
            }
            if isBranch && PatternReader.reserved.contains(member.key) {
                fault(
                    "`\(member.key)` is an operator's name, which can't be a key inside `$or`", at: member.keyOffset,
                    hint: "a branch of `$or` is a pattern: { \"key\": [{ \"\(member.key)\": … }] }")
                continue
            }
            let path = keys + member.key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            switch member.value.content {
            case .object: alternatives = read(member.value, below: path, alternatives, isBranch: isBranch)
            case .array(let values):
                guard let field = field(path, values, member) else { continue }
                for index in alternatives.indices { PatternReader.put(field, into: &alternatives[index]) }
                if alternatives.contains(where: { $0.count > EventPattern.fieldLimit }) {
                    fault("a pattern looks at no more than \(EventPattern.fieldLimit) places", at: member.keyOffset)
                    return alternatives
                }
            default:
                fault(
                    "`\(member.key)` must be a list of what is accepted, or an object, not \(member.value.described)",
                    at: member.value.offset, hint: "put it in brackets: [\"…\"]")
            }
        }
        return alternatives
    }

    /// What a `$or` makes of the alternatives before it: each of them with each of its branches.
    private mutating func branches(
        _ or: JSONValue.Member, below keys: [String], _ before: [[EventPattern.Field]]
    ) -> [[EventPattern.Field]] {
        let hint = "like { \"$or\": [{ \"a\": [1] }, { \"b\": [2] }] }"
        guard let branches = or.value.array, branches.count > 1 else {
            fault("`$or` takes a list of two patterns or more", at: or.value.offset, hint: hint)
            return before
        }
        var alternatives: [[EventPattern.Field]] = []
        for branch in branches {
            guard branch.members != nil else {
                fault("a branch of `$or` is a pattern, not \(branch.described)", at: branch.offset, hint: hint)
                continue
            }
            alternatives += read(branch, below: keys, before, isBranch: true)
            guard alternatives.count <= EventPattern.alternativeLimit else {
                fault(
                    "the pattern's `$or`s multiply to more than \(EventPattern.alternativeLimit) alternatives",
                    at: or.keyOffset, hint: "make two routes of it")
                return before
            }
        }
        return alternatives
    }

    private mutating func field(_ path: [String], _ values: [JSONValue], _ member: JSONValue.Member)
        -> EventPattern.Field?
    {
        if values.isEmpty {
            fault(
                "an empty list accepts nothing", at: member.value.offset,
                hint: "for a missing value write [{\"exists\": false}]")
        }
        let key = FieldKey(dotted: path)
        if key == nil {
            fault(
                "`\(path.joined(separator: "."))` is nothing of the request", at: member.keyOffset,
                hint: "there are @source, @path, @client, @headers.NAME (in lower case) and @query.NAME")
        }
        var accepted: [Condition] = []
        for value in values {
            do throws(PatternError) { accepted.append(try Condition(value)) } catch { keep(error) }
        }
        return key.map { EventPattern.Field(key: $0, accepted: accepted) }
    }

    private static func put(_ field: EventPattern.Field, into fields: inout [EventPattern.Field]) {
        if let index = fields.firstIndex(where: { $0.key == field.key }) { fields.remove(at: index) }
        fields.append(field)
    }
}
