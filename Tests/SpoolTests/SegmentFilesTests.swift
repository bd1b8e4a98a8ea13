import Testing

@testable import Spool

struct SegmentFilesTests {
    private let disk = SimulatedDisk()
    private var path: String { "/s/" + SegmentWriter.name(1) }

    /// Writes one segment; answers where its events stand.
    private func write(_ events: [NewEvent], first: UInt64 = 1) throws -> [Position] {
        var writer = try SegmentWriter(
            beginning: first, queues: [:], salt: 7, in: "/s", on: disk, segmentBytes: 1 << 16)
        return try withBatch(events) { batch in
            try writer.append(batch, Array(0..<events.count), sync: true).map {
                Position(segment: first, offset: $0.offset)
            }
        }
    }

    @Test func anEventLongerThanTheFirstReadIsReadWhole() throws {
        let position = try write([NewEvent(bytes: 20_000, to: 1)])[0]
        #expect(try SegmentFiles("/s", on: disk).read(position).body.count == 20_000)
    }

    @Test func aDamagedEventIsAnErrorWithItsPlaceAndTheNextIsRead() throws {
        let positions = try write([NewEvent("one", to: 1), NewEvent("two", to: 1)])
        let files = SegmentFiles("/s", on: disk)
        for byte in [0, 5, 8, 12, 33, 50] {
            disk.flipBit(path, byte: Int(positions[0].offset) + byte)
            #expect {
                try files.read(positions[0])
            } throws: { error in
                guard case .damaged(let segment, let offset, _)? = error as? SpoolError else { return false }
                return segment == 1 && offset == positions[0].offset
            }
            #expect(try files.read(positions[1]).body == Array("two".utf8))
            disk.flipBit(path, byte: Int(positions[0].offset) + byte)
        }
    }

    @Test func recordsReadInOrderTakeFewReadsOfTheirFile() throws {
        let positions = try write((0..<200).map { NewEvent("event \($0)", to: 1) })
        let files = SegmentFiles("/s", on: disk)
        _ = try files.segment(1)
        let before = disk.count(.read)
        for (number, position) in positions.enumerated() {
            #expect(try files.read(position).body == Array("event \(number)".utf8))
        }
        #expect(disk.count(.read) - before <= 3)
    }

    @Test func whatIsWrittenBehindRecordsThatWereReadInOrderIsReadToo() throws {
        var writer = try SegmentWriter(
            beginning: 1, queues: [:], salt: 7, in: "/s", on: disk, segmentBytes: 1 << 16)
        let files = SegmentFiles("/s", on: disk)
        for round in 0..<5 {
            let events = (0..<3).map { NewEvent("event \(round) \($0)", to: 1) }
            let places = try withBatch(events) { try writer.append($0, [0, 1, 2], sync: true) }
            for (place, event) in zip(places, events) {
                #expect(try files.read(Position(segment: 1, offset: place.offset)).body == event.body)
            }
        }
    }

    @Test func aRecordThatIsOverwrittenIsReadAnewThoughItWasReadAhead() throws {
        let positions = try write((0..<4).map { NewEvent("event \($0)", to: 1) })
        let files = SegmentFiles("/s", on: disk)
        for position in positions[..<2] { _ = try files.read(position) }
        var payload = Array(try SegmentFiles("/s", on: disk).record(at: positions[2])[Record.headerBytes...])
        payload[payload.count - 1] = UInt8(ascii: "!")
        try files.overwrite(positions[2], number: 3, payload: payload)
        #expect(try files.read(positions[2]).body == Array("event !".utf8))
    }

    @Test func aReadThatFailsIsNotDamage() throws {
        let position = try write([NewEvent("one", to: 1)])[0]
        disk.fail(.init(call: .read))
        #expect(throws: SpoolError.system(call: "read", path: path, errno: 5)) {
            try SegmentFiles("/s", on: disk).read(position)
        }
    }

    @Test func aSegmentIsOpenedOnceForManyReads() throws {
        let position = try write([NewEvent("one", to: 1)])[0]
        let files = SegmentFiles("/s", on: disk)
        let before = disk.count(.open)
        for _ in 0..<5 { _ = try files.read(position) }
        #expect(disk.count(.open) - before == 1)
        files.forget(1)
        _ = try files.read(position)
        #expect(disk.count(.open) - before == 2)
    }

    @Test func onlySoManySegmentsStayOpen() throws {
        let files = SegmentFiles("/s", on: disk)
        var positions: [Position] = []
        for first in 1...SegmentFiles.openLimit + 1 {
            positions += try write([NewEvent("e", to: 1)], first: UInt64(first))
        }
        for position in positions { _ = try files.read(position) }
        let before = disk.count(.open)
        _ = try files.read(positions[positions.count - 1])
        #expect(disk.count(.open) == before)
        _ = try files.read(positions[0])
        #expect(disk.count(.open) == before + 1)
    }
}
