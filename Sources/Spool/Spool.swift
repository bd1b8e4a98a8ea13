import CPlatform
import Dispatch
import Synchronization

/// The embedded log: segments of events and a journal of outcomes in one directory.
///
/// Commits run on the caller's thread or the committer's, under one lock (`Commits`); what is owed belongs to the ledger's serial queue; the
/// journal is written on a third. A commit never waits for the other two.
///
/// Unchecked: everything is immutable or guarded; the one type that says nothing of itself is Dispatch's timer, which is set up here and only cancelled later.
public final class Spool: EventLog, @unchecked Sendable {
    /// Something that the daemon's log should say.
    public enum Notice: Sendable {
        /// Damaged bytes were stepped over, or something is missing; `copied` says whether there were bytes to set aside.
        case damage(Damage, copied: Bool)
        /// Bytes at a file's end were left out: a write that was cut short, as far as anything tells.
        case torn(Damage, copied: Bool)
        /// Events that were accepted without a sync are gone.
        case unsynced(Range<UInt64>)
        /// New events are refused, for this reason.
        case closed(String)
        /// New events are taken again.
        case opened
        /// A commit has not come back from the disk for `Committer.patienceNanoseconds`: new events are refused until it does.
        case stalled
        /// It has come back.
        case answering(afterSeconds: Double)
        /// The journal could not be written; it is tried again.
        case journal(SpoolError)
        /// It was written after all.
        case journalWritten
        /// A segment could not be removed.
        case retention(SpoolError)
    }

    private let commits: Mutex<Commits>
    private let usage: SpoolUsage
    let books: LedgerBooks
    let files: SegmentFiles
    private let lock: Mutex<(any AnyObject & Sendable)?>
    private let disk: any Disk
    private let settings: SpoolSettings
    private let space: SpoolSpace
    private let wall: @Sendable () -> Int64
    private let notice: @Sendable (Notice) -> Void
    let damaged: DamageCounter
    private let syncTimer: DispatchSourceTimer?
    private let committing = Mutex<(committer: Committer, watch: StallWatch)?>(nil)
    /// What the commits stood at after the last one.
    private let lastStanding = Mutex(CommitStanding())
    private let scrub: Scrub

