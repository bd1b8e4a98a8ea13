import CPlatform
import Dispatch
import Synchronization

// Unchecked: every stored `var` is touched on `queue` alone, but for the journal's three, which are touched on `journalQueue` alone.
/// The ledger and all that happens around it: handing out, noting outcomes, making room. Owned by its serial queue; the journal by another.
final class LedgerBooks: @unchecked Sendable {
    /// Outcomes are written at most this long after they came.
    private static let flushMilliseconds = 50
    /// How often finished segments are looked for.
    private static let retentionSeconds = 2

    private let queue = DispatchQueue(label: "hookswitch.spool.ledger")
    private let journalQueue = DispatchQueue(label: "hookswitch.spool.journal")
    /// The offsets of the folded segment that was last asked about.
    private let unfolded = Mutex<(first: UInt64, offsets: [UInt32])>((0, []))
    private let inbox = Mutex<[Commits.Appended]>([])
    private let directory: String
    private let disk: any Disk
    private let files: SegmentFiles
    private let settings: SpoolSettings
    private let usage: SpoolUsage
    private let wall: @Sendable () -> Int64
    private let notice: @Sendable (Spool.Notice) -> Void
    private let dueTimer: DispatchSourceTimer
    private let retentionTimer: DispatchSourceTimer

    private var ledger: Ledger
    /// What the timer is set for; `nil` if it is not set.
    private var scheduledDue: Int64?
    private var receivers: [QueueID: any DeliveryReceiver] = [:]
    private var pending: [JournalEntry] = []
    private var flushIsScheduled = false
    private var isClosed = false
    /// Whether a removal waits for its directory to be synced.
    private var hasRemoved = false
    private var journal: OutcomeJournal?
    /// What the journal counts for in `usage`; it counts until it is replaced, written or not.
    private var journalBytes: Int
    private var checkpointIsScheduled = false

    init(
        _ recovery: Recovery, in directory: String, on disk: any Disk, files: SegmentFiles, settings: SpoolSettings,
        usage: SpoolUsage, wall: @escaping @Sendable () -> Int64, notice: @escaping @Sendable (Spool.Notice) -> Void
    ) throws(SpoolError) {
        self.directory = directory
        self.disk = disk
        self.files = files
        self.settings = settings
        self.usage = usage
        self.wall = wall
        self.notice = notice
        ledger = recovery.ledger
        ledger.fold()
        dueTimer = DispatchSource.makeTimerSource(queue: queue)
        retentionTimer = DispatchSource.makeTimerSource(queue: queue)
        let new = try OutcomeJournal(
            number: recovery.journalNumber + 1, standings: ledger.standings,
            tried: LedgerBooks.entries(of: ledger), in: directory, on: disk)
        journal = new
        journalBytes = new.end
        usage.add(new.end)
        dueTimer.setEventHandler { [weak self] in
            self?.scheduledDue = nil
            self?.handOutAll()
        }
        dueTimer.schedule(deadline: .distantFuture)
        dueTimer.activate()
        retentionTimer.setEventHandler { [weak self] in self?.retain() }
        retentionTimer.schedule(
            deadline: .now() + .seconds(LedgerBooks.retentionSeconds),
            repeating: .seconds(LedgerBooks.retentionSeconds))
        retentionTimer.activate()
    }

    private static func entries(of ledger: Ledger) -> [JournalEntry] {
        ledger.tried.map { JournalEntry($0.key, .later, $0.value.progress, notBefore: $0.value.notBefore) }
    }

    /// Learns of a commit. Called under the commit lock, so that commits come in order; returns at once.
    func appended(_ news: Commits.Appended) {
        let isFirst = inbox.withLock { inbox in
            inbox.append(news)
            return inbox.count == 1
        }
        guard isFirst else { return }
        queue.async { [self] in
            let all = inbox.withLock { inbox in
                defer { inbox = [] }
                return inbox
            }
            for news in all { note(news) }
            handOutAll()
        }
    }

    /// Learns of a commit on the caller's thread, which saves another one's waking.
    func appendedHere(_ news: Commits.Appended) {
        queue.sync {
            note(news)
            handOutAll()
        }
    }

    private func note(_ news: Commits.Appended) {
        for sealed in news.sealed { ledger.seal(sealed.first, bytes: sealed.bytes) }
        for event in news.events {
            ledger.appended(
                number: event.number, offset: event.offset, owed: event.owed, receivedAt: event.receivedAt,
                toSegment: news.segment)
        }
    }

    func register(_ id: QueueID, named name: String) { queue.async { [self] in ledger.register(id, named: name) } }

    func attach(_ id: QueueID, order: DeliveryOrder, to receiver: any DeliveryReceiver) {
        queue.async { [self] in
            receivers[id] = receiver
            ledger.attach(id, order: order)
        }
    }

    func detach(_ id: QueueID) {
        queue.async { [self] in
            receivers[id] = nil
            ledger.detach(id)
        }
    }

