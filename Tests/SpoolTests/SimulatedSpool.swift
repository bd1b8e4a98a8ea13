@testable import Spool

/// A spool's parts on a simulated disk, driven step by step on one thread: the same values that the daemon's queues own.
struct SimulatedSpool {
    let disk: SimulatedDisk
    let directory = "/s"
    private(set) var commits: Commits
    private(set) var ledger: Ledger
    private(set) var journal: OutcomeJournal?
    private(set) var pending: [JournalEntry] = []
    let damages: [Recovery.Damage]
    private let files: SegmentFiles

    /// Small, so that a run crosses many segments' borders.
    static let segmentBytes = 6000

    /// Opens it as `Spool` does: recovers, begins a fresh checkpoint, goes on in the last segment.
    init(_ disk: SimulatedDisk) throws(SpoolError) {
        self.disk = disk
        let recovery = try Recovery(directory, on: disk)
        damages = recovery.damages
        ledger = recovery.ledger
        files = SegmentFiles(directory, on: disk)
        journal = try OutcomeJournal(
            number: recovery.journalNumber + 1, standings: ledger.standings, tried: SimulatedSpool.tried(ledger),
            in: directory, on: disk)
        commits = try Commits(
            recovery, in: directory, on: disk, settings: SpoolSettings(path: directory),
            usage: SpoolUsage(bytes: recovery.bytes), now: 0, segmentBytes: SimulatedSpool.segmentBytes)
    }

    private static func tried(_ ledger: Ledger) -> [JournalEntry] {
        ledger.tried.map { JournalEntry($0.key, .later, $0.value.progress, notBefore: $0.value.notBefore) }
            .sorted { ($0.delivery.event, $0.delivery.queue) < ($1.delivery.event, $1.delivery.queue) }
    }

    mutating func queue(named name: String) throws(SpoolError) -> QueueID {
        let queue = try commits.queue(named: name)
        ledger.register(queue, named: name)
        return queue
    }

    mutating func commit(_ events: [NewEvent]) -> CommitOutcome {
        let result = withBatch(events) { commits.commit($0, now: 0) }
        if let news = result.appended {
            for sealed in news.sealed { ledger.seal(sealed.first, bytes: sealed.bytes) }
            for event in news.events {
                ledger.appended(
                    number: event.number, offset: event.offset, owed: event.owed, receivedAt: event.receivedAt,
                    toSegment: news.segment)
            }
        }
        return result.outcome
    }

    mutating func attach(_ queue: QueueID, order: DeliveryOrder) { ledger.attach(queue, order: order) }

    mutating func take(_ queue: QueueID, count: Int, now: Int64) -> [OwedDelivery] {
        ledger.addCredit(queue, count)
        return ledger.take(queue, now: now)
    }

    func read(_ position: Position) throws(SpoolError) -> StoredEvent { try files.read(position) }

    /// Takes note of an outcome; it is durable after the next flush.
    mutating func settle(_ outcome: Outcome) {
        if let entry = ledger.settle(outcome) { pending.append(entry) }
    }

    mutating func reopen(_ delivery: DeliveryID) -> ReopenResult {
        let (result, entry) = ledger.reopen(delivery)
        if let entry { pending.append(entry) }
        return result
    }

    /// Makes the outcomes durable; answers whether they are.
    mutating func flush() -> Bool {
        guard !pending.isEmpty, journal != nil else { return checkpointIfLost() }
        do throws(SpoolError) {
            try journal?.append(pending)
            pending = []
            return true
        } catch {
            journal = nil
            return checkpoint()
        }
    }

    private mutating func checkpointIfLost() -> Bool { journal == nil ? checkpoint() : true }

    /// Replaces the journal by what the ledger says; answers whether that is durable.
    mutating func checkpoint() -> Bool {
        do throws(SpoolError) {
            let newest = try disk.list(directory).compactMap(OutcomeJournal.number(ofName:)).max() ?? 0
            journal = try OutcomeJournal(
                number: newest + 1, standings: ledger.standings, tried: SimulatedSpool.tried(ledger), in: directory,
                on: disk)
            pending = []
            return true
        } catch {
            journal = nil
            return false
        }
    }

    /// Removes finished segments; answers the numbers that went.
    mutating func retain() -> [Range<UInt64>] {
        var gone: [Range<UInt64>] = []
        for segment in ledger.segments where segment.isSealed && segment.unsettled == 0 {
            files.forget(segment.first)
            guard (try? disk.remove(directory + "/" + SegmentWriter.name(segment.first))) != nil else { break }
            ledger.drop(segment.first)
            gone.append(segment.first..<segment.end)
        }
        try? disk.syncDirectory(directory)
        return gone
    }
}
