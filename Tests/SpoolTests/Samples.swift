import Foundation
import Synchronization

@testable import Spool

/// An event on its way into a spool under test.
struct NewEvent {
    var body: [UInt8]
    var owed: [QueueID]
    var receivedAt: Int64 = 1_000
    var dedupe: DedupeKey?

    init(_ body: String, to owed: QueueID..., receivedAt: Int64 = 1_000, dedupe: UInt64? = nil) {
        self.body = Array(body.utf8)
        self.owed = owed
        self.receivedAt = receivedAt
        self.dedupe = dedupe.map { DedupeKey(hash: SIMD2($0, 0), until: .max) }
    }

    init(bytes: Int, to owed: QueueID...) {
        body = Array(repeating: 0x61, count: bytes)
        self.owed = owed
    }
}

extension QueueID: ExpressibleByIntegerLiteral {
    /// The queue of this number.
    public init(integerLiteral value: UInt16) { self.init(rawValue: value) }
}

extension EventNumber: ExpressibleByIntegerLiteral {
    /// The event of this number.
    public init(integerLiteral value: UInt64) { self.init(rawValue: value) }
}

/// A batch of events whose bodies stay in place while `use` runs.
func withBatch<Result>(_ events: [NewEvent], _ use: (CommitBatch) throws -> Result) rethrows -> Result {
    let bodies = events.map { event in
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: event.body.count, alignment: 8)
        copy.copyBytes(from: event.body)
        return copy
    }
    defer { for body in bodies { body.deallocate() } }
    var batch = CommitBatch()
    for (event, body) in zip(events, bodies) {
        batch.append(
            receivedAt: event.receivedAt, owed: event.owed, attributes: [0xA7], body: UnsafeRawBufferPointer(body),
            dedupe: event.dedupe)
    }
    return try use(batch)
}

extension CommitOutcome {
    var fates: [Fate]? {
        if case .committed(let fates) = self { fates } else { nil }
    }
    /// The numbers of events newly taken.
    var accepted: [UInt64] {
        (fates ?? []).compactMap { if case .accepted(let number) = $0 { number.rawValue } else { nil } }
    }
    var refusal: CommitRefusal? {
        if case .refused(let refusal) = self { refusal } else { nil }
    }
}

/// Takes what a queue is handed, and lets a test wait for it.
final class Inbox: DeliveryReceiver, @unchecked Sendable {
    private let changed = NSCondition()
    private var deliveries: [OwedDelivery] = []

    func receive(_ deliveries: [OwedDelivery]) {
        changed.lock()
        self.deliveries += deliveries
        changed.broadcast()
        changed.unlock()
    }

    /// Everything received, once there are so many.
    func wait(for count: Int, seconds: Double = 20) -> [OwedDelivery] {
        let deadline = Date(timeIntervalSinceNow: seconds)
        changed.lock()
        defer { changed.unlock() }
        while deliveries.count < count, changed.wait(until: deadline) {}
        return deliveries
    }
}

/// What a spool said.
final class NoticeLog: Sendable {
    private let all = Mutex<[Spool.Notice]>([])

    func note(_ notice: Spool.Notice) { all.withLock { $0.append(notice) } }
    var notices: [Spool.Notice] { all.withLock { $0 } }
    func count(_ matches: (Spool.Notice) -> Bool) -> Int { notices.count(where: matches) }
    var damages: Int { count { if case .damage = $0 { true } else { false } } }
    var damage: [Damage] { notices.compactMap { if case .damage(let damage, _) = $0 { damage } else { nil } } }
    var torn: Int { count { if case .torn = $0 { true } else { false } } }
    var openings: Int { count { if case .opened = $0 { true } else { false } } }
    var journalRecoveries: Int { count { if case .journalWritten = $0 { true } else { false } } }
    var journalFailures: Int { count { if case .journal = $0 { true } else { false } } }
    var closings: Int { count { if case .closed = $0 { true } else { false } } }
}

/// A directory of the machine's that goes with its owner.
final class TemporaryDirectory {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("spool-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// What somebody is told once.
final class Told<Value: Sendable>: Sendable {
    private let told = Mutex<Value?>(nil)

    func tell(_ value: Value) { told.withLock { $0 = value } }
    /// What was told.
    var value: Value { told.withLock { $0! } }
}
