import CPlatform
import Platform

/// The writing side of a spool: gives numbers, finds repetitions, keeps within the space, and writes. Owned by the spool's commit lock.
struct Commits {
    /// What the ledger learns of a commit.
    struct Appended: Sendable {
        struct Event: Sendable {
            var number: UInt64
            var offset: UInt32
            var owed: [QueueID]
            var receivedAt: Int64
        }

        /// Segments sealed by this commit, with their size.
        var sealed: [SealedSegment] = []
        var segment: UInt64
        var events: [Event] = []
        /// The number behind the last whose event is synced.
        var durable: UInt64
    }

    /// When a sender may try again after a refusal.
    static let retryAfterSeconds = 10
    /// How often the file system is asked for what is free while nothing new is taken of it, in milliseconds.
    static let freeAskedMilliseconds: Int64 = 100
    static let queueLimit = 65_535

    let usage: SpoolUsage
    private(set) var standing = CommitStanding()
    /// Why new events are refused; `nil` if they are taken.
    var closed: String? {
        get { standing.closed }
        set { standing.closed = newValue }
    }
    let settings: SpoolSettings
    let space: SpoolSpace
    let disk: any Disk
    let directory: String
    private let spare: SpareSegment
    private let recent: RecentRecords
    private let salt: @Sendable () -> UInt32
    /// The segment that is written, in which the table of queues stands; `nil` if none could be begun.
    var writer: SegmentWriter?
    private var nextNumber: UInt64
    var queues: [QueueID: String]
    /// Shared with those who ask which keys count, and must not wait for a commit.
    let dedupe: KnownKeys
    /// When the file system was last asked for what is free, in milliseconds since 1970.
    var askedAt: Int64?
    /// What there was no room for: as long as there is none, the door stays closed.
    var refusedBytes = 0
    private var justSealed: [SealedSegment] = []

    /// Goes on where the spool was left: cuts off what its last segment does not need. Nothing is committed before `start`.
    init(
        _ recovery: Recovery, in directory: String, on disk: any Disk, settings: SpoolSettings, usage: SpoolUsage,
        space: SpoolSpace? = nil, spare: SpareSegment, recent: RecentRecords = RecentRecords(),
        dedupe: KnownKeys = KnownKeys(), salt: @escaping @Sendable () -> UInt32, now: Int64
    ) throws(SpoolError) {
        self.recent = recent
        self.dedupe = dedupe
        self.settings = settings
        self.space = space ?? SpoolSpace(settings)
        self.disk = disk
        self.directory = directory
        self.usage = usage
        self.spare = spare
        self.salt = salt
        queues = recovery.queues
        nextNumber = recovery.nextNumber
        dedupe.table.withLock { table in
            for entry in recovery.dedupe where entry.key.until > now { table.insert(entry.key, number: entry.number) }
        }
        for void in recovery.voids {
            usage.remove(try void.file.size() - void.end)
            try void.file.truncate(to: void.end)
            try void.file.sync()
        }
        do throws(SpoolError) { try goOn(recovery.last) } catch { closed = Commits.notBegun(error) }
    }

    /// Begins a segment where none is gone on in, behind the journal's first checkpoint: that tells of numbers that none of the segments
    /// before it has to have. If the disk has no room, or fails, the door is closed until it can be tried again.
    mutating func start(now: Int64) {
        if writer == nil, closed == nil {
            do throws(SpoolError) { try begin() } catch { closed = Commits.notBegun(error) }
        }
        if closed == nil { lookForRoom(now: now) }
    }

    private mutating func goOn(_ last: Recovery.Last?) throws(SpoolError) {
        guard let last else { return }
        let size = try last.file.size()
        do throws(SpoolError) {
            let continued = try SegmentWriter(
                continuing: last, nextNumber: nextNumber, in: directory, on: disk, segmentBytes: segmentBytes,
                pastCache: settings.sync == .always, recent: recent)
            if last.isCurrent, nextNumber == last.first + UInt64(last.index.places.count) { writer = continued }
            // A power cut while it was begun can have left its header alone, and the tables of older segments go with them.
            if !last.hasQueues, !queues.isEmpty { try writer?.append(queues: queues) }
        } catch {
            // Then it is left as one is whose write failed.
            writer = nil
        }
        let left = (try? last.file.size()) ?? size
        usage.remove(size - left)
        if writer != nil { return }
        // So is one of an older format, and one whose end is missing: numbers go on in the next.
        if nextNumber > last.first {
            let voidFrom = left > last.end ? last.end : nil
            justSealed.append(SealedSegment(first: last.first, bytes: left, voidFrom: voidFrom))
        } else {
            usage.remove(left)
        }
    }

