import CPlatform
import Dispatch
import Synchronization

/// The ledger and all that happens around it: handing out, noting outcomes, making room. Owned by its serial queue; the
/// journal by another, and a segment that is being compacted by a third.
///
/// Unchecked: every stored `var` is touched on `queue` alone, but for the journal's four, which are touched on `journalQueue` alone.
final class LedgerBooks: @unchecked Sendable {
    /// What the books ask of the spool's other parts.
    struct Surroundings: Sendable {
        var directory: String
        var disk: any Disk
        var files: SegmentFiles
        var settings: SpoolSettings
        var space: SpoolSpace
        var usage: SpoolUsage
        var spare: SpareSegment
        var clock: LedgerClock
        var salt: @Sendable () -> UInt32
        var notice: @Sendable (Spool.Notice) -> Void
    }

    /// What the committing side does for the books, on the compaction's queue: a commit that hangs holds up no delivery.
    struct Committing: Sendable {
        /// The keys of events that still count.
        var keysOf: @Sendable (Range<UInt64>) -> [KeptKey] = { _ in [] }
        /// Ends the newest segment, if it begins with this number; answers whether it has ended.
        var end: @Sendable (UInt64) -> Bool = { _ in false }
        /// Opens the door again, if there is room.
        var reconsider: @Sendable () -> Void = {}
    }

    /// What other threads tell the books, and learn of them.
    struct Heard {
        /// Commits that were not taken in yet.
        var news: [Commits.Appended] = []
        /// Outcomes that were not taken in yet. They are of events that came with the news before them.
        var outcomes: [Outcome] = []
        /// Whether outcomes are about to be taken in, if nothing else does it before: a timer for each would cost more than it saves.
        var isGathering = false
        /// Whether they are about to be.
        var isTakenInSoon = false
        /// Whether anybody waits for events: if not, to wake the queue for each commit would bring nothing.
        var isAwaited = false
        /// Whether the queue has something to do.
        var isPressing: Bool { isAwaited || news.count >= LedgerBooks.newsLimit }
    }

    /// So many commits are taken in at the latest, though nobody waits for their events.
    private static let newsLimit = 256
    /// Outcomes are taken in at most this long after they came, and written at most so long after that: within 50 ms in all.
    private static let gatherMilliseconds = 10
    private static let flushMilliseconds = 40
    /// How often finished segments are looked for.
    private static let retentionSeconds = 2

    let queue = DispatchQueue(label: "hookswitch.spool.ledger")
    let journalQueue = DispatchQueue(label: "hookswitch.spool.journal")
    let compactionQueue = DispatchQueue(label: "hookswitch.spool.compaction", qos: .utility)
    /// The places of the folded segment that was last asked about.
    let unfolded = Mutex<(first: UInt64, places: Places)>((0, Places()))
    let heard = Mutex(Heard())
    let around: Surroundings
    let dueTimer: DispatchSourceTimer
    private let retentionTimer: DispatchSourceTimer

    var ledger: Ledger
    /// What the timer is set for; `nil` if it is not set.
    var scheduledDue: Int64?
    var receivers = QueueMap<any DeliveryReceiver>()
    /// The queues, by number, that are owed something new since events were handed out last.
    var refilled = Bitmap()
    var pending: [JournalEntry] = []
    private var flushIsScheduled = false
    private(set) var isClosed = false
    /// Keys of events whose segments are gone.
    var kept: [KeptKey]
    var room = RoomMaking()
    var committing = Committing()
    /// How far numbers are, and what is lost of them.
    var mark: NumberMark
    /// Up to where the journal knows of numbers that were given.
    var markedTo: UInt64
    var journal: OutcomeJournal?
    /// What is to be written before any outcome is. Owned by the journal's queue.
    var writeFirst: @Sendable () -> Void = {}
    /// What the journal counts for in `usage`; it counts until it is replaced, written or not.
    var journalBytes = 0
    var checkpointIsScheduled = false
    /// Whether it was said that outcomes can't be written.
    var journalFailureIsSaid = false
    /// How long a checkpoint that failed waits to be tried again, in seconds.
    var checkpointPauseSeconds = LedgerBooks.checkpointPauses.lowerBound

    /// Begins with a fresh checkpoint. If the disk has no room for it, or fails, the former journal stays, and what comes to pass is kept in
    /// memory until it can be written.
    init(_ recovery: Recovery, _ around: Surroundings) {
        self.around = around
        ledger = recovery.ledger
        ledger.fold()
        // The spool has seen a later time: the clock was set back while no daemon ran, and no retry waits for what that takes.
        let behind = (ledger.segments.map(\.lastReceivedAt).max() ?? 0) - around.clock.now
        if behind > 0 { ledger.tried.pullIn(by: behind) }
        kept = recovery.kept
        mark = recovery.mark
        let startedAt = around.clock.now
        for index in mark.lost.indices where mark.lost[index].noticedAt == 0 { mark.lost[index].noticedAt = startedAt }
        mark.gone = ledger.absent(before: mark.given)
        mark.isWhole = true
        markedTo = mark.given
        dueTimer = DispatchSource.makeTimerSource(queue: queue)
        retentionTimer = DispatchSource.makeTimerSource(queue: queue)
        dueTimer.setEventHandler { [weak self] in
            self?.scheduledDue = nil
            self?.takeIn()
            self?.handOutAll()
        }
        dueTimer.schedule(deadline: .distantFuture)
        dueTimer.activate()
        retentionTimer.setEventHandler { [weak self] in
            self?.retain()
            self?.reconsider()
            self?.markNumbers()
        }
        retentionTimer.schedule(
            deadline: .now() + .seconds(LedgerBooks.retentionSeconds),
            repeating: .seconds(LedgerBooks.retentionSeconds))
        retentionTimer.activate()
        beginJournal(recovery.journalNumber)
    }

