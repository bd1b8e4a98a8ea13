import Testing

@testable import Spool

struct RecordScanTests {
    /// A file of generation 1 with these parts behind its header.
    private func file(_ parts: [[UInt8]], on disk: SimulatedDisk = SimulatedDisk()) throws -> any DiskFile {
        disk.place("/a", FileHeader(purpose: .segment, first: 1, salt: 0).encoded + parts.flatMap { $0 })
        return try disk.open("/a", create: false)
    }

    private func event(_ sequence: UInt64, bytes: Int = 20, generation: UInt64 = 1) -> [UInt8] {
        Record.encode(
            .event, generation: generation, sequence: sequence,
            payload: (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &+ Int(sequence)) })
    }

    /// The sequences found, the damaged ranges, and how it ended.
    private func walk(_ file: any DiskFile) throws -> (found: [UInt64], damage: [Range<Int>], end: Int, isBlank: Bool) {
        var scan = try RecordScan(file, generation: 1)
        var found: [UInt64] = []
        var damage: [Range<Int>] = []
        while true {
            switch try scan.next() {
            case .record(_, let header): found.append(header.sequence)
            case .damage(let range): damage.append(range)
            case .end(let offset, let isBlank): return (found, damage, offset, isBlank)
            }
        }
    }

    @Test func recordsComeInOrderAndTheEndIsWhereTheyEnd() throws {
        let walked = try walk(file([event(1), event(2), event(3)]))
        #expect(walked.found == [1, 2, 3])
        #expect(walked.damage.isEmpty)
        #expect(walked.end == FileHeader.size + 3 * event(1).count)
        #expect(walked.isBlank)
    }

    @Test func zerosBehindTheLastRecordAreABlankEnd() throws {
        let walked = try walk(file([event(1), Array(repeating: 0, count: 3 << 20)]))
        #expect(walked.end == FileHeader.size + event(1).count)
        #expect(walked.isBlank)
    }

    @Test func aTornRecordAtTheEndIsAnEndThatIsNotBlank() throws {
        let walked = try walk(file([event(1), Array(event(2).dropLast(10)), Array(repeating: 0, count: 100)]))
        #expect(walked.found == [1])
        #expect(walked.end == FileHeader.size + event(1).count)
        #expect(!walked.isBlank)
    }

    @Test func aFlippedBitAnywhereInARecordHidesThatRecordAlone() throws {
        let size = event(2).count
        for byte in 0..<(Record.headerBytes + 20) {
            var bad = event(2)
            bad[byte] ^= 0x40
            let walked = try walk(file([event(1), bad, event(3), event(4)]))
            #expect(walked.found == [1, 3, 4], "byte \(byte)")
            let start = FileHeader.size + size
            #expect(walked.damage == [start..<start + size], "byte \(byte)")
        }
    }

    @Test func aDamagedFirstRecordIsSteppedOver() throws {
        var bad = event(1)
        bad[0] = 0
        #expect(try walk(file([bad, event(2)])).found == [2])
    }

    @Test func damageLongerThanAReadIsSteppedOver() throws {
        var bad = event(2, bytes: 3 << 20)
        bad[40] ^= 1
        let walked = try walk(file([event(1), bad, event(3, bytes: 2 << 20), event(4)]))
        #expect(walked.found == [1, 3, 4])
        #expect(walked.damage.map(\.count) == [bad.count])
    }

    @Test func recordsOfOddLengthAndAnyAlignmentOfTheReadsAreFound() throws {
        var random = SeededRandom(seed: 3)
        var parts: [[UInt8]] = []
        for sequence in 1...200 { parts.append(event(UInt64(sequence), bytes: random.below(20_000))) }
        let bad = [150, 90, 91, 7]
        for sequence in bad { parts[sequence - 1][random.below(parts[sequence - 1].count / 2)] ^= 1 }
        #expect(try walk(file(parts)).found == (1...200).filter { !bad.contains(Int($0)) })
    }

    @Test func anOlderRecordBehindDamageIsNotTakenForANewOne() throws {
        var bad = event(6)
        bad[33] ^= 1
        #expect(try walk(file([event(5), bad, event(3), event(7)])).found == [5, 7])
    }

    @Test func aTableBehindDamageIsFound() throws {
        var bad = event(2)
        bad[33] ^= 1
        let table = Record.encode(.queues, generation: 1, sequence: 0, payload: QueueTable.encode([2: "late"]))
        #expect(try walk(file([event(1), bad, table, event(3)])).found == [1, 0, 3])
    }

    @Test func aRecordOfAnotherFileIsDamage() throws {
        let walked = try walk(file([event(1), event(2, generation: 9), event(3)]))
        #expect(walked.found == [1, 3])
        #expect(walked.damage.count == 1)
    }

    @Test func aReadThatFailsIsAnErrorAndNotTheEnd() throws {
        let disk = SimulatedDisk()
        let file = try file([event(1), event(2, bytes: 2 << 20), event(3)], on: disk)
        disk.fail(.init(call: .read, after: 1))
        #expect(throws: SpoolError.self) { try walk(file) }
    }

    @Test func afterTheEndComesTheEndAgain() throws {
        var scan = try RecordScan(file([event(1)]), generation: 1)
        _ = try scan.next()
        for _ in 0..<2 {
            guard case .end = try scan.next() else {
                Issue.record("not the end")
                return
            }
        }
    }
}