    /// How large a segment is to be that is begun now, in bytes.
    private var segmentBytes: Int {
        space.segmentBytes(used: usage.bytes, free: try? disk.freeBytes(directory))
    }

    mutating func begin() throws(SpoolError) {
        let recycled = spare.take()
        let new: SegmentWriter
        do throws(SpoolError) {
            new = try SegmentWriter(
                beginning: nextNumber, queues: queues, salt: salt(),
                recycling: recycled > 0 ? directory + "/" + SpareSegment.name : nil, in: directory, on: disk,
                segmentBytes: segmentBytes, pastCache: settings.sync == .always, recent: recent)
        } catch {
            // Whether it has the new name by now or not: the next one under that name is begun anew.
            usage.remove(recycled)
            throw error
        }
        usage.add(new.zeroedTo - recycled)
        writer = new
    }

    /// Ends the present segment with its index, gives back what was zeroed beyond, and begins the next.
    private mutating func roll() throws(SpoolError) {
        if var old = writer {
            let before = old.zeroedTo
            try old.seal(queues: queues)
            usage.add(old.end - before)
            justSealed.append(SealedSegment(first: old.first, bytes: old.end))
            standing.unsynced = 0
            writer = nil
        }
        try begin()
    }

    /// Ends the open segment if it holds one of these events: what is overwritten in a file must not be in one that is written to.
    mutating func leave(_ numbers: [EventNumber]) throws(SpoolError) {
        guard let writer, numbers.contains(where: { $0.rawValue >= writer.first }) else { return }
        do throws(SpoolError) { try roll() } catch {
            _ = abandon(because: error)
            throw error
        }
    }

    /// Ends the open segment if it is the one that begins with this number and holds an event; answers whether it has ended, and the
    /// next one is there: only then may the ledger hear of it, lest it goes and its numbers are given again.
    mutating func end(_ first: UInt64) -> Bool {
        if let open = writer, open.first == first, open.nextNumber > first {
            do throws(SpoolError) { try roll() } catch {
                let reason = abandon(because: error)
                if writer == nil { closed = reason }
            }
        }
        return writer.map { $0.first > first } ?? false
    }

    /// The segments that were ended and that the ledger has not heard of: it is told now, not with the next commit.
    mutating func takeSealed() -> [SealedSegment] {
        guard writer != nil else { return [] }
        defer { justSealed = [] }
        return justSealed
    }

    /// What the ledger has not heard of yet, beside events.
    mutating func news() -> Appended {
        Appended(sealed: takeSealed(), segment: writer?.first ?? 0, durable: nextNumber - UInt64(standing.unsynced))
    }

    /// Overwrites what the open segment's file may hold of a former use.
    func wipe() throws(SpoolError) { try writer?.wipe() }

    /// Makes a batch durable, unless `claim` was given up meanwhile.
    mutating func commit(_ batch: CommitBatch, now: Int64, claim: CommitClaim = CommitClaim()) -> (
        outcome: CommitOutcome, appended: Appended?
    ) {
        dedupe.table.withLock { $0.purge(now: now) }
        var fates: [Fate?] = Array(repeating: nil, count: batch.count)
        var taken: [Int] = []
        taken.reserveCapacity(batch.count)
        var inBatch: [SIMD2<UInt64>: Int] = [:]
        var repeats: [(event: Int, of: Int)] = []
        for (index, event) in batch.events.enumerated() {
            if let key = event.dedupe {
                if let earlier = dedupe.table.withLock({ $0.lookup(key, now: now) }) {
                    fates[index] = .duplicate(of: EventNumber(rawValue: earlier))
                    continue
                }
                if let earlier = inBatch[key.hash] {
                    repeats.append((index, earlier))
                    continue
                }
                inBatch[key.hash] = index
            }
            taken.append(index)
        }
        if taken.isEmpty { return (.committed(fates.compactMap { $0 }), nil) }
        do throws(CommitRefusal) {
            let appended = try append(batch, taken, now: now, claim)
            for (place, index) in taken.enumerated() {
                let number = appended[place].number
                fates[index] = .accepted(EventNumber(rawValue: number))
                if let key = batch.events[index].dedupe {
                    dedupe.table.withLock { $0.insert(key, number: number) }
                }
            }
            for pair in repeats {
                if case .accepted(let number)? = fates[pair.of] { fates[pair.event] = .duplicate(of: number) }
            }
            var news = news()
            news.events = zip(taken, appended).map { index, place in
                Appended.Event(
                    number: place.number, offset: place.offset, owed: batch.events[index].owed,
                    receivedAt: batch.events[index].receivedAt)
            }
            // What may use what is kept free says nothing of the door.
            if !batch.isOwn { closed = nil }
            return (.committed(fates.compactMap { $0 }), news)
        } catch {
            // One that was given up says nothing about the next.
            if claim.giveUp() || writer == nil { closed = error.reason }
            return (.refused(error), nil)
        }
    }

