import Dispatch
import Glibc
import Synchronization
import Testing

@testable import Delivery

struct ReporterTests {
    private let directory = TemporaryDirectory()

    private func record(_ event: UInt64, _ status: AttemptRecord.Status = .succeeded) -> AttemptRecord {
        AttemptRecord(
            status: status, event: .init(rawValue: event), source: "voucherify", columns: EventColumns(), target: "crm",
            place: "http://crm/", executedAt: 0, attempt: 1, durationMilliseconds: 1, ending: .written)
    }

    @Test func attemptsAreLinesOfTheAuditFileInTheirOrder() {
        let reporter = Reporter(directory: directory.path)
        for event in 1...500 { reporter.audit([record(UInt64(event))]) }
        reporter.flush()
        let lines = directory.lines("audit.ndjson")
        #expect(lines.count == 500)
        #expect(lines.enumerated().allSatisfy { $1.contains("\"delivery\":\"\($0 + 1)/crm\"") })
        #expect(directory.names() == ["audit.ndjson"])
    }

    @Test func aFailureIsInItsFileWhenItsCallbackComesAndInTheAuditFileToo() async throws {
        let reporter = Reporter(directory: directory.path)
        let atCallback = Mutex<[String]?>(nil)
        let directory = directory
        reporter.failures([record(1, .failed), record(2, .failed)]) { written in
            #expect(written)
            atCallback.withLock { $0 = directory.lines("failures.ndjson") }
        }
        try await eventually("the callback") { atCallback.withLock { $0 != nil } }
        #expect(atCallback.withLock { $0?.count } == 2)
        reporter.flush()
        #expect(directory.lines("audit.ndjson") == directory.lines("failures.ndjson"))
    }

    @Test func aFailureThatCannotBeWrittenSaysSoAndIsNoLineAnywhere() async throws {
        let notices = Mutex<[String]>([])
        let answers = Mutex<[Bool]>([])
        let reporter = Reporter(directory: directory.path) { notice in notices.withLock { $0.append(notice.message) } }
        mkdir("\(directory.path)/failures.ndjson", 0o700)
        reporter.failures([record(1, .failed)]) { written in answers.withLock { $0.append(written) } }
        try await eventually("the callback") { answers.withLock { !$0.isEmpty } }
        reporter.flush()
        #expect(answers.withLock { $0 } == [false])
        #expect(notices.withLock { $0.count } == 1)
        #expect(notices.withLock { $0.first?.hasPrefix("failures.ndjson can't be written") } == true)
        #expect(directory.lines("audit.ndjson") == [])
        // The disk is mended.
        rmdir("\(directory.path)/failures.ndjson")
        reporter.failures([record(1, .failed)]) { written in answers.withLock { $0.append(written) } }
        try await eventually("the second callback") { answers.withLock { $0.count == 2 } }
        #expect(answers.withLock { $0.last } == true)
        #expect(directory.lines("failures.ndjson").count == 1)
    }

    @Test func onAFullDiskAuditLinesGiveWayToFailures() async throws {
        let notices = Mutex<[DeliveryNotice]>([])
        let free = Mutex(1 << 20)
        let reserve = AuditReserve(bytes: 64 << 10) { free.withLock { $0 } }
        let reporter = Reporter(directory: directory.path, reserve: reserve) { notice in
            notices.withLock { $0.append(notice) }
        }
        func audit(_ events: Int...) {
            for event in events { reporter.audit([record(UInt64(event))]) }
            reporter.flush()
        }
        audit(1)
        #expect(directory.lines("audit.ndjson").count == 1)
        // What was set aside goes first; it brings nothing here.
        directory.write("audit-20260101T000000Z.ndjson", "{}\n")
        directory.write("failures-20260101T000000Z.ndjson", "{}\n")
        free.withLock { $0 = 60 << 10 }
        audit(2, 3)
        audit(4)
        #expect(directory.lines("audit.ndjson").count == 1)
        #expect(directory.names().contains("audit-20260101T000000Z.ndjson") == false)
        #expect(directory.names().contains("failures-20260101T000000Z.ndjson"))
        #expect(reporter.auditLinesLeftOut == 3)
        let answers = Mutex<[Bool]>([])
        reporter.failures([record(5, .failed)]) { written in answers.withLock { $0.append(written) } }
        try await eventually("the callback") { answers.withLock { $0 == [true] } }
        reporter.flush()
        #expect(directory.lines("failures.ndjson").count == 1)
        #expect(reporter.auditLinesLeftOut == 4)
        free.withLock { $0 = 1 << 20 }
        audit(6)
        #expect(directory.lines("audit.ndjson").count == 2)
        #expect(notices.withLock { $0.map(\.level) } == [.error, .info])
        #expect(notices.withLock { $0.last?.message.contains("4 lines") } == true)
    }

    @Test func anAuditFileThatCannotBeWrittenIsSaidOnceAndHoldsUpNothing() {
        let notices = Mutex<[String]>([])
        let reporter = Reporter(directory: directory.path) { notice in notices.withLock { $0.append(notice.message) } }
        mkdir("\(directory.path)/audit.ndjson", 0o700)
        for event in 1...5 {
            reporter.audit([record(UInt64(event))])
            reporter.flush()
        }
        #expect(notices.withLock { $0.count } == 1)
        rmdir("\(directory.path)/audit.ndjson")
        reporter.audit([record(6)])
        reporter.flush()
        #expect(directory.lines("audit.ndjson").count == 1)
    }

    @Test func whatADiskIsTooSlowForIsLeftOutOfTheAuditFileAndCounted() {
        let notices = Mutex<[String]>([])
        let reporter = Reporter(directory: directory.path) { notice in notices.withLock { $0.append(notice.message) } }
        let gate = DispatchSemaphore(value: 0)
        reporter.failures([record(1, .failed)]) { _ in gate.wait() }
        var large = record(2)
        large.ending = .exited(code: 0, output: [UInt8](repeating: 0x61, count: 4096))
        let count = Reporter.waitingLimitBytes / 4096
        reporter.audit(Array(repeating: large, count: count))
        gate.signal()
        reporter.flush()
        let written = directory.lines("audit.ndjson").count
        let message = notices.withLock { $0.first } ?? ""
        #expect(written > count / 2 && written < count)
        // The failure's own line came when there was no room.
        #expect(message.hasPrefix("\(count + 1 - written) lines left out of audit.ndjson"))
    }

    @Test func filesThatWereMovedAreBegunAnew() {
        let reporter = Reporter(directory: directory.path)
        reporter.audit([record(1)])
        reporter.flush()
        rename("\(directory.path)/audit.ndjson", "\(directory.path)/audit.1")
        reporter.reopenFiles()
        reporter.audit([record(2)])
        reporter.flush()
        #expect(directory.lines("audit.1").count == 1)
        #expect(directory.lines("audit.ndjson").count == 1)
    }
}
