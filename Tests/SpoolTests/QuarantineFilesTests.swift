import TestSupport
import Testing

@testable import Spool

/// What is kept apart: durable when it is said to be, bounded, and gone when it was let go.
struct QuarantineFilesTests {
    private func payload(_ number: Int, _ count: Int = 100) -> [UInt8] {
        Array("request \(number) ".utf8) + [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: count)
    }

    @Test func whatIsKeptIsThereAfterARestartAndWhatWasLetGoIsNot() throws {
        let directory = try TemporaryDirectory()
        var files = try QuarantineFiles(spool: directory.path)
        #expect(try files.append([payload(1), payload(2), payload(3)]) == [1, 2, 3])
        try files.remove([2, 9])
        files = try QuarantineFiles(spool: directory.path)
        #expect(files.numbers == [1, 3])
        #expect(try files.payload(3) == payload(3))
        #expect(try files.payload(2) == nil)
        // Numbers go on, also when nothing is left.
        try files.remove([1, 3])
        files = try QuarantineFiles(spool: directory.path)
        #expect(files.count == 0)
        #expect(try #require(try files.append([payload(4)])[0]) > 3)
    }

    @Test func theOldestMakesRoomAtTheBoundAndWhatIsTooLongIsNotKept() throws {
        let disk = SimulatedDisk()
        var files = try QuarantineFiles(spool: "/s", disk: disk, limitBytes: 8000, fileLimitBytes: 2000)
        for number in 1...200 {
            _ = try files.append([payload(number)])
            #expect(files.bytes <= 8000)
        }
        #expect(files.numbers.last == 200)
        #expect(files.numbers.count > 20)
        #expect(files.dropped + files.count == 200)
        #expect(files.numbers == Array((201 - UInt64(files.count))...200))
        #expect(try files.append([payload(0, 2000), payload(201)]) == [nil, 201])
        #expect(disk.paths(".quarantine").count <= 5)
    }

    @Test func aDamagedRecordHidesNoOther() throws {
        let disk = SimulatedDisk()
        var files = try QuarantineFiles(spool: "/s", disk: disk)
        _ = try files.append([payload(1), payload(2), payload(3)])
        let path = try #require(disk.paths(".quarantine").first)
        disk.flipBit(path, byte: FileHeader.size + 150 + 60)
        files = try QuarantineFiles(spool: "/s", disk: disk)
        #expect(files.numbers == [1, 3])
    }

    /// Killed at any call of the disk, with any part of what was not synced lost: what was said to be kept is, what was said to
    /// be let go is not.
    @Test func aCrashAtAnyMomentLosesNothingThatWasSaid() throws {
        for seed in UInt64(1)...300 {
            var random = SeededGenerator(seed: seed)
            var disk = SimulatedDisk(seed: seed)
            var kept: [UInt64: [UInt8]] = [:]
            var gone: Set<UInt64> = []
            var count = 0
            for _ in 0..<3 {
                disk.die(afterCalls: Int.random(in: 1...60, using: &random))
                var unsure: Set<UInt64> = []
                do throws(SpoolError) {
                    var files = try QuarantineFiles(spool: "/s", disk: disk, limitBytes: 1 << 20, fileLimitBytes: 1500)
                    #expect(Set(files.numbers).isSuperset(of: kept.keys), "seed \(seed)")
                    #expect(gone.isDisjoint(with: files.numbers), "seed \(seed)")
                    for number in files.numbers where kept[number] != nil {
                        #expect(try files.payload(number) == kept[number], "seed \(seed)")
                    }
                    while true {
                        let payloads = (0..<Int.random(in: 1...4, using: &random)).map { payload(count + $0) }
                        count += payloads.count
                        let numbers = try files.append(payloads)
                        for (number, payload) in zip(numbers, payloads) {
                            let number = number ?? 0
                            #expect(kept[number] == nil && !gone.contains(number), "seed \(seed): a number given twice")
                            kept[number] = payload
                        }
                        let removed = kept.keys.sorted().filter { _ in Int.random(in: 0..<4, using: &random) == 0 }
                        unsure = Set(removed)
                        try files.remove(removed)
                        gone.formUnion(removed)
                        for number in removed { kept[number] = nil }
                        unsure = []
                    }
                } catch {
                    // A removal that was under way may have been done or not.
                    for number in unsure { kept[number] = nil }
                }
                disk = disk.crash()
            }
        }
    }
}