    func request(_ id: QueueID, count: Int) {
        queue.async { [self] in
            ledger.addCredit(id, count)
            handOut(id)
            scheduleDue()
        }
    }

    private func handOutAll() {
        for id in receivers.keys { handOut(id) }
        scheduleDue()
    }

    private func handOut(_ id: QueueID) {
        guard let receiver = receivers[id] else { return }
        let deliveries = ledger.take(id, now: wall())
        if !deliveries.isEmpty { receiver.receive(deliveries) }
    }

    private func scheduleDue() {
        let due = ledger.nextDue()
        // To set a timer wakes another thread: most calls have nothing new to say.
        guard due != scheduledDue else { return }
        scheduledDue = due
        guard let due else { return dueTimer.schedule(deadline: .distantFuture) }
        // The wall clock may have been set: never sleep for long on its word.
        let wait = min(max(due - wall(), 1), 60_000)
        dueTimer.schedule(deadline: .now() + .milliseconds(Int(wait)), leeway: .milliseconds(1))
    }

    func settle(_ outcomes: [Outcome]) {
        queue.async { [self] in
            for outcome in outcomes {
                if let entry = ledger.settle(outcome) { pending.append(entry) }
            }
            scheduleDue()
            scheduleFlush()
        }
    }

    /// Owes deliveries again, each by `change`.
    func reopen(
        _ deliveries: [DeliveryID],
        _ change: (inout Ledger, DeliveryID) -> (result: ReopenResult, entry: JournalEntry?)
    ) throws(SpoolError) -> [DeliveryID: ReopenResult] {
        for event in Set(deliveries.map(\.event)) {
            guard let folded = queue.sync(execute: { ledger.folded(around: event.rawValue) }) else { continue }
            let offsets = try offsets(of: folded)
            queue.sync { ledger.unfold(folded.first, offsets) }
        }
        let (results, written) = queue.sync {
            var results: [DeliveryID: ReopenResult] = [:]
            for delivery in deliveries {
                let (result, entry) = change(&ledger, delivery)
                results[delivery] = result
                if let entry { pending.append(entry) }
            }
            return (results, flush())
        }
        if let failure = written.value { throw failure }
        queue.async { [self] in handOutAll() }
        return results
    }

    /// Changes a whole queue. What the journal says of its deliveries no longer holds, so a checkpoint takes its place.
    func sweep(_ change: (inout Ledger) -> QueueSweep) throws(SpoolError) -> QueueSweep {
        let (sweep, written) = queue.sync {
            let sweep = change(&ledger)
            return (sweep, sweep.count > 0 ? checkpoint() : Written(journalQueue))
        }
        if let failure = written.value { throw failure }
        queue.async { [self] in handOutAll() }
        return sweep
    }

    func retained(after number: UInt64, since: Int64) -> UInt64? {
        queue.sync { ledger.retained(after: number, since: since) }
    }

    private func scheduleFlush() {
        guard !pending.isEmpty, !flushIsScheduled else { return }
        flushIsScheduled = true
        queue.asyncAfter(deadline: .now() + .milliseconds(LedgerBooks.flushMilliseconds)) { [self] in
            flushIsScheduled = false
            _ = flush()
        }
    }

    /// How a write to the journal ended; read after the journal's queue has run it.
    private final class Written: Sendable {
        private let failure = Mutex<SpoolError?>(nil)
        private let journalQueue: DispatchQueue

        init(_ journalQueue: DispatchQueue) { self.journalQueue = journalQueue }

        var value: SpoolError? { journalQueue.sync { failure.withLock { $0 } } }
        func fail(_ error: SpoolError) { failure.withLock { $0 = error } }
    }

    /// Hands what is pending to the journal's queue. On the ledger's queue.
    private func flush() -> Written {
        let written = Written(journalQueue)
        let entries = pending
        pending = []
        guard !entries.isEmpty else { return written }
        journalQueue.async { [self] in
            do throws(SpoolError) {
                guard journal != nil else { throw .system(call: "append", path: directory, errno: 5) }
                try journal?.append(entries)
                count(journal)
                if journal?.isFull(limitBytes: journalLimitBytes) == true { scheduleCheckpoint(afterSeconds: 0) }
            } catch {
                // The ledger knows what the file does not: a checkpoint of it replaces the file that failed.
                journal = nil
                written.fail(error)
                notice(.journal(error))
                scheduleCheckpoint(afterSeconds: 1)
            }
        }
        return written
    }

    /// A journal larger than this is replaced: in a small spool it must not take the events' room.
    private var journalLimitBytes: Int { min(OutcomeJournal.sizeLimitBytes, settings.maxSizeBytes / 16) }

    /// Notes the journal's size. On the journal's queue.
    private func count(_ journal: OutcomeJournal?) {
        guard let journal else { return }
        usage.add(journal.end - journalBytes)
        journalBytes = journal.end
    }