    private mutating func append(_ batch: CommitBatch, _ taken: [Int], now: Int64, _ claim: CommitClaim)
        throws(CommitRefusal)
        -> [SegmentWriter.Appended]
    {
        let size = SegmentWriter.size(of: batch, taken)
        if !batch.isOwn { refusedBytes = min(size, SegmentWriter.zeroStepBytes) }
        try checkSpace(for: size, isOwn: batch.isOwn, now: now)
        if !batch.isOwn { refusedBytes = 0 }
        var reason = "the commit was given up before it began"
        // What is in memory gets a second chance, in a new segment.
        for _ in 0..<2 {
            if claim.isGivenUp { break }
            do throws(SpoolError) { return try write(batch, taken, size, claim) } catch {
                reason = abandon(because: error)
            }
            if writer == nil { break }
        }
        throw CommitRefusal(reason: reason, retryAfterSeconds: Commits.retryAfterSeconds)
    }

    private mutating func write(_ batch: CommitBatch, _ taken: [Int], _ size: Int, _ claim: CommitClaim)
        throws(SpoolError) -> [SegmentWriter.Appended]
    {
        if writer == nil { try begin() }
        if writer?.hasRoom(for: size) == false { try roll() }
        if let writer, batch.isOwn {
            self.writer?.isThrifty = usage.bytes + writer.growth(with: size) > space.limitBytes
        } else {
            writer?.isThrifty = false
        }
        let before = writer?.zeroedTo ?? 0
        defer { usage.add((writer?.zeroedTo ?? 0) - before) }
        let start = hs_monotonic_ns()
        let sync = settings.sync == .always
        let appended = try writer?.append(batch, taken, sync: sync, claim) ?? []
        if sync { synced(since: start) } else { standing.unsynced += appended.count }
        nextNumber = writer?.nextNumber ?? nextNumber
        return appended
    }

    private mutating func synced(since start: Int64) {
        let nanoseconds = hs_monotonic_ns() - start
        standing.syncSeconds = Double(nanoseconds) / 1e9
        standing.syncs.add(microseconds: nanoseconds / 1000)
    }

    /// Writes zeros ahead of the records where few are left and there is room for more. To be called between commits: one that has to
    /// write them itself takes several times as long.
    mutating func writeAhead() {
        guard closed == nil, let count = writer?.missingAhead, count > 0, hasRoom(ahead: count) else { return }
        do throws(SpoolError) {
            try writer?.writeAhead(count)
            usage.add(count)
        } catch {
            let reason = abandon(because: error)
            if writer == nil { closed = reason }
        }
    }

    /// Leaves a segment that failed, and begins another, which makes what the failed write left behind void.
    mutating func abandon(because error: SpoolError) -> String {
        let failed = writer
        writer = nil
        do throws(SpoolError) {
            if let failed {
                // The new segment alone makes the rest of this one void; cut, it stays so when the new one is gone.
                let (size, isCut) = failed.cut()
                if failed.first == nextNumber {
                    // Nothing in it was ever acknowledged, and the new one has its name.
                    usage.remove(failed.zeroedTo)
                    try disk.remove(directory + "/" + SegmentWriter.name(failed.first))
                } else {
                    usage.remove(failed.zeroedTo - size)
                    justSealed.append(
                        SealedSegment(first: failed.first, bytes: size, voidFrom: isCut ? nil : failed.end))
                }
            }
            try begin()
            return "the spool's disk failed: \(error.described)"
        } catch {
            return Commits.notBegun(error)
        }
    }

    static func notBegun(_ error: SpoolError) -> String {
        "the spool's disk failed, and a new segment could not be begun: \(error.described)"
    }

    /// Makes durable what was appended without a sync.
    mutating func syncPending() {
        guard standing.unsynced > 0, let writer else { return }
        standing.unsynced = 0
        let start = hs_monotonic_ns()
        do throws(SpoolError) {
            try writer.sync()
            synced(since: start)
        } catch {
            closed = abandon(because: error)
        }
    }
}
