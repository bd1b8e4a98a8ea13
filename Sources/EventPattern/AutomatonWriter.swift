import EventJSON

/// Writes a tree of patterns as flat tables.
///
/// ```
/// node       index · accepts count · pattern … · absences count · (slot · table) … · tables count · (slot · table) …
/// table      bits of the parts that it has · where each of them stands …
/// list       count · node …
/// affixes    hash table of candidates · lengths count · length …
/// candidates list · others
/// others     count · (condition · node) …
/// exclusions count · (node · texts count · (hash · offset · length) … | node · 2³²-1 · condition) …
/// ```
struct AutomatonWriter: ~Copyable {
    private(set) var words: [UInt32] = [0]
    private(set) var bytes: [UInt8] = []
    private(set) var conditions: [Condition] = []
    private(set) var ranges: [IntervalIndex<Double>] = []
    private(set) var addresses: [IntervalIndex<Automaton.FamilyAddress>] = []
    private(set) var nodeCount = 0
    /// Where the first node stands.
    private(set) var root = 0

    static let conditionMark = UInt32.max

    /// Where lists name nodes that are not written yet, and which.
    private var openNodes: [(word: Int, node: AutomatonBuilder.Node)] = []
    private var places: [ObjectIdentifier: Int] = [:]

    init(_ tree: AutomatonBuilder) {
        root = write(tree.root)
        while let open = openNodes.popLast() {
            let id = ObjectIdentifier(open.node)
            let place = places[id] ?? write(open.node)
            places[id] = place
            words[open.word] = UInt32(place)
        }
    }

    private mutating func write(_ node: AutomatonBuilder.Node) -> Int {
        // By slot, so that the few that an event has values for are found among many.
        let tables = node.tables.map { (slot: $0.slot, place: write($0.table)) }.sorted { $0.slot < $1.slot }
        let place = words.count
        words.append(UInt32(nodeCount))
        nodeCount += 1
        words.append(UInt32(node.accepts.count))
        words += node.accepts.map { UInt32($0) }
        let absences = tables.filter { words[$0.place] & 1 << UInt32(Automaton.Part.missing.rawValue) != 0 }
        for tables in [absences, tables] {
            words.append(UInt32(tables.count))
            for table in tables {
                words.append(UInt32(table.slot))
                words.append(UInt32(table.place))
            }
        }
        return place
    }

    /// What a table gathers, by part, before it is written.
    private struct Parts {
        typealias Nodes = [AutomatonBuilder.Node]
        var lists: [Automaton.Part: Nodes] = [:]
        var texts: [Automaton.Part: [[UInt8]: Nodes]] = [:]
        var verified: [Automaton.Part: [[UInt8]: [(Condition, AutomatonBuilder.Node)]]] = [:]
        var numbers: [Double: Nodes] = [:]
        var ranges: [(NumberRange, AutomatonBuilder.Node)] = []
        var addresses: [(AddressRange, AutomatonBuilder.Node)] = []
        var others: [(Condition, AutomatonBuilder.Node)] = []
        var wildcards: [(Wildcard, AutomatonBuilder.Node)] = []
        var exclusions: [([Condition], AutomatonBuilder.Node)] = []

        mutating func add(_ condition: Condition, _ node: AutomatonBuilder.Node) {
            switch condition {
            case .exists(true): lists[.anyValue, default: []].append(node)
            case .exists(false): lists[.missing, default: []].append(node)
            case .literal(.true): lists[.isTrue, default: []].append(node)
            case .literal(.false): lists[.isFalse, default: []].append(node)
            case .literal: lists[.isNull, default: []].append(node)
            case .string(let text): add(text, to: .strings, node)
            case .number(let number): numbers[number, default: []].append(node)
            case .numeral(let digits): add(digits, to: .numerals, node)
            case .prefix(let text): add(text, to: .prefixes, node)
            case .suffix(let text): add(text, to: .suffixes, node)
            case .ignoringCase(let letters, let affix):
                guard let small = letters.ascii else { return others.append((condition, node)) }
                switch affix {
                case .whole: add(small, to: .smallStrings, node)
                case .prefix: add(small, to: .smallPrefixes, node)
                case .suffix: add(small, to: .smallSuffixes, node)
                }
            case .wildcard(let wildcard): wildcards.append((wildcard, node))
            case .range(let range): ranges.append((range, node))
            case .addresses(let range): addresses.append((range, node))
            case .anythingBut(let excluded): exclusions.append((excluded, node))
            }
        }

