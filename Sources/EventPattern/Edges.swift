import EventJSON

/// The edges that values take out of a node at one place after another. A plain value on the stack of the walk: one for all of it, so that
/// the automaton is referred to once.
struct Edges {
    private let automaton: Automaton
    private let trails: [EventScanner.Trail]
    private var table = 0
    private var rank: Int32 = 0
    private var chosen: Int32 = -1
    /// The choice of the value that is being followed, the element it stands in, and whether it has led anywhere.
    private var choice: Int32 = -1
    private var trail: Int32 = -1
    private var isTaken = false

    /// The edges of an automaton for an event whose array elements are these.
    init(_ automaton: Automaton, _ trails: [EventScanner.Trail]) {
        self.automaton = automaton
        self.trails = trails
    }

    /// Goes to the edges at a table, for a place of some rank among all places, on a way with its choices.
    @inline(__always)
    mutating func go(to table: Int, rank: Int32, _ chosen: Int32) {
        self.table = table
        self.rank = rank
        self.chosen = chosen
    }

    @inline(__always)
    private func place(of part: Automaton.Part) -> Int { automaton.place(of: part, in: table) }

    /// Follows the edges for a place at which the event has no value, but in array elements other than those chosen for
    /// places of a lower rank. `first` is the first of its values, or -1.
    func missing(_ first: Int32, _ scratch: inout MatchScratch) {
        let list = place(of: .missing)
        guard list != 0 else { return }
        var value = first
        while value >= 0 {
            if isConsistent(scratch.values[Int(value)].trail, below: rank, scratch) { return }
            value = scratch.values[Int(value)].next
        }
        for index in 0..<Int(automaton.words[list]) {
            scratch.ways.append(.init(node: automaton.words[list + 1 + index], chosen: chosen))
        }
    }

    /// Follows the edges that one value takes.
    mutating func follow(_ index: Int, _ scratch: inout MatchScratch) {
        let value = scratch.values[index]
        choice = chosen
        if value.trail >= 0 {
            guard isConsistent(value.trail, scratch) else { return }
            let isKnown =
                chosen >= 0 && scratch.choices[Int(chosen)].trail == value.trail
                && scratch.choices[Int(chosen)].rank <= rank
            if !isKnown {
                choice = Int32(scratch.choices.count)
                scratch.choices.append(.init(trail: value.trail, rank: rank, before: chosen))
            }
        }
        trail = value.trail
        isTaken = false
        take(list: place(of: .anyValue), &scratch)
        switch value.kind {
        case .string: if value.isText { text(value, &scratch) }
        case .number: number(value, &scratch)
        case .true: take(list: place(of: .isTrue), &scratch)
        case .false: take(list: place(of: .isFalse), &scratch)
        case .null: take(list: place(of: .isNull), &scratch)
        case .object, .array: break
        }
        exclusions(value, &scratch)
        // A choice that led nowhere is taken back.
        if !isTaken && choice != chosen { scratch.choices.removeLast() }
    }

    /// Whether an element agrees with those chosen before, for places below a rank: where both stand in the same array,
    /// they must be the same.
    private func isConsistent(_ trail: Int32, below rank: Int32 = .max, _ scratch: borrowing MatchScratch) -> Bool {
        guard trail >= 0 else { return true }
        var choice = chosen
        while choice >= 0 {
            let other = scratch.choices[Int(choice)]
            if other.rank < rank, other.trail != trail, !agrees(Int(trail), Int(other.trail)) { return false }
            choice = other.before
        }
        return true
    }

    private func agrees(_ one: Int, _ other: Int) -> Bool {
        var mine = one
        while mine >= 0 {
            var theirs = other
            while theirs >= 0 {
                if trails[mine].array == trails[theirs].array {
                    // What is further out is common to both.
                    return trails[mine].element == trails[theirs].element
                }
                theirs = trails[theirs].parent
            }
            mine = trails[mine].parent
        }
        return true
    }

    private mutating func text(_ value: MatchScratch.Value, _ scratch: inout MatchScratch) {
        let bytes = value.bytes
        let strings = place(of: .strings)
        if strings != 0 {
            take(
                list: automaton.lookUp(bytes, from: 0, count: bytes.count, hash: value.hash, in: strings), &scratch)
        }
        affixes(bytes, .prefixes, .suffixes, &scratch)
        if place(of: .smallStrings) | place(of: .smallPrefixes) | place(of: .smallSuffixes) != 0 {
            withUnsafeTemporaryAllocation(byteCount: max(1, bytes.count), alignment: 8) { small in
                for index in 0..<bytes.count { small[index] = LetterCase.small(bytes[index]) }
                let small = UnsafeRawBufferPointer(rebasing: small[..<bytes.count])
                let strings = place(of: .smallStrings)
                if strings != 0 {
                    let hash = BytesHash.of(small)
                    take(
                        list: automaton.lookUp(small, from: 0, count: small.count, hash: hash, in: strings), &scratch)
                }
                affixes(small, .smallPrefixes, .smallSuffixes, &scratch)
            }
        }
        if place(of: .pieces) != 0 { pieces(bytes, &scratch) }
        let addresses = place(of: .addresses)
        if addresses != 0, let address = IPAddress(bytes) {
            automaton.addresses[addresses - 1].find(.init(isV6: address.isV6, bits: address.bits)) {
                take(list: Int($0), &scratch)
            }
        }
        let others = place(of: .others)
        if others != 0 { take(verified: others, FieldValue(kind: .string, bytes: bytes), &scratch) }
    }

