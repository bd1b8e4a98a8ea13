import Dispatch
import Synchronization

extension LedgerBooks {
    /// How a write to the journal ended; read after the journal's queue has run it.
    final class Written: Sendable {
        private let failure = Mutex<SpoolError?>(nil)
        private let journalQueue: DispatchQueue

        init(_ journalQueue: DispatchQueue) { self.journalQueue = journalQueue }

        /// Why it failed; waits for the journal's queue.
        var value: SpoolError? { journalQueue.sync { failure.withLock { $0 } } }
        /// Whether it failed, as far as is known by now.
        var hasFailed: Bool { failure.withLock { $0 != nil } }
        func fail(_ error: SpoolError) { failure.withLock { $0 = error } }
    }

    /// In seconds: how long a checkpoint that failed waits at first, and at most.
    static let checkpointPauses = 1...16
    /// However little is free, a journal may have so much behind its checkpoint, in bytes.
    private static let journalLeastBytes = 64 << 10

    /// The first checkpoint. Before anybody else has the books.
    func beginJournal(_ former: UInt64) {
        do throws(SpoolError) {
            let new = try OutcomeJournal(
                number: former + 1, salt: around.salt(), standings: ledger.standings, tried: ledger.tried.entries,
                keys: kept, mark: mark, in: around.directory, on: around.disk)
            journal = new
            count(new.end)
        } catch {
            let path = around.directory + "/" + OutcomeJournal.name(former)
            if former > 0, let bytes = try? around.disk.open(path, create: false).size() { count(bytes) }
            journalQueue.async { [self] in checkpointFailed(error) }
        }
    }

    /// Hands what is pending, keys whose segments are to go, and these segments' numbers, to the journal's queue. On the ledger's queue.
    func flush(keys: [KeptKey] = [], leaving: [Range<UInt64>] = []) -> Written {
        let written = Written(journalQueue)
        guard !isClosed else {
            // Another daemon may have the spool by now.
            written.fail(.elsewhere(reason: "the spool is closed"))
            return written
        }
        let entries = pending
        pending = []
        let isNews = !entries.isEmpty || !keys.isEmpty || !leaving.isEmpty
        guard isNews || mark.isClean || mark.given > markedTo else { return written }
        let said = mark.briefly(leaving: leaving)
        markedTo = mark.given
        journalQueue.async { [self] in
            do throws(SpoolError) {
                if !entries.isEmpty { writeFirst() }
                // What it came to stands in the checkpoint that is tried.
                guard journal != nil else {
                    return written.fail(.system(call: "append", path: around.directory, errno: 5))
                }
                try journal?.append(entries, keys: keys, mark: said)
                if let journal { count(journal.end) }
                if journal?.isFull(limitBytes: journalLimitBytes) == true { scheduleCheckpoint(afterSeconds: 0) }
            } catch {
                // The ledger knows what the file does not: a checkpoint of it replaces the file that failed.
                written.fail(error)
                checkpointFailed(error)
            }
        }
        return written
    }

    /// Writes how far numbers are, if no outcome has said it meanwhile: a start must know of events that nobody was given. On the
    /// ledger's queue.
    func markNumbers() {
        takeIn()
        _ = flush()
    }

    /// The mark as a checkpoint has it: of all numbers that no segment has, or may soon have no more.
    private func wholeMark(now: Int64) -> NumberMark {
        let retain = Int64(around.settings.retain / .milliseconds(1))
        mark.lost.removeAll { now - $0.noticedAt > retain }
        let leaving = ledger.segments.filter { room.leaving.contains($0.first) }.map { $0.first..<$0.end }
        mark.gone = ledger.absent(before: mark.given) + leaving
        return mark
    }

    /// Writes what is pending and these keys, then says on the ledger's queue whether all that it knows is durable.
    func whenDurable(_ keys: [KeptKey], leaving: [Range<UInt64>] = [], _ then: @escaping @Sendable (Bool) -> Void) {
        let written = flush(keys: keys, leaving: leaving)
        journalQueue.async { [self] in
            let isDurable = journal != nil && !written.hasFailed
            queue.async { then(isDurable) }
        }
    }

    /// A journal larger than this is replaced: in a small spool it must not take the events' room, nor on a disk that is nearly full what
    /// its next checkpoint needs.
    private var journalLimitBytes: Int {
        let free = try? around.disk.freeBytes(around.directory)
        let limit = min(
            OutcomeJournal.sizeLimitBytes, around.space.segmentBytes(used: around.usage.bytes, free: free) / 2)
        return max(LedgerBooks.journalLeastBytes, min(limit, (free ?? .max) / 4))
    }

    /// Notes the journal's size. On the journal's queue.
    private func count(_ bytes: Int) {
        around.usage.add(bytes - journalBytes)
        journalBytes = bytes
    }

    /// Nothing can be written: that is said once, and tried again, less and less often. On the journal's queue.
    private func checkpointFailed(_ error: SpoolError) {
        journal = nil
        if !journalFailureIsSaid { around.notice(.journal(error)) }
        journalFailureIsSaid = true
        scheduleCheckpoint(afterSeconds: checkpointPauseSeconds)
        checkpointPauseSeconds = min(2 * checkpointPauseSeconds, LedgerBooks.checkpointPauses.upperBound)
    }

    /// On the journal's queue.
    private func checkpointIsWritten(_ new: OutcomeJournal) {
        journal = new
        count(new.end)
        checkpointPauseSeconds = LedgerBooks.checkpointPauses.lowerBound
        if journalFailureIsSaid { around.notice(.journalWritten) }
        journalFailureIsSaid = false
    }

    /// Asks for a checkpoint, once however many ask. On the journal's queue.
    private func scheduleCheckpoint(afterSeconds seconds: Int) {
        guard !checkpointIsScheduled else { return }
        checkpointIsScheduled = true
        queue.asyncAfter(deadline: .now() + .seconds(seconds)) { [self] in checkpoint() }
    }

    /// Replaces the journal by what the ledger says now. On the ledger's queue.
    @discardableResult
    func checkpoint() -> Written {
        let written = Written(journalQueue)
        // Another daemon may have the spool by now.
        guard !isClosed else { return written }
        pending = []
        let standings = ledger.standings
        // As it stands now: what changes meanwhile is copied, a schedule at a time.
        let tried = ledger.tried
        let now = around.clock.wall(around.clock.now)
        kept.removeAll { $0.key.until <= now }
        let keys = kept
        let mark = wholeMark(now: now)
        markedTo = mark.given
        journalQueue.async { [self] in
            checkpointIsScheduled = false
            do throws(SpoolError) {
                writeFirst()
                let names = try around.disk.list(around.directory)
                let newest = names.compactMap(OutcomeJournal.number(ofName:)).max() ?? 0
                let new = try OutcomeJournal(
                    number: newest + 1, salt: around.salt(), standings: standings,
                    tried: tried.entries.lazy.map { [around] in around.clock.onDisk($0) }, keys: keys,
                    mark: mark, in: around.directory, on: around.disk)
                checkpointIsWritten(new)
            } catch {
                written.fail(error)
                checkpointFailed(error)
            }
        }
        return written
    }
}
