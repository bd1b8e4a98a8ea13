@testable import Spool

/// A spool's parts on a simulated disk, driven step by step on one thread: the same values that the daemon's queues own.
struct SimulatedSpool {
    private let disk: any Disk
    let directory = "/s"
    private(set) var commits: Commits
    private(set) var ledger: Ledger
    private(set) var journal: OutcomeJournal?
    private(set) var pending: [JournalEntry] = []
    private var kept: [KeptKey]
    private var mark: NumberMark
    let damages: [Damage]
    private let files: SegmentFiles
    private let removal: Removal
    private let lock: any AnyObject & Sendable
    private let omission: Omission?

    /// Small, so that a run crosses many segments' borders.
    static let segmentBytes = 6000

    /// Opens it as `Spool` does: takes the lock, recovers, begins a fresh checkpoint, goes on in the last segment.
    init(_ real: SimulatedDisk, salt: UInt32 = 7, without omission: Omission? = nil, packedFrom: Int = 2)
        throws(SpoolError)
    {
        let disk: any Disk = omission.map { LeavingOut($0, of: real) } ?? real
        self.disk = disk
        self.omission = omission
        lock = try disk.lock(directory)
        try Compaction.clean(directory, on: disk)
        let recovery = try Recovery(directory, on: disk, packedFrom: packedFrom)
        damages = recovery.damages
        ledger = recovery.ledger
        kept = recovery.kept
        mark = recovery.mark
        mark.gone = ledger.absent(before: mark.given)
        mark.isWhole = true
        files = SegmentFiles(directory, on: disk)
        removal = Removal(
            directory: directory, disk: disk, usage: SpoolUsage(bytes: recovery.bytes),
            spare: SpareSegment(bytes: recovery.spareBytes), segmentBytes: SimulatedSpool.segmentBytes)
        let settings = SpoolSettings(path: directory)
        let segmentBytes = SimulatedSpool.segmentBytes
        commits = try Commits(
            recovery, in: directory, on: disk, settings: settings, usage: removal.usage,
            space: SpoolSpace(settings, segmentLimits: segmentBytes...segmentBytes), spare: removal.spare,
            salt: { salt }, now: 0)
        journal = try OutcomeJournal(
            number: recovery.journalNumber + 1, salt: salt, standings: ledger.standings,
            tried: SimulatedSpool.tried(ledger), keys: kept, mark: mark, in: directory, on: disk)
        commits.start(now: 0)
        let news = commits.news()
        mark.durable = news.durable
        for sealed in news.sealed { ledger.seal(sealed) }
    }

    private static func tried(_ ledger: Ledger) -> [JournalEntry] {
        ledger.tried.entries.sorted { ($0.delivery.event, $0.delivery.queue) < ($1.delivery.event, $1.delivery.queue) }
    }

    /// Whether an event's record is where it is looked for: in a segment of which nothing is owed, by what its file says.
    func holds(_ number: UInt64) -> Bool {
        guard let folded = ledger.folded(around: number) else { return ledger.position(of: number) != nil }
        let places = try? files.places(of: folded.first, count: folded.count)
        return places.map { $0[Int(number - folded.first)] != Places.missing } ?? false
    }

    mutating func queue(named name: String) throws(SpoolError) -> QueueID {
        let queue = try commits.queue(named: name)
        ledger.register(queue, named: name)
        return queue
    }