    private mutating func affixes(
        _ bytes: UnsafeRawBufferPointer, _ prefixes: Automaton.Part, _ suffixes: Automaton.Part,
        _ scratch: inout MatchScratch
    ) {
        for part in [prefixes, suffixes] {
            let place = place(of: part)
            guard place != 0 else { continue }
            let table = Int(automaton.words[place])
            for index in 0..<Int(automaton.words[place + 1]) {
                let length = Int(automaton.words[place + 2 + index])
                if length > bytes.count { break }
                let start = part == prefixes ? 0 : bytes.count - length
                let hash = BytesHash.of(bytes, from: start, count: length)
                let list = automaton.lookUp(bytes, from: start, count: length, hash: hash, in: table)
                guard list != 0 else { continue }
                take(list: list, &scratch)
                let verified = list + 1 + Int(automaton.words[list])
                take(verified: verified, FieldValue(kind: .string, bytes: bytes), &scratch)
            }
        }
    }

    /// Wildcards that are found by a piece, which may stand anywhere.
    private mutating func pieces(_ bytes: UnsafeRawBufferPointer, _ scratch: inout MatchScratch) {
        let place = place(of: .pieces)
        let table = Int(automaton.words[place])
        // A piece that comes again and again is looked into once.
        var seen: Set<Int> = []
        var last = 0
        for index in 0..<Int(automaton.words[place + 1]) {
            let length = Int(automaton.words[place + 2 + index])
            if length > bytes.count { break }
            for start in 0...(bytes.count - length) {
                let hash = BytesHash.of(bytes, from: start, count: length)
                let list = automaton.lookUp(bytes, from: start, count: length, hash: hash, in: table)
                guard list != 0, list != last, seen.insert(list).inserted else { continue }
                last = list
                let verified = list + 1 + Int(automaton.words[list])
                take(verified: verified, FieldValue(kind: .string, bytes: bytes), &scratch)
            }
        }
    }

    private mutating func number(_ value: MatchScratch.Value, _ scratch: inout MatchScratch) {
        let numbers = place(of: .numbers)
        let ranges = place(of: .ranges)
        let numerals = place(of: .numerals)
        guard numbers | ranges | numerals != 0 else { return }
        guard let number = NumberText.value(value.bytes) else {
            guard numerals != 0 else { return }
            let hash = BytesHash.of(value.bytes)
            let list = automaton.lookUp(value.bytes, from: 0, count: value.count, hash: hash, in: numerals)
            return take(list: list, &scratch)
        }
        if numbers != 0 { take(list: automaton.lookUp(number, in: numbers), &scratch) }
        if ranges != 0 { automaton.ranges[ranges - 1].find(number) { take(list: Int($0), &scratch) } }
    }

    private mutating func exclusions(_ value: MatchScratch.Value, _ scratch: inout MatchScratch) {
        let place = place(of: .exclusions)
        guard place != 0 else { return }
        let words = automaton.words
        var word = place + 1
        for _ in 0..<Int(words[place]) {
            let node = words[word]
            let count = words[word + 1]
            word += 2
            var isExcluded = false
            if count == AutomatonWriter.conditionMark {
                let seen = FieldValue(kind: value.kind, bytes: value.bytes, isText: value.isText)
                isExcluded = !automaton.conditions[Int(words[word])].accepts(seen)
                word += 1
            } else {
                if value.kind == .string && value.isText {
                    for index in 0..<Int(count) {
                        let entry = word + 3 * index
                        if words[entry] == value.hash, Int(words[entry + 2]) == value.count,
                            automaton.equal(value.bytes, from: 0, count: value.count, Int(words[entry + 1]))
                        {
                            isExcluded = true
                            break
                        }
                    }
                }
                word += 3 * Int(count)
            }
            if !isExcluded { take(node: node, &scratch) }
        }
    }

    // Where the value leads: new ways, each node once.

    @inline(__always)
    private mutating func take(list: Int, _ scratch: inout MatchScratch) {
        guard list != 0 else { return }
        for index in 0..<Int(automaton.words[list]) { take(node: automaton.words[list + 1 + index], &scratch) }
    }

    @inline(__always)
    private mutating func take(node: UInt32, _ scratch: inout MatchScratch) {
        // The same node by the same element: many values of one array may lead there, and it is enough to go once.
        let stamp = UInt64(scratch.stamp) << 32 | UInt64(UInt32(bitPattern: trail))
        let place = Int(automaton.words[Int(node)])
        guard scratch.stamps[place] != stamp else { return }
        scratch.stamps[place] = stamp
        scratch.ways.append(.init(node: node, chosen: choice))
        isTaken = true
    }

    private mutating func take(verified place: Int, _ value: FieldValue, _ scratch: inout MatchScratch) {
        for index in 0..<Int(automaton.words[place]) {
            let entry = place + 1 + 2 * index
            if automaton.conditions[Int(automaton.words[entry])].accepts(value) {
                take(node: automaton.words[entry + 1], &scratch)
            }
        }
    }
}
