import Cluster
import Foundation
import Spool
import Synchronization
import Testing

@testable import Relay

/// Replays that several relays share: here relays on one spool, and a book of their jobs that all of them read.
struct ReplayRunnerTests {
    /// The jobs as they were kept last, with versions that grow over all of them.
    private final class Shelf: Sendable {
        let kept = Mutex<[Int: KeptReplay]>([:])

        func keep(_ job: ReplayJob, after version: UInt64) -> UInt64? {
            kept.withLock { kept in
                guard kept[job.id]?.version ?? 0 == version else { return nil }
                let next = (kept.values.map(\.version).max() ?? 0) + 1
                kept[job.id] = ReplayJob(job.note).map { KeptReplay(job: $0, version: next) }
                return next
            }
        }
    }

    /// What one relay sees of it, unless it is cut off.
    private final class Book: ReplayBook {
        let shelf: Shelf
        let relay: RelayIdentity?
        let isAway = Mutex(false)

        init(_ shelf: Shelf, _ name: String) {
            (self.shelf, relay) = (shelf, RelayIdentity(id: name, name: "\(name):80"))
        }

        func prepare() throws(SpoolError) { try reach() }

        func changes(since version: UInt64) throws(SpoolError) -> [KeptReplay] {
            try reach()
            return shelf.kept.withLock { $0.values.filter { $0.version > version }.sorted { $0.version < $1.version } }
        }

        func keep(_ job: ReplayJob, after version: UInt64) throws(SpoolError) -> UInt64? {
            try reach()
            return shelf.keep(job, after: version)
        }

        func forget(_ id: Int) throws(SpoolError) { shelf.kept.withLock { $0[id] = nil } }

        private func reach() throws(SpoolError) {
            if isAway.withLock({ $0 }) { throw .elsewhere(reason: "the brokers are away") }
        }
    }

    /// A spool with events, and relays on it that share their replays.
    private final class Scene: Sendable {
        let path = NSTemporaryDirectory() + "hookswitch-\(UUID().uuidString)"
        let spool: Spool
        let shelf = Shelf()
        let clock = Mutex<Int64>(1)

        init(events: Int) throws {
            // The events are of 1970: they stay all the same.
            var settings = SpoolSettings(path: path)
            settings.retain = .seconds(100 * 365 * 86_400)
            spool = try Spool(settings) { _ in }
            _ = try spool.queue(named: "crm")
            var batch = CommitBatch()
            let bodies = LentBodies(count: 2 * events)
            for _ in 0..<events {
                batch.append(receivedAt: 1_000, owed: [], attributes: [], body: bodies.lend([0x7B, 0x7D]), dedupe: nil)
            }
            let done = DispatchSemaphore(value: 0)
            spool.commit(batch) { _ in done.signal() }
            done.wait()
            withExtendedLifetime(bodies) {}
        }

        deinit {
            spool.close()
            try? FileManager.default.removeItem(atPath: path)
        }

        func relay(_ name: String) -> (runner: ReplayRunner, book: Book) {
            let book = Book(shelf, name)
            let runner = ReplayRunner(log: spool, book: book, now: { self.clock.withLock { $0 } }, notice: { _, _ in })
            runner.start()
            return (runner, book)
        }

        func pass(_ milliseconds: Int64) { clock.withLock { $0 += milliseconds } }
    }

    private func request(_ rate: String?) throws -> ReplayRequest {
        let rate = rate.map { ", \"rate\": \"\($0)\"" } ?? ""
        return try ReplayRequest(
            Array("{\"since\": \"1970-01-01T00:00:00Z\", \"to\": [\"crm\"]\(rate)}".utf8), now: 5_000)
    }

    private func wait(_ what: String, _ condition: () throws -> Bool) throws {
        let end = ContinuousClock.now + .seconds(30)
        while try !condition() {
            guard ContinuousClock.now < end else { throw Never(what: what) }
            usleep(2_000)
        }
    }

    private struct Never: Error { let what: String }

    @Test func aReplayIsPausedResumedAndCancelledAtAnyRelay() throws {
        let scene = try Scene(events: 20)
        let (first, second) = (scene.relay("first").runner, scene.relay("second").runner)
        // One an hour: the first, and then no more.
        let id = try first.begin(try request("1/h"), now: 5_000).id
        try wait("one is handed over") { try first.jobs().first?.handedOver == 1 }
        try wait("the other sees it") { try second.jobs().first?.relay?.id == "first" }
        #expect(try second.set(id, .paused)?.state == .paused)
        try wait("the first hears of it") { try first.jobs().first?.state == .paused }
        #expect(try first.jobs().first?.handedOver == 1)
        #expect(try second.set(id, .running)?.relay?.id == "second")
        try wait("it is the second's") { try first.jobs().first?.relay?.id == "second" }
        #expect(try first.set(id, .cancelled)?.state == .cancelled)
        try wait("the second hears of it") { try second.jobs().first?.state == .cancelled }
        #expect(try first.set(7, .paused) == nil)
        #expect(try second.begin(try request(nil), now: 6_000).id == id + 1)
        try wait("that one is done") { try first.jobs().last?.state == .done }
    }

    @Test func aReplayWhoseRelayIsCutOffGoesOnAtAnotherFromItsCursor() throws {
        let scene = try Scene(events: 20)
        let (first, book) = scene.relay("first")
        _ = try first.begin(try request("1/h"), now: 5_000)
        try wait("one is handed over") { try first.jobs().first?.handedOver == 1 }
        book.isAway.withLock { $0 = true }
        // Nobody here can tell what others have begun meanwhile: that is no empty list.
        #expect(throws: SpoolError.elsewhere(reason: "the brokers are away")) { try first.jobs() }
        let second = scene.relay("second").runner
        try wait("the other sees it") { try second.jobs().first?.cursor ?? 0 > 0 }
        let cursor = try #require(try second.jobs().first?.cursor)
        scene.pass(20_000)
        try wait("it is the other's") { try second.jobs().first?.relay?.id == "second" }
        let taken = try #require(try second.jobs().first)
        // A rate begins anew with one at once; nothing is looked at twice.
        #expect(taken.cursor >= cursor && taken.seen == Int(taken.cursor))
        book.isAway.withLock { $0 = false }
        try wait("the first lets it be") { try first.jobs().first?.relay?.id == "second" }
        // And one that takes its leave hands it on at once.
        second.stop()
        try wait("it is the first's again") { try first.jobs().first?.relay?.id == "first" }
    }
}