    /// Asks for a checkpoint, once however many ask. On the journal's queue.
    private func scheduleCheckpoint(afterSeconds seconds: Int) {
        guard !checkpointIsScheduled else { return }
        checkpointIsScheduled = true
        queue.asyncAfter(deadline: .now() + .seconds(seconds)) { [self] in checkpoint() }
    }

    /// Replaces the journal by what the ledger says now. On the ledger's queue.
    @discardableResult
    private func checkpoint() -> Written {
        let written = Written(journalQueue)
        // Another daemon may have the spool by now.
        guard !isClosed else { return written }
        pending = []
        let standings = ledger.standings
        let tried = LedgerBooks.entries(of: ledger)
        journalQueue.async { [self] in
            checkpointIsScheduled = false
            do throws(SpoolError) {
                let names = try disk.list(directory)
                let newest = names.compactMap(OutcomeJournal.number(ofName:)).max() ?? 0
                let new = try OutcomeJournal(
                    number: newest + 1, standings: standings, tried: tried, in: directory, on: disk)
                journal = new
                count(new)
            } catch {
                journal = nil
                written.fail(error)
                notice(.journal(error))
                scheduleCheckpoint(afterSeconds: 1)
            }
        }
        return written
    }

    /// Makes room at once, because an event was refused for want of it.
    func makeRoom() {
        queue.async { [self] in retain() }
    }

    /// Removes segments whose deliveries are all settled: those past `retain`, and the oldest while space is short.
    private func retain() {
        let now = wall()
        let retainMilliseconds = Int64(settings.retain / .milliseconds(1))
        for segment in ledger.segments where segment.isSealed && segment.unsettled == 0 {
            let isOld = segment.lastReceivedAt + retainMilliseconds < now
            guard isOld || isShort() else { continue }
            do throws(SpoolError) {
                files.forget(segment.first)
                try disk.remove(directory + "/" + SegmentWriter.name(segment.first))
            } catch {
                notice(.retention(error))
                break
            }
            // Gone is gone: a segment that a power cut brings back is settled, as the journal has it.
            usage.remove(segment.bytes)
            ledger.drop(segment.first)
            hasRemoved = true
        }
        guard hasRemoved else { return }
        do throws(SpoolError) {
            try disk.syncDirectory(directory)
            hasRemoved = false
        } catch {
            notice(.retention(error))
        }
    }

    /// Whether two more segments would not fit: finished events go before an event is refused.
    private func isShort() -> Bool {
        let ahead = 2 * min(Commits.segmentLimitBytes, settings.maxSizeBytes / 8)
        let reserve = min(Commits.reserveBytes, settings.maxSizeBytes / 16)
        if usage.bytes + ahead + reserve > settings.maxSizeBytes { return true }
        guard let free = try? disk.freeBytes(directory) else { return false }
        return free < settings.minFreeBytes + ahead
    }

    /// Where an event's record stands. Those of a folded segment are read from its file, and the last segment's are kept.
    func position(of number: EventNumber) throws(SpoolError) -> Position? {
        let (known, folded) = queue.sync {
            (ledger.position(of: number.rawValue), ledger.folded(around: number.rawValue))
        }
        guard let folded else { return known }
        let offset = try offsets(of: folded)[Int(number.rawValue - folded.first)]
        return offset == Segment.missing ? nil : Position(segment: folded.first, offset: offset)
    }

    private func offsets(of segment: (first: UInt64, count: Int)) throws(SpoolError) -> [UInt32] {
        if let kept = unfolded.withLock({ $0.first == segment.first ? $0.offsets : nil }) { return kept }
        let offsets = try files.offsets(of: segment.first, count: segment.count)
        unfolded.withLock { $0 = (segment.first, offsets) }
        return offsets
    }

    func standings(of number: EventNumber, owed: [QueueID]) -> [DeliveryStanding] {
        queue.sync {
            let later = ledger.queues(of: number.rawValue).filter { !owed.contains($0) }
            return ledger.standings(of: number.rawValue, owed: owed + later)
        }
    }

    func queues(of number: EventNumber) -> [QueueID] { queue.sync { ledger.queues(of: number.rawValue) } }

    func failed(_ id: QueueID, after number: EventNumber, limit: Int) -> [EventNumber] {
        queue.sync { ledger.failed(id, after: number.rawValue, limit: limit) }
    }

    func eventCount() -> Int { queue.sync { ledger.segments.reduce(0) { $0 + $1.count } } }

    func queues() -> [(queue: SpoolStatus.Queue, oldest: Position?)] {
        queue.sync {
            ledger.queues.sorted { $0.key < $1.key }.map { id, queue in
                (
                    SpoolStatus.Queue(
                        id: id, name: queue.name, waiting: queue.waiting, failed: queue.failed, oldestReceivedAt: nil),
                    ledger.oldest(id)
                )
            }
        }
    }

    /// Writes what is pending and stops. Nothing may be called afterwards.
    func close() {
        dueTimer.cancel()
        retentionTimer.cancel()
        let written = queue.sync {
            receivers = [:]
            isClosed = true
            return flush()
        }
        _ = written.value
    }
}
