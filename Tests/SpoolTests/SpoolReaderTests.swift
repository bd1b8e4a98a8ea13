import Testing

@testable import Spool

/// On the machine's own disk, as `hookswitch show` reads it.
struct SpoolReaderTests {
    private func spool(in directory: TemporaryDirectory) throws -> Spool {
        try Spool(SpoolSettings(path: directory.path), wall: { 1_000 }, notice: { _ in })
    }

    @Test func anEventAndItsDeliveriesAreReadWithoutTheDaemon() throws {
        let directory = try TemporaryDirectory()
        do {
            let spool = try spool(in: directory)
            let crm = try spool.queue(named: "crm")
            withBatch([NewEvent("a", to: crm), NewEvent("b", to: crm)]) { spool.commit($0) { _ in } }
            let outcome = Outcome(DeliveryID(event: 2, queue: crm), .failed, progress: Progress(attempts: 3))
            spool.settle([outcome], told: 0)
            spool.close()
        }
        let reader = try SpoolReader(path: directory.path)
        let found = try #require(try reader.event(2))
        #expect(found.event.body == Array("b".utf8))
        #expect(found.deliveries.map(\.state) == [.failed])
        #expect(found.deliveries.map(\.target) == ["crm"])
        #expect(try reader.event(1)?.deliveries.map(\.state) == [.waiting])
        #expect(try reader.event(3) == nil)
        #expect(try reader.event(EventNumber(rawValue: .max)) == nil)
    }

    @Test func aRunningSpoolCanBeRead() throws {
        let directory = try TemporaryDirectory()
        let spool = try spool(in: directory)
        let crm = try spool.queue(named: "crm")
        withBatch([NewEvent("a", to: crm)]) { spool.commit($0) { _ in } }
        #expect(try SpoolReader(path: directory.path).event(1)?.event.body == Array("a".utf8))
        withBatch([NewEvent("b", to: crm)]) { spool.commit($0) { _ in } }
        #expect(try SpoolReader(path: directory.path).event(2)?.event.body == Array("b".utf8))
        spool.close()
    }

    @Test func aSpoolThatIsNotThereIsAnError() {
        #expect(throws: SpoolError.self) { try SpoolReader(path: "/nowhere/at/all") }
    }
}