    mutating func commit(_ events: [NewEvent]) -> CommitOutcome {
        let result = withBatch(events) { commits.commit($0, now: 0) }
        if let news = result.appended {
            for sealed in news.sealed { ledger.seal(sealed) }
            ledger.appended(news.events, toSegment: news.segment)
            mark.given = news.durable
            mark.durable = news.durable
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

    /// Makes the outcomes durable, and keys whose segments are to go; answers whether they are.
    mutating func flush(keys: [KeptKey] = [], leaving: [Range<UInt64>] = []) -> Bool {
        guard !pending.isEmpty || !keys.isEmpty || !leaving.isEmpty, journal != nil else {
            return checkpointIfLost(leaving: leaving)
        }
        do throws(SpoolError) {
            try journal?.append(pending, keys: keys, mark: mark.briefly(leaving: leaving))
            pending = []
            return true
        } catch {
            journal = nil
            return checkpoint(leaving: leaving)
        }
    }

    private mutating func checkpointIfLost(leaving: [Range<UInt64>]) -> Bool {
        journal == nil ? checkpoint(leaving: leaving) : true
    }

    /// Replaces the journal by what the ledger says; answers whether that is durable.
    mutating func checkpoint(leaving: [Range<UInt64>] = []) -> Bool {
        mark.gone = ledger.absent(before: mark.given) + leaving
        do throws(SpoolError) {
            let newest = try disk.list(directory).compactMap(OutcomeJournal.number(ofName:)).max() ?? 0
            journal = try OutcomeJournal(
                number: newest + 1, salt: 7, standings: ledger.standings, tried: SimulatedSpool.tried(ledger),
                keys: kept, mark: mark, in: directory, on: disk)
            pending = []
            return true
        } catch {
            journal = nil
            return false
        }
    }

    private let retention = Retention(retainMilliseconds: 0)

    /// Ends the newest segment, as the books have it done where something in it is to go.
    mutating func end() {
        guard let newest = ledger.segments.last, !newest.isSealed, commits.end(newest.first) else { return }
        for sealed in commits.takeSealed() { ledger.seal(sealed) }
    }

    /// Removes finished segments, as the ledger's books do; answers the numbers that went.
    mutating func retain(isShort: Bool) -> [Range<UInt64>] {
        let finished = ledger.segments.filter { retention.mayGo($0, now: .max / 2, isShort: isShort) }
        guard keepKeys(of: finished, leaving: finished.map { $0.first..<$0.end }) else { return [] }
        var gone: [Range<UInt64>] = []
        for segment in finished {
            if let void = ledger.voidSegment(before: segment.first) {
                guard (try? removal.cut(void)) != nil else { break }
                ledger.cut(void.first)
            }
            files.forget(segment.first)
            guard (try? removal.letGo(segment, isShort: isShort)) != nil else { break }
            ledger.drop(segment.first)
            gone.append(segment.first..<segment.end)
        }
        try? disk.syncDirectory(directory)
        return gone
    }

    /// Compacts what is nearly finished; answers the numbers that went.
    mutating func compact() -> [UInt64] {
        let compaction = Compaction(directory: directory, disk: disk, files: files)
        for segment in ledger.segments {
            guard let remains = retention.remains(of: segment, now: .max / 2, isShort: false) else { continue }
            guard keepKeys(of: [segment]) else { return [] }
            do throws(SpoolError) {
                let written = try compaction.write(
                    segment.first, count: segment.count, keeping: remains, queues: ledger.queues.mapValues(\.name),
                    salt: 8)
                try compaction.install(segment.first)
                files.forget(segment.first)
                let before = Set(segment.places.records.map(\.place))
                ledger.replace(segment.first, written.places, bytes: written.bytes)
                removal.usage.add(written.bytes - segment.bytes)
                try? disk.syncDirectory(directory)
                return before.subtracting(remains.map(\.place)).map { segment.first + UInt64($0) }
            } catch {
                compaction.discard(segment.first)
            }
        }
        return []
    }

    /// What the segments' deliveries came to, and their keys, are durable before they go.
    private mutating func keepKeys(of segments: [Segment], leaving: [Range<UInt64>] = []) -> Bool {
        let keys = segments.flatMap { commits.dedupe.keys(of: $0.first..<$0.end, now: 0) }
        kept += keys
        return omission == .journalBeforeRemoval || flush(keys: keys, leaving: leaving)
    }

    /// What the usage counts, and what the files take.
    var usageBytes: Int { removal.usage.bytes }
}