        private mutating func add(_ text: [UInt8], to part: Automaton.Part, _ node: AutomatonBuilder.Node) {
            texts[part, default: [:]][text, default: []].append(node)
        }

        /// Each wildcard is found by one of the parts that a value must have, and then looked at as a whole.
        mutating func placeWildcards() {
            let landmarks = WildcardLandmarks(wildcards.map(\.0))
            for (wildcard, node) in wildcards {
                let condition = Condition.wildcard(wildcard)
                switch landmarks.landmark(of: wildcard) {
                case .whole(let text): add(text, to: .strings, node)
                case .part(let part, let text):
                    verified[part, default: [:]][text, default: []].append((condition, node))
                case .none: others.append((condition, node))
                }
            }
            wildcards = []
        }
    }

    private mutating func write(_ table: AutomatonBuilder.Table) -> Int {
        // Most tables accept one text, and many routes make many of them.
        if table.edges.count == 1, table.edges[0].accepted.count == 1,
            case .string(let text) = table.edges[0].accepted[0]
        {
            return head([(.strings, hashTable([(text, list([table.edges[0].node]))]))])
        }
        var parts = Parts()
        for (accepted, node) in table.edges {
            for condition in accepted { parts.add(condition, node) }
        }
        parts.placeWildcards()
        var places = parts.lists.map { ($0.key, list($0.value)) }
        for part in [Automaton.Part.strings, .smallStrings, .numerals] {
            guard let texts = parts.texts[part] else { continue }
            var entries: [([UInt8], Int)] = []
            for (text, nodes) in texts { entries.append((text, list(nodes))) }
            places.append((part, hashTable(entries)))
        }
        for part in [Automaton.Part.prefixes, .suffixes, .smallPrefixes, .smallSuffixes, .pieces] {
            let place = affixes(parts.texts[part] ?? [:], parts.verified[part] ?? [:])
            if place != 0 { places.append((part, place)) }
        }
        if !parts.numbers.isEmpty { places.append((.numbers, numberTable(parts.numbers))) }
        if !parts.ranges.isEmpty { places.append((.ranges, rangeIndex(parts.ranges))) }
        if !parts.addresses.isEmpty { places.append((.addresses, addressIndex(parts.addresses))) }
        if !parts.others.isEmpty { places.append((.others, verified(parts.others))) }
        if !parts.exclusions.isEmpty { places.append((.exclusions, exclusions(parts.exclusions))) }
        return head(places)
    }

    private mutating func head(_ parts: [(part: Automaton.Part, place: Int)]) -> Int {
        let place = words.count
        words.append(parts.reduce(0) { $0 | 1 << UInt32($1.part.rawValue) })
        for (_, place) in parts.sorted(by: { $0.part.rawValue < $1.part.rawValue }) { words.append(UInt32(place)) }
        return place
    }

    private mutating func list(_ nodes: [AutomatonBuilder.Node]) -> Int {
        let place = words.count
        words.append(UInt32(nodes.count))
        for node in nodes {
            openNodes.append((words.count, node))
            words.append(0)
        }
        return place
    }

    private mutating func hashTable(_ entries: [([UInt8], Int)]) -> Int {
        // At most half full, so that a text that is not there is found out soon.
        var size = 2
        while size < entries.count * 2 { size *= 2 }
        let place = words.count
        words.append(UInt32(size - 1))
        words += Array(repeating: 0, count: 4 * size)
        for (text, list) in entries {
            let hash = text.withUnsafeBytes { BytesHash.of($0) }
            var slot = Int(hash) & (size - 1)
            while words[place + 1 + 4 * slot + 3] != 0 { slot = (slot + 1) & (size - 1) }
            let entry = place + 1 + 4 * slot
            words[entry] = hash
            words[entry + 1] = UInt32(bytes.count)
            words[entry + 2] = UInt32(text.count)
            words[entry + 3] = UInt32(list)
            bytes += text
        }
        return place
    }

