import EventJSON

/// Many patterns, matched at once against one scan of a body. Immutable; shared by all threads.
///
/// An event walks the automaton from its root: at each node it answers, for the places that the node asks about, which
/// edges its values take. The work depends on the event's values and on the patterns that they begin to match, not on
/// how many patterns there are.
public final class PatternMatcher: Sendable {
    /// An event whose arrays can be combined in so many ways that `stepLimit` was passed: it was not looked at to the end.
    public struct TooManyWays: Error, Equatable, Sendable {}

    /// How often one event's values may be tried at the automaton's nodes.
    public static let stepLimit = 1 << 20

    private let automaton: Automaton
    private let root: UInt32
    private let patternCount: Int
    private let slots: [FieldKey]
    /// For each slot its place in the order of names, in which a missing value is asked for.
    private let ranks: [Int32]
    /// For each path of the scanner's set its slot, or -1.
    private let slotOfPath: [Int32]
    private let requestSlots: [Int]

    /// Compiles patterns; the number of a pattern is its place. `nil` matches every event. `paths` gains what is looked for.
    public init(_ patterns: [EventPattern?], adding paths: inout PathSet) {
        let tree = AutomatonBuilder(patterns)
        let writer = AutomatonWriter(tree)
        automaton = Automaton(writer)
        root = UInt32(writer.root)
        slots = tree.slots
        ranks = tree.ranks
        patternCount = patterns.count
        requestSlots = slots.indices.filter { tree.slots[$0].bodyPath == nil }
        var slotOfPath: [Int32] = []
        for (slot, key) in slots.enumerated() {
            guard let path = key.bodyPath else { continue }
            let index = paths.insert(path)
            while slotOfPath.count <= index { slotOfPath.append(-1) }
            slotOfPath[index] = Int32(slot)
        }
        self.slotOfPath = slotOfPath
    }

    /// Working memory for one thread.
    public func makeScratch() -> MatchScratch {
        MatchScratch(slots: slots.count, nodes: automaton.nodeCount, patterns: patternCount)
    }

    /// Finds the patterns that match the body just scanned and the request that brought it.
    public func match(
        _ scanner: borrowing EventScanner, in body: UnsafeRawBufferPointer, of request: some RequestFields,
        _ scratch: inout MatchScratch
    ) throws(TooManyWays) {
        for field in scanner.fields where field.path < slotOfPath.count {
            let slot = slotOfPath[field.path]
            if slot >= 0 { PatternMatcher.add(field, at: Int(slot), in: body, to: &scratch) }
        }
        for slot in requestSlots {
            request.texts(at: slots[slot]) { PatternMatcher.add($0, at: slot, to: &scratch) }
        }
        defer { forget(&scratch) }
        try walk(scanner, &scratch)
    }

    /// Finds the patterns that match a request whose body is not looked at.
    public func match(_ request: some RequestFields, _ scratch: inout MatchScratch) throws(TooManyWays) {
        for slot in requestSlots {
            request.texts(at: slots[slot]) { PatternMatcher.add($0, at: slot, to: &scratch) }
        }
        defer { forget(&scratch) }
        try walk(EventScanner(PathSet()), &scratch)
    }

    private func forget(_ scratch: inout MatchScratch) {
        for slot in scratch.present {
            scratch.heads[slot] = -1
            scratch.tails[slot] = -1
        }
        scratch.present.removeAll(keepingCapacity: true)
        scratch.values.removeAll(keepingCapacity: true)
        scratch.texts.removeAll(keepingCapacity: true)
        scratch.ways.removeAll(keepingCapacity: true)
        scratch.choices.removeAll(keepingCapacity: true)
        for number in scratch.matched { scratch.isMatched[number] = false }
        scratch.matched.sort()
    }

    private static func add(
        _ field: EventScanner.Field, at slot: Int, in body: UnsafeRawBufferPointer, to scratch: inout MatchScratch
    ) {
        let found = field.value
        // An array is as many values as it has elements, which come by themselves; an object is no value (it has keys).
        guard found.kind != .array, found.kind != .object else { return }
        var bytes = UnsafeRawBufferPointer(rebasing: body[found.range])
        var isText = true
        if found.hasEscapes {
            if let text = JSONString.decode(bytes) {
                bytes = keep(Array(text.utf8), in: &scratch)
            } else {
                isText = false
            }
        }
        append(
            MatchScratch.Value(
                kind: found.kind, isText: isText, base: bytes.baseAddress, count: bytes.count,
                hash: found.kind == .string ? BytesHash.of(bytes) : 0, trail: Int32(field.trail), next: -1),
            at: slot, to: &scratch)
    }

