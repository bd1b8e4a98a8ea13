import Testing

@testable import Spool

struct ReadAheadTests {
    private let disk = SimulatedDisk()

    private func writer() throws -> SegmentWriter {
        try SegmentWriter(beginning: 1, queues: [:], salt: 7, in: "/s", on: disk, segmentBytes: 1 << 20)
    }

    private func append(_ texts: [String], to writer: inout SegmentWriter) throws -> [Position] {
        try withBatch(texts.map { NewEvent($0, to: 1) }) { batch in
            try writer.append(batch, Array(0..<texts.count), sync: true).map {
                Position(segment: 1, offset: $0.offset, event: $0.number)
            }
        }
    }

    private func text(_ position: Position, _ files: SegmentFiles) throws -> String {
        String(decoding: try files.read(position).body, as: UTF8.self)
    }

    @Test func aBacklogIsReadInStretches() throws {
        var writer = try writer()
        let texts = (0..<200).map { "event \($0) " + String(repeating: "x", count: 1000) }
        let positions = try append(texts, to: &writer)
        let files = SegmentFiles("/s", on: disk)
        let before = disk.count(.read)
        #expect(try positions.map { try text($0, files) } == texts)
        #expect(disk.count(.read) - before < 10)
    }

    @Test func whatIsAppendedBehindAStretchIsRead() throws {
        var writer = try writer()
        var positions = try append(["one", "two"], to: &writer)
        let files = SegmentFiles("/s", on: disk)
        #expect(try positions.map { try text($0, files) } == ["one", "two"])
        positions = try append(["three", "four"], to: &writer)
        #expect(try positions.map { try text($0, files) } == ["three", "four"])
    }

    @Test func whatIsOverwrittenIsNotAnsweredFromAStretch() throws {
        var writer = try writer()
        let positions = try append(["one", "two", "six"], to: &writer)
        let files = SegmentFiles("/s", on: disk)
        #expect(try positions.map { try text($0, files) } == ["one", "two", "six"])
        let record = try files.record(at: positions[1])
        let erased = try #require(
            record.withUnsafeBytes { EventPayload.erased(.init(rebasing: $0[Record.headerBytes...])) })
        try files.overwrite(positions[1], number: 2, payload: erased)
        _ = try text(positions[0], files)
        #expect(try files.read(positions[1]).isErased)
        #expect(try text(positions[2], files) == "six")
    }
}