    /// Tells the books who commits; called once, before anything is committed.
    func know(_ committing: Committing) {
        queue.async { [self] in self.committing = committing }
    }

    /// The keys of these events that still count.
    func keys(of numbers: Range<UInt64>) -> [KeptKey] { committing.keysOf(numbers) }

    /// See `EventLog.beforeOutcomes`.
    func beforeOutcomes(_ write: @escaping @Sendable () -> Void) { journalQueue.async { self.writeFirst = write } }

    /// Hears of a commit. Called under the commit lock, so that commits come in order, and before any sender is told: whoever
    /// asks the books after an answer finds the event there. Returns at once.
    func hear(_ news: Commits.Appended) { heard.withLock { $0.news.append(news) } }

    /// Runs on the queue, with everything that was heard of taken in.
    func asked<Result>(_ body: () throws -> Result) rethrows -> Result {
        try queue.sync {
            takeIn()
            return try body()
        }
    }

    func takeIn() {
        let (all, outcomes) = heard.withLock { heard in
            defer { (heard.news, heard.outcomes) = ([], []) }
            return (heard.news, heard.outcomes)
        }
        for news in all { note(news) }
        guard !outcomes.isEmpty else { return }
        for outcome in outcomes {
            if let entry = ledger.settle(outcome) { pending.append(around.clock.onDisk(entry)) }
            // It may have to go out again at once.
            if outcome.result != .done && outcome.result != .failed {
                refilled.insert(Int(outcome.delivery.queue.rawValue))
            }
        }
        scheduleDue()
        scheduleFlush()
    }

    private func note(_ news: Commits.Appended) {
        for sealed in news.sealed { ledger.seal(sealed) }
        ledger.appended(news.events, toSegment: news.segment)
        for event in news.events {
            for queue in event.owed { refilled.insert(Int(queue.rawValue)) }
        }
        mark.given = max(mark.given, (news.events.last?.number ?? 0) + 1)
        mark.durable = max(mark.durable, news.durable)
    }

    func register(_ id: QueueID, named name: String) { queue.async { [self] in ledger.register(id, named: name) } }

    /// Notes outcomes, soon. Their times are the wall clock's as it was when it was `told`, not as it will be then.
    ///
    /// What is done or given up for good changes nothing that anybody waits for: it is taken in with whatever else is, or by and by.
    func settle(_ outcomes: [Outcome], told: Int64) {
        var isPressing = false
        let timed = outcomes.map { outcome in
            if outcome.result == .done || outcome.result == .failed { return outcome }
            isPressing = true
            guard case .later(let notBefore) = outcome.result else { return outcome }
            var timed = outcome
            timed.result = .later(notBefore: around.clock.time(ofWall: notBefore, told: told))
            return timed
        }
        let gathers = heard.withLock { heard in
            heard.outcomes += timed
            guard !isPressing, !heard.isGathering else { return false }
            heard.isGathering = true
            return true
        }
        if isPressing { return queue.async { [self] in takeIn() } }
        guard gathers else { return }
        queue.asyncAfter(deadline: .now() + .milliseconds(LedgerBooks.gatherMilliseconds)) { [self] in
            heard.withLock { $0.isGathering = false }
            takeIn()
        }
    }

    /// Owes deliveries again, each by `change`.
    func reopen(
        _ deliveries: [DeliveryID],
        _ change: (inout Ledger, DeliveryID) -> (result: ReopenResult, entry: JournalEntry?)
    ) throws(SpoolError) -> [DeliveryID: ReopenResult] {
        for event in Set(deliveries.map(\.event)) {
            guard let folded = asked({ ledger.folded(around: event.rawValue) }) else { continue }
            let places = try places(of: folded)
            asked { ledger.unfold(folded.first, places) }
        }
        let (results, written) = asked {
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
        let (sweep, written) = asked {
            let sweep = change(&ledger)
            return (sweep, sweep.count > 0 ? checkpoint() : Written(journalQueue))
        }
        if let failure = written.value { throw failure }
        queue.async { [self] in handOutAll() }
        return sweep
    }

    func retained(after number: UInt64, since: Int64) -> UInt64? {
        asked { ledger.retained(after: number, since: since) }
    }

    private func scheduleFlush() {
        guard !pending.isEmpty, !flushIsScheduled else { return }
        flushIsScheduled = true
        queue.asyncAfter(deadline: .now() + .milliseconds(LedgerBooks.flushMilliseconds)) { [self] in
            flushIsScheduled = false
            _ = flush()
        }
    }

    /// Writes what is pending and stops. Nothing may be called afterwards.
    func close() {
        dueTimer.cancel()
        retentionTimer.cancel()
        let written = asked {
            receivers = QueueMap()
            mark.isClean = true
            defer { isClosed = true }
            return flush()
        }
        _ = written.value
        // A compaction under way comes to its end: what it wrote is thrown away.
        compactionQueue.sync {}
        queue.sync {}
    }
}