    /// Keeps a text until the match has ended: an array's bytes stay in place while nobody writes to it.
    private static func keep(_ text: [UInt8], in scratch: inout MatchScratch) -> UnsafeRawBufferPointer {
        scratch.texts.append(text)
        return scratch.texts[scratch.texts.count - 1].withUnsafeBytes { $0 }
    }

    private static func add(_ lent: UnsafeRawBufferPointer, at slot: Int, to scratch: inout MatchScratch) {
        let text = keep(Array(lent), in: &scratch)
        append(
            MatchScratch.Value(
                kind: .string, isText: true, base: text.baseAddress, count: text.count, hash: BytesHash.of(text),
                trail: -1, next: -1),
            at: slot, to: &scratch)
    }

    private static func append(_ value: MatchScratch.Value, at slot: Int, to scratch: inout MatchScratch) {
        let index = Int32(scratch.values.count)
        scratch.values.append(value)
        if scratch.tails[slot] >= 0 {
            scratch.values[Int(scratch.tails[slot])].next = index
        } else {
            scratch.heads[slot] = index
            scratch.present.append(slot)
        }
        scratch.tails[slot] = index
    }

    private func walk(_ scanner: borrowing EventScanner, _ scratch: inout MatchScratch) throws(TooManyWays) {
        scratch.matched.removeAll(keepingCapacity: true)
        scratch.ways.append(MatchScratch.Way(node: root, chosen: -1))
        let words = automaton.words
        var edges = Edges(automaton, scanner.trails)
        var steps = 0
        while let way = scratch.ways.popLast() {
            guard steps <= PatternMatcher.stepLimit else { throw TooManyWays() }
            var word = Int(way.node) + 1
            let accepts = Int(words[word])
            for index in 0..<accepts {
                let number = Int(words[word + 1 + index])
                if !scratch.isMatched[number] {
                    scratch.isMatched[number] = true
                    scratch.matched.append(number)
                }
            }
            word += 1 + accepts
            steps += 1
            let absences = Int(words[word])
            for index in 0..<absences {
                let slot = Int(words[word + 1 + 2 * index])
                let table = Int(words[word + 2 + 2 * index])
                edges.go(to: table, rank: ranks[slot], way.chosen)
                edges.missing(scratch.heads[slot], &scratch)
            }
            word += 1 + 2 * absences
            let tables = Int(words[word])
            if tables <= PatternMatcher.manyTables * scratch.present.count {
                for index in 0..<tables {
                    let slot = Int(words[word + 1 + 2 * index])
                    let table = Int(words[word + 2 + 2 * index])
                    steps += follow(table, slot, way, &edges, &scratch)
                }
            } else {
                for slot in scratch.present {
                    guard let table = table(of: slot, among: tables, from: word + 1) else { continue }
                    steps += follow(table, slot, way, &edges, &scratch)
                }
            }
        }
    }

    /// A node with so many tables for each place that the event has is not looked through.
    private static let manyTables = 8

    /// The table for a slot among a node's, which are sorted.
    private func table(of slot: Int, among count: Int, from start: Int) -> Int? {
        let words = automaton.words
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if Int(words[start + 2 * middle]) < slot { low = middle + 1 } else { high = middle }
        }
        guard low < count, Int(words[start + 2 * low]) == slot else { return nil }
        return Int(words[start + 2 * low + 1])
    }

    /// Follows the edges that a slot's values take from a table. Answers how many values there are.
    @inline(__always)
    private func follow(
        _ table: Int, _ slot: Int, _ way: MatchScratch.Way, _ edges: inout Edges, _ scratch: inout MatchScratch
    ) -> Int {
        var value = scratch.heads[slot]
        guard value >= 0 else { return 0 }
        if scratch.stamp == .max {
            for node in scratch.stamps.indices { scratch.stamps[node] = 0 }
            scratch.stamp = 0
        }
        scratch.stamp += 1
        edges.go(to: table, rank: ranks[slot], way.chosen)
        var count = 0
        while value >= 0 {
            count += 1
            edges.follow(Int(value), &scratch)
            value = scratch.values[Int(value)].next
        }
        return count
    }
}
