import EventJSON

/// Patterns put together: a tree whose nodes say which place is looked at next, and whose edges are what is accepted there.
///
/// Patterns that begin alike share the nodes of their beginning. Each pattern looks first at what it accepts exactly,
/// at the place where most patterns differ, and last at what holds of nearly everything: so that an event leaves the
/// ways that don't concern it at their first step. Whether a value is missing depends on the array elements that places
/// of lower names are held by: it is asked last, and in the order of names.
final class AutomatonBuilder {
    /// A place in the tree.
    final class Node {
        var index = 0
        var accepts: [Int] = []
        private(set) var tables: [(slot: Int, table: Table)] = []
        /// The tables' places by slot, once there are too many to be looked through.
        private var places: [Int: Int] = [:]
        private static let manyTables = 16

        func table(at slot: Int) -> Table {
            if let place = places.isEmpty ? tables.firstIndex(where: { $0.slot == slot }) : places[slot] {
                return tables[place].table
            }
            let table = Table()
            tables.append((slot, table))
            if tables.count > Node.manyTables {
                if places.isEmpty { for (place, known) in tables.enumerated() { places[known.slot] = place } }
                places[slot] = tables.count - 1
            }
            return table
        }
    }

    /// What is accepted at one place, and where it leads.
    final class Table {
        private(set) var edges: [(accepted: [Condition], node: Node)] = []
        /// The edges' places by what they accept, once there are too many to be looked through.
        private var places: [[Condition]: Int] = [:]
        private static let manyEdges = 8

        func next(for accepted: [Condition]) -> Node {
            if let place = places.isEmpty ? edges.firstIndex(where: { $0.accepted == accepted }) : places[accepted] {
                return edges[place].node
            }
            let node = Node()
            edges.append((accepted, node))
            if edges.count > Table.manyEdges {
                if places.isEmpty { for (place, known) in edges.enumerated() { places[known.accepted] = place } }
                places[accepted] = edges.count - 1
            }
            return node
        }
    }

    let root = Node()
    private(set) var slots: [FieldKey] = []
    /// For each slot its place in the order of names.
    private(set) var ranks: [Int32] = []
    private var slotOf: [FieldKey: Int] = [:]
    private var variety: [Int: Set<[Condition]>] = [:]

    init(_ patterns: [EventPattern?]) {
        for field in patterns.lazy.compactMap({ $0?.alternatives }).joined().joined() {
            let slot = slot(of: field.key)
            if AutomatonBuilder.vagueness(of: field) == 0 { variety[slot, default: []].insert(field.accepted) }
        }
        rank()
        for (number, pattern) in patterns.enumerated() {
            guard let pattern else {
                root.accepts.append(number)
                continue
            }
            for alternative in pattern.alternatives { insert(alternative, number) }
        }
        variety = [:]
    }

    private func slot(of key: FieldKey) -> Int {
        if let known = slotOf[key] { return known }
        slotOf[key] = slots.count
        slots.append(key)
        return slots.count - 1
    }

    private func rank() {
        ranks = Array(repeating: 0, count: slots.count)
        let order = slots.indices.sorted { slots[$0].precedes(slots[$1]) }
        for (rank, slot) in order.enumerated() { ranks[slot] = Int32(rank) }
    }

    private func insert(_ fields: [EventPattern.Field], _ number: Int) {
        let ranked = fields.map { field in
            let slot = slot(of: field.key)
            let vagueness = AutomatonBuilder.vagueness(of: field)
            return (vagueness, vagueness == 3 ? Int(ranks[slot]) : -(variety[slot]?.count ?? 0), slot, field)
        }
        var node = root
        for (_, _, slot, field) in ranked.sorted(by: { ($0.0, $0.1, $0.2) < ($1.0, $1.1, $1.2) }) {
            node = node.table(at: slot).next(for: field.accepted)
        }
        if node.accepts.last != number { node.accepts.append(number) }
    }

    /// How little a field tells: 0 exact values, 1 parts and ranges, 2 nearly anything, 3 what is missing.
    private static func vagueness(of field: EventPattern.Field) -> Int {
        field.accepted.map { condition in
            switch condition {
            case .string, .number, .numeral, .literal: 0
            case .prefix, .suffix, .ignoringCase, .wildcard, .range, .addresses: 1
            case .anythingBut, .exists(true): 2
            case .exists(false): 3
            }
        }.max() ?? 0
    }
}