    private mutating func numberTable(_ numbers: [Double: [AutomatonBuilder.Node]]) -> Int {
        var entries: [(Double, Int)] = []
        for (number, nodes) in numbers { entries.append((number, list(nodes))) }
        var size = 2
        while size < entries.count * 2 { size *= 2 }
        let place = words.count
        words.append(UInt32(size - 1))
        words += Array(repeating: 0, count: 3 * size)
        for (number, list) in entries {
            let bits = number.bitPattern
            var slot = Int(Automaton.hash(bits)) & (size - 1)
            while words[place + 1 + 3 * slot + 2] != 0 { slot = (slot + 1) & (size - 1) }
            let entry = place + 1 + 3 * slot
            words[entry] = UInt32(truncatingIfNeeded: bits)
            words[entry + 1] = UInt32(bits >> 32)
            words[entry + 2] = UInt32(list)
        }
        return place
    }

    private mutating func affixes(
        _ texts: [[UInt8]: [AutomatonBuilder.Node]], _ candidates: [[UInt8]: [(Condition, AutomatonBuilder.Node)]]
    ) -> Int {
        let all = Set(texts.keys).union(candidates.keys)
        guard !all.isEmpty else { return 0 }
        var entries: [([UInt8], Int)] = []
        for text in all {
            let place = list(texts[text] ?? [])
            _ = verified(candidates[text] ?? [])
            entries.append((text, place))
        }
        let table = hashTable(entries)
        let lengths = Set(all.map(\.count)).sorted()
        let place = words.count
        words.append(UInt32(table))
        words.append(UInt32(lengths.count))
        words += lengths.map { UInt32($0) }
        return place
    }

    /// Conditions that are tried one by one, each with the node that it leads to.
    private mutating func verified(_ entries: [(Condition, AutomatonBuilder.Node)]) -> Int {
        let place = words.count
        words.append(UInt32(entries.count))
        for (condition, node) in entries {
            words.append(UInt32(conditions.count))
            conditions.append(condition)
            openNodes.append((words.count, node))
            words.append(0)
        }
        return place
    }

    private mutating func rangeIndex(_ entries: [(NumberRange, AutomatonBuilder.Node)]) -> Int {
        // An open end is the neighbouring number.
        var intervals: [IntervalIndex<Double>.Entry] = []
        for (range, node) in entries {
            let low = range.includesLow ? range.low : range.low.nextUp
            let high = range.includesHigh ? range.high : range.high.nextDown
            intervals.append(.init(low: low, high: high, value: UInt32(list([node]))))
        }
        ranges.append(IntervalIndex(intervals))
        return ranges.count
    }

    private mutating func addressIndex(_ entries: [(AddressRange, AutomatonBuilder.Node)]) -> Int {
        var intervals: [IntervalIndex<Automaton.FamilyAddress>.Entry] = []
        for (range, node) in entries {
            intervals.append(
                .init(
                    low: .init(isV6: range.isV6, bits: range.low), high: .init(isV6: range.isV6, bits: range.high),
                    value: UInt32(list([node]))))
        }
        addresses.append(IntervalIndex(intervals))
        return addresses.count
    }

    private mutating func exclusions(_ entries: [([Condition], AutomatonBuilder.Node)]) -> Int {
        let place = words.count
        words.append(UInt32(entries.count))
        for (excluded, node) in entries {
            openNodes.append((words.count, node))
            words.append(0)
            let texts = excluded.compactMap { if case .string(let text) = $0 { text } else { nil } }
            if texts.count == excluded.count {
                words.append(UInt32(texts.count))
                for text in texts {
                    words.append(text.withUnsafeBytes { BytesHash.of($0) })
                    words.append(UInt32(bytes.count))
                    words.append(UInt32(text.count))
                    bytes += text
                }
            } else {
                words.append(AutomatonWriter.conditionMark)
                words.append(UInt32(conditions.count))
                conditions.append(.anythingBut(excluded))
            }
        }
        return place
    }
}
