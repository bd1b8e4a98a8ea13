import EventJSON

/// Many patterns, matched at once against one scan of a body. Immutable; shared by all threads.
///
/// Equal conditions of different patterns are tested once. What a path accepts exactly is found by hash; only prefixes,
/// suffixes and exclusions are tried one by one. A pattern matches when as many of its fields have held as it has.
public struct PatternMatcher: Sendable {
    /// What is tested at one path.
    private struct PathTests: Sendable {
        /// Fields by a string that they accept.
        var strings: [[UInt8]: [Int]] = [:]
        /// Fields whose other conditions are tried one by one.
        var others: [(field: Int, accepted: [Condition])] = []
        /// Fields that hold where the path is missing.
        var absent: [Int] = []
    }

    /// One event's working memory, reused from event to event. Owned by one thread.
    public struct Scratch: Sendable {
        fileprivate var held: [Bool]
        fileprivate var heldFields: [Int] = []
        fileprivate var counts: [Int]
        fileprivate var touched: [Int] = []
        fileprivate var seen: [Bool]
        /// The patterns that matched, by number in ascending order.
        public fileprivate(set) var matched: [Int] = []
    }

    private var tests: [Int: PathTests] = [:]
    private var fields: [EventPattern.Field: Int] = [:]
    /// The patterns that have a field.
    private var users: [[Int]] = []
    private var fieldCounts: [Int] = []
    /// The patterns that match every event, by number.
    public private(set) var unconditional: [Int] = []
    private let wanted: [Int]

    /// Compiles patterns; the number of a pattern is its place. `nil` matches every event. `paths` gains what is looked for.
    public init(_ patterns: [EventPattern?], adding paths: inout PathSet) {
        var order: [Int] = []
        for (number, pattern) in patterns.enumerated() {
            guard let pattern else {
                fieldCounts.append(0)
                unconditional.append(number)
                continue
            }
            let distinct = Set(pattern.fields)
            fieldCounts.append(distinct.count)
            for field in distinct {
                let known = fields[field]
                let index = known ?? users.count
                if known == nil {
                    fields[field] = index
                    users.append([])
                    let path = paths.insert(field.path)
                    order.append(path)
                    PatternMatcher.add(field, index, to: &tests[path, default: PathTests()])
                }
                users[index].append(number)
            }
        }
        wanted = Array(Set(order)).sorted()
    }

    private static func add(_ field: EventPattern.Field, _ index: Int, to tests: inout PathTests) {
        var others: [Condition] = []
        for condition in field.accepted {
            switch condition {
            case .string(let text): tests.strings[text, default: []].append(index)
            case .exists(false): tests.absent.append(index)
            default: others.append(condition)
            }
        }
        if !others.isEmpty { tests.others.append((index, others)) }
    }

    /// Working memory for one thread.
    public func makeScratch(paths: PathSet) -> Scratch {
        Scratch(
            held: Array(repeating: false, count: users.count), counts: Array(repeating: 0, count: fieldCounts.count),
            seen: Array(repeating: false, count: paths.paths.count))
    }

    /// Finds the patterns that match the body just scanned.
    public func match(_ scanner: borrowing EventScanner, in body: UnsafeRawBufferPointer, _ scratch: inout Scratch) {
        scratch.matched.removeAll(keepingCapacity: true)
        scratch.matched.append(contentsOf: unconditional)
        if !users.isEmpty {
            for found in scanner.fields { test(found, in: body, &scratch) }
            for path in wanted {
                if scratch.seen[path] {
                    scratch.seen[path] = false
                } else if let absent = tests[path]?.absent {
                    for field in absent { hold(field, &scratch) }
                }
            }
            for field in scratch.heldFields { scratch.held[field] = false }
            scratch.heldFields.removeAll(keepingCapacity: true)
            for number in scratch.touched { scratch.counts[number] = 0 }
            scratch.touched.removeAll(keepingCapacity: true)
        }
        scratch.matched.sort()
    }

    private func test(_ found: EventScanner.Field, in body: UnsafeRawBufferPointer, _ scratch: inout Scratch) {
        // An array is as many values as it has elements, which come by themselves; an object is no value (it has keys).
        guard found.value.kind != .array, found.value.kind != .object, let tests = tests[found.path] else { return }
        scratch.seen[found.path] = true
        let value = ScannedValue(found.value, in: body)
        if let text = value.text, let fields = tests.strings[text] {
            for field in fields { hold(field, &scratch) }
        }
        for other in tests.others where !scratch.held[other.field] {
            if other.accepted.contains(where: { value.isAccepted(by: $0) }) { hold(other.field, &scratch) }
        }
    }

    private func hold(_ field: Int, _ scratch: inout Scratch) {
        guard !scratch.held[field] else { return }
        scratch.held[field] = true
        scratch.heldFields.append(field)
        for number in users[field] {
            if scratch.counts[number] == 0 { scratch.touched.append(number) }
            scratch.counts[number] += 1
            if scratch.counts[number] == fieldCounts[number] { scratch.matched.append(number) }
        }
    }
}

/// A value of the body as conditions see it.
struct ScannedValue {
    let kind: ValueKind
    let text: [UInt8]?
    let number: Double?

    init(_ found: FoundValue, in body: UnsafeRawBufferPointer) {
        kind = found.kind
        let bytes = UnsafeRawBufferPointer(rebasing: body[found.range])
        switch found.kind {
        case .string:
            text = found.hasEscapes ? JSONString.decode(bytes).map { Array($0.utf8) } : Array(bytes)
            number = nil
        case .number:
            text = nil
            number = Double(String(decoding: bytes, as: UTF8.self))
        default:
            text = nil
            number = nil
        }
    }

    func isAccepted(by condition: Condition) -> Bool { condition.accepts(kind, text: text, number: number) }
}
