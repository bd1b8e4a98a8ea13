import EventJSON

// Unsafe: the tables are read through plain pointers, as a match reads thousands of words and must not count references
// on the way. They are written once by `AutomatonWriter`, which alone makes the offsets in them, and never change.

/// A compiled set of patterns: flat tables of words and bytes. Immutable; shared by all threads.
///
/// Unchecked: immutable after its initializer.
final class Automaton: @unchecked Sendable {
    /// What a table consists of. Its head has a bit for each part that it has, and behind that their places in this order.
    enum Part: Int, CaseIterable {
        case anyValue, missing, isTrue, isFalse, isNull, strings, numbers, prefixes, suffixes, smallStrings,
            smallPrefixes,
            smallSuffixes, pieces, numerals, ranges, addresses, others, exclusions
    }

    let words: UnsafeMutableBufferPointer<UInt32>
    let bytes: UnsafeMutableRawBufferPointer
    let nodeCount: Int
    /// Conditions that are tried one by one.
    let conditions: [Condition]
    let ranges: [IntervalIndex<Double>]
    let addresses: [IntervalIndex<FamilyAddress>]

    /// An address in the order of all addresses, IPv4 before IPv6.
    struct FamilyAddress: Comparable, Sendable {
        var isV6: Bool
        var bits: UInt128

        static func < (one: FamilyAddress, other: FamilyAddress) -> Bool {
            one.isV6 == other.isV6 ? one.bits < other.bits : !one.isV6
        }
    }

    init(_ writer: borrowing AutomatonWriter) {
        words = .allocate(capacity: max(1, writer.words.count))
        _ = words.initialize(from: writer.words)
        bytes = .allocate(byteCount: max(1, writer.bytes.count), alignment: 8)
        bytes.copyBytes(from: writer.bytes)
        nodeCount = writer.nodeCount
        conditions = writer.conditions
        ranges = writer.ranges
        addresses = writer.addresses
    }

    deinit {
        words.deallocate()
        bytes.deallocate()
    }

    /// Where a table's part stands; 0 if it lacks it.
    @inline(__always)
    func place(of part: Part, in table: Int) -> Int {
        let parts = words[table]
        let bit: UInt32 = 1 << UInt32(part.rawValue)
        guard parts & bit != 0 else { return 0 }
        return Int(words[table + 1 + (parts & (bit - 1)).nonzeroBitCount])
    }

    /// The list behind a text in a hash table: `mask, (hash, offset, length, list) …`; 0 if it is not there.
    @inline(__always)
    func lookUp(_ text: UnsafeRawBufferPointer, from start: Int, count: Int, hash: UInt32, in table: Int) -> Int {
        let mask = words[table]
        var place = hash & mask
        while true {
            let entry = table + 1 + 4 * Int(place)
            let list = words[entry + 3]
            if list == 0 { return 0 }
            if words[entry] == hash, words[entry + 2] == UInt32(truncatingIfNeeded: count),
                equal(text, from: start, count: count, Int(words[entry + 1]))
            {
                return Int(list)
            }
            place = (place &+ 1) & mask
        }
    }

    @inline(__always)
    func equal(_ text: UnsafeRawBufferPointer, from start: Int, count: Int, _ offset: Int) -> Bool {
        var index = 0
        while index + 8 <= count {
            let one = text.loadUnaligned(fromByteOffset: start + index, as: UInt64.self)
            if one != bytes.loadUnaligned(fromByteOffset: offset + index, as: UInt64.self) { return false }
            index += 8
        }
        while index < count {
            if text[start + index] != bytes[offset + index] { return false }
            index += 1
        }
        return true
    }

    /// The list behind a number: `mask, (low word, high word, list) …`.
    func lookUp(_ number: Double, in table: Int) -> Int {
        let bits = number.bitPattern
        let mask = words[table]
        var place = Automaton.hash(bits) & mask
        while true {
            let entry = table + 1 + 3 * Int(place)
            let list = words[entry + 2]
            if list == 0 { return 0 }
            if words[entry] == UInt32(truncatingIfNeeded: bits), words[entry + 1] == UInt32(bits >> 32) {
                return Int(list)
            }
            place = (place &+ 1) & mask
        }
    }

    static func hash(_ bits: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: (bits &* 0x9E37_79B9_7F4A_7C15) >> 32)
    }
}
