import Foundation
import Testing

@testable import Spool

/// A spool as the first version wrote it, killed while some of its deliveries waited: `Fixtures/first-format.tar.gz`.
/// It holds 14 events: all went to "done"; "later" answered 503 to all; 1 to 3 were also owed to "gone", which gave them
/// up, and to "paused", which never tried them. Each has a dedupe key that counts for 9000 hours.
struct FirstFormatTests {
    private func unpacked() throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        let archive = try #require(Bundle.module.url(forResource: "Fixtures/first-format.tar", withExtension: "gz"))
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        tar.arguments = ["tar", "-xzf", archive.path, "-C", directory.path]
        try tar.run()
        tar.waitUntilExit()
        #expect(tar.terminationStatus == 0)
        return directory
    }

    private func open(_ directory: TemporaryDirectory) throws -> Spool {
        try Spool(
            SpoolSettings(path: directory.path + "/spool"),
            notice: { notice in
                if case .damage = notice { Issue.record("\(notice)") }
            })
    }

    private func states(_ spool: Spool, _ number: EventNumber) throws -> [String: DeliveryStanding.State] {
        Dictionary(uniqueKeysWithValues: try spool.deliveries(of: number).map { ($0.target, $0.state) })
    }

    private func check(_ spool: Spool) throws {
        #expect(spool.status().events >= 14)
        #expect(spool.status().corrupt == 0)
        for number in 1...14 as ClosedRange<UInt64> {
            let event = try #require(try spool.event(EventNumber(rawValue: number)))
            let body = String(decoding: event.body, as: UTF8.self)
            #expect(body.contains("\"n\": \(number),"))
            #expect(event.body.count > (number % 2 == 0 ? 160_000 : 100))
            let states = try states(spool, event.number)
            #expect(states["done"] == .done)
            guard case .later? = states["later"] else {
                Issue.record("event \(number) is \(String(describing: states["later"])) with later")
                continue
            }
            #expect(states["gone"] == (number < 4 ? .failed : nil))
            #expect(states["paused"] == (number < 4 ? .waiting : nil))
        }
    }

    @Test func aSpoolOfTheFirstFormatIsReadWholeAndGoneOnWith() throws {
        let directory = try unpacked()
        var spool = try open(directory)
        try check(spool)
        let paused = try spool.queue(named: "paused")
        let bytes = Array("new".utf8)
        let accepted = withBatch([NewEvent("new", to: paused)]) { batch in
            let outcome = Told<CommitOutcome>()
            spool.commit(batch) { outcome.tell($0) }
            return outcome.value.accepted
        }
        #expect(accepted == [15], "numbers go on")
        #expect(try spool.event(15)?.body == bytes)
        spool.close()
        spool = try open(directory)
        try check(spool)
        #expect(try spool.event(15)?.body == bytes)
        #expect(spool.failed(try spool.queue(named: "gone"), after: 0, limit: 9) == [1, 2, 3])
        spool.close()
        // What the first version wrote is left as it was; what came is of the present format.
        var formats: [String: UInt32?] = [:]
        try SpoolInspection(path: directory.path + "/spool").run { report in
            #expect(report.isSound)
            formats[report.name] = report.format
        }
        #expect(formats[SegmentWriter.name(1)] == 1)
        #expect(formats[SegmentWriter.name(14)] == 1)
        #expect(formats[SegmentWriter.name(15)] == 2)
    }

    @Test func aSpoolOfTheFirstFormatIsReadWithoutItsDaemon() throws {
        let directory = try unpacked()
        let reader = try SpoolReader(path: directory.path + "/spool")
        var numbers: [UInt64] = []
        reader.events { event, deliveries in
            numbers.append(event.number.rawValue)
            #expect(deliveries.count == (event.number.rawValue < 4 ? 4 : 2))
            return true
        }
        #expect(numbers == Array(1...14))
    }
}