    /// Opens a spool, or makes one: takes its lock, recovers, and begins a fresh checkpoint. `wall` is in milliseconds since
    /// 1970, `steady` in milliseconds since whenever, and `salt` is chance.
    ///
    /// A disk that is full, or that can't be written, keeps no spool from opening that is there already: its door is closed then, and what
    /// waits is handed out.
    /// - Throws: `SpoolError.locked` if another process has it, `.newerVersion`, or the system call that failed.
    public init(
        _ settings: SpoolSettings, disk: any Disk = SystemDisk(), wall: @escaping @Sendable () -> Int64 = hs_wall_ms,
        steady: @escaping @Sendable () -> Int64 = { hs_monotonic_ns() / 1_000_000 },
        salt: @escaping @Sendable () -> UInt32 = { .random(in: .min ... .max) },
        notice: @escaping @Sendable (Notice) -> Void
    ) throws(SpoolError) {
        self.settings = settings
        self.disk = disk
        self.wall = wall
        self.notice = notice
        let directory = settings.path + "/segments"
        try disk.makeDirectory(directory)
        lock = Mutex(try disk.lock(settings.path))
        try Compaction.clean(directory, on: disk)
        let recovery = try Recovery(directory, on: disk)
        let recent = RecentRecords()
        files = SegmentFiles(directory, on: disk, recent: recent)
        damaged = DamageCounter(in: settings.path, on: disk, notice: notice)
        for damage in recovery.damages { damaged.note(damage) }
        for torn in recovery.torn { damaged.noteTorn(torn) }
        if recovery.isJournalMissing { damaged.note(Damage(.journal(0), range: 0..<0)) }
        for damage in try Notebook.damages(settings.path, on: disk) { damaged.note(damage) }
        if settings.sync != .always, let unsynced = recovery.unsynced { notice(.unsynced(unsynced)) }
        let usage = SpoolUsage(bytes: recovery.bytes)
        self.usage = usage
        let spare = SpareSegment(bytes: recovery.spareBytes)
        space = SpoolSpace(settings)
        // First of all, since it cuts off what it does not need: that may be the only room for a checkpoint.
        let writing = try Commits(
            recovery, in: directory, on: disk, settings: settings, usage: usage, space: space, spare: spare,
            recent: recent, salt: salt, now: wall())
        let keys = writing.dedupe
        commits = Mutex(writing)
        books = LedgerBooks(
            recovery,
            LedgerBooks.Surroundings(
                directory: directory, disk: disk, files: files, settings: settings, space: space, usage: usage,
                spare: spare, clock: LedgerClock(wall: wall, steady: steady), salt: salt, notice: notice))
        let (news, closed) = commits.withLock { commits in
            commits.start(now: wall())
            return (commits.news(), commits.closed)
        }
        books.hear(news)
        scrub = Scrub(files, of: { [books] in books.sealedSegments() }, found: { [damaged] in damaged.note($0) })
        if case .interval(let interval) = settings.sync {
            let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "hookswitch.spool.sync"))
            let period = DispatchTimeInterval.milliseconds(Int(interval / .milliseconds(1)))
            timer.schedule(deadline: .now() + period, repeating: period)
            syncTimer = timer
            timer.setEventHandler { [weak self] in self?.syncNow() }
            timer.activate()
        } else {
            syncTimer = nil
        }
        books.know(
            LedgerBooks.Committing(
                keysOf: { numbers in keys.keys(of: numbers, now: wall()) },
                end: { [weak self] first in self?.end(first) ?? false },
                reconsider: { [weak self] in self?.reconsider() }))
        if let closed {
            books.want(SegmentWriter.zeroStepBytes)
            notice(.closed(closed))
        }
        guard case .byThread = settings.commit else { return }
        let own = Committer { [weak self] batch, claim in
            let closed = CommitRefusal(reason: "the spool is closed", retryAfterSeconds: Commits.retryAfterSeconds)
            return self?.committed(batch, claim) ?? .init(outcome: .refused(closed), afterwards: {})
        }
        // Without a thread of its own the caller commits: slower, and as safe.
        guard let own else { return }
        committing.withLock { $0 = (own, StallWatch(own, notice: notice)) }
    }

    /// The committer writes and syncs one, and then the next.
    public var takesOneBatchAtATime: Bool { true }

    /// Makes a batch durable: see `EventLog`. `SpoolSettings.commit` says on whose thread.
    public func commit(_ batch: CommitBatch, _ done: @escaping @Sendable (CommitOutcome) -> Void) {
        if let committer = committing.withLock({ $0?.committer }) { return committer.submit(batch, done) }
        let result = commitNow(batch)
        books.handOutSoon()
        done(result)
    }

    /// Makes a batch durable, once finished events have made room for it if they had to.
    private func commitNow(_ batch: CommitBatch, _ claim: CommitClaim = CommitClaim()) -> CommitOutcome {
        while true {
            let outcome = commits.withLock { commits in
                commits.hasRoom(for: batch, now: wall()) ? commitNow(batch, &commits, claim) : nil
            }
            if let outcome { return outcome }
            // Without the lock: who is asked for room may need it.
            let bytes = SegmentWriter.size(of: batch, batch.events.indices)
            guard space.canHold(bytes), !claim.isGivenUp, books.hasMadeRoom(for: bytes) else { break }
        }
        return commits.withLock { commitNow(batch, &$0, claim) }
    }

    private func commitNow(_ batch: CommitBatch, _ commits: inout Commits, _ claim: CommitClaim) -> CommitOutcome {
        let wasClosed = commits.closed
        let result = commits.commit(batch, now: wall(), claim: claim)
        tell(commits.closed, since: wasClosed)
        if let appended = result.appended {
            books.hear(appended)
            if !appended.sealed.isEmpty { books.makeRoom() }
        }
        lastStanding.withLock { $0 = commits.standing }
        return result.outcome
    }

    private func committed(_ batch: CommitBatch, _ claim: CommitClaim) -> Committer.Committed {
        Committer.Committed(outcome: commitNow(batch, claim)) { [self] in
            books.handOutHere()
            writeAhead()
        }
    }

    private func writeAhead() {
        commits.withLock { commits in
            let wasClosed = commits.closed
            commits.writeAhead()
            tell(commits.closed, since: wasClosed)
            hearSealed(&commits)
        }
    }

    /// Ends the newest segment for the books: see `Commits.end`.
    private func end(_ first: UInt64) -> Bool {
        commits.withLock { commits in
            let wasClosed = commits.closed
            let hasEnded = commits.end(first)
            tell(commits.closed, since: wasClosed)
            hearSealed(&commits)
            return hasEnded
        }
    }

    /// Opens the door again if what closed it has passed; a commit under way will see to it itself.
    private func reconsider() {
        _ = commits.withLockIfAvailable { reconsider(&$0) }
    }

    private func reconsider(_ commits: inout Commits) {
        guard let wasClosed = commits.closed else { return }
        commits.reconsider()
        hearSealed(&commits)
        tell(commits.closed, since: wasClosed)
        lastStanding.withLock { $0 = commits.standing }
    }

    /// Says that the door was opened or closed, once: the reason's figures are others at each refusal.
    private func tell(_ closed: String?, since wasClosed: String?) {
        switch (wasClosed, closed) {
        case (nil, let closed?): notice(.closed(closed))
        case (.some, nil): notice(.opened)
        default: break
        }
    }

    /// Tells the books of segments that ended otherwise than by a commit.
    private func hearSealed(_ commits: inout Commits) {
        let news = commits.news()
        if !news.sealed.isEmpty { books.hear(news) }
    }

    /// The queue of a target's name, registered durably if it is new.
    public func queue(named name: String) throws(SpoolError) -> QueueID {
        var outcome: Result<QueueID, SpoolError>?
        commits.withLock { commits in
            let wasClosed = commits.closed
            do throws(SpoolError) { outcome = .success(try commits.queue(named: name)) } catch {
                outcome = .failure(error)
            }
            tell(commits.closed, since: wasClosed)
        }
        let queue = try outcome!.get()
        books.register(queue, named: name)
        return queue
    }

    /// Begins to hand a queue's deliveries to a receiver.
    public func attach(_ queue: QueueID, order: DeliveryOrder, to receiver: any DeliveryReceiver) {
        books.attach(queue, order: order, to: receiver)
    }

    /// Ends the handing out.
    public func detach(_ queue: QueueID) { books.detach(queue) }

    /// Adds credit.
    public func request(_ queue: QueueID, count: Int) { books.request(queue, count: count) }

    /// Takes note of outcomes; durable soon after.
    public func settle(_ outcomes: [Outcome], told: Int64) { books.settle(outcomes, told: told) }

    /// Calls `write` before outcomes are written to the journal.
    public func beforeOutcomes(_ write: @escaping @Sendable () -> Void) { books.beforeOutcomes(write) }

    /// Owes deliveries again; durable when it returns.
    public func reopen(_ deliveries: [DeliveryID]) throws(SpoolError) -> [DeliveryID: ReopenResult] {
        var results: [DeliveryID: ReopenResult] = [:]
        for delivery in deliveries {
            guard let event = try event(delivery.event), !event.isErased else {
                results[delivery] = .noSuchEvent
                continue
            }
            let isOwed = event.owed.contains(delivery.queue)
            if !isOwed && !books.queues(of: delivery.event).contains(delivery.queue) {
                results[delivery] = .neverOwed
            }
        }
        let reopened = try books.reopen(deliveries.filter { results[$0] == nil }) { ledger, delivery in
            ledger.reopen(delivery)
        }
        results.merge(reopened) { _, new in new }
        return results
    }

    /// What waits, and what the disk holds. Opens the door again if what closed it has passed.
    public func status() -> SpoolStatus {
        let commits = standing()
        let queues = books.queues().map { entry in
            var queue = entry.queue
            // An event that can't be read has no age to show; its damage is counted where it is delivered.
            queue.oldestReceivedAt = entry.oldest.flatMap { try? files.read($0).receivedAt }
            return queue
        }
        return SpoolStatus(
            queues: queues, bytes: usage.bytes, events: books.eventCount(), corrupt: damaged.count,
            syncSeconds: commits.syncSeconds, syncs: commits.syncs, unsynced: commits.unsynced, closed: commits.closed,
            stalledSeconds: commits.stalledSeconds)
    }

    /// What the commits stand at or, while one is under way, what they stood at after the last: nobody who asks waits for the disk.
    private func standing() -> CommitStanding {
        let now = commits.withLockIfAvailable { commits -> CommitStanding in
            reconsider(&commits)
            return commits.standing
        }
        if let now { return now }
        var last = lastStanding.withLock { $0 }
        if let (committer, watch) = committing.withLock({ $0 }) {
            last.closed = committer.stall?.reason ?? last.closed
            last.stalledSeconds = watch.stalledSeconds
        }
        return last
    }

    /// Takes attributes and bodies of events from the disk for good, durably when it returns; their numbers stay, and what
    /// was still owed of them is settled. Also overwrites what files hold of events that are gone.
    public func erase(_ numbers: [EventNumber]) throws(SpoolError) -> [EventNumber: EraseResult] {
        try withCommits { commits throws(SpoolError) in try commits.leave(numbers) }
        var results = try books.erase(numbers)
        for (number, result) in results where result == .noSuchEvent {
            // A start steps over what is damaged: then its bytes may be there all the same.
            guard let segment = books.segment(around: number), let place = damaged.place(in: segment) else { continue }
            results[number] = .damaged(place)
        }
        try withCommits { commits throws(SpoolError) in try commits.wipe() }
        return results
    }

    func withCommits(_ body: (inout Commits) throws(SpoolError) -> Void) throws(SpoolError) {
        var failure: SpoolError?
        commits.withLock { commits in
            do throws(SpoolError) { try body(&commits) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private func syncNow() { commits.withLock { $0.syncPending() } }

    /// Makes everything durable and lets go of the spool. Nothing may be called afterwards.
    public func close() {
        syncTimer?.cancel()
        scrub.stop()
        if let (committer, watch) = committing.withLock({ $0.take() }) {
            committer.close()
            watch.stop()
        }
        let last = commits.withLock { commits in
            commits.syncPending()
            return commits.news()
        }
        books.hear(last)
        books.close()
        lock.withLock { $0 = nil }
    }
}
