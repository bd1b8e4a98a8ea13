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

    /// Kept free within `max_size` for outcomes and failures, in bytes; at most a sixteenth of it.
    static let reserveBytes = 64 << 20
    /// When a sender may try again after a refusal.
    static let retryAfterSeconds = 10
    /// How often the file system is asked for what is free while nothing new is taken of it, in milliseconds.
    static let freeAskedMilliseconds: Int64 = 100
    static let queueLimit = 65_535
    static let segmentLimitBytes = 64 << 20

    let usage: SpoolUsage
    private(set) var standing = CommitStanding()
    /// Why new events are refused; `nil` if they are taken.
    private(set) var closed: String? {
        get { standing.closed }
        set { standing.closed = newValue }
    }
    private let settings: SpoolSettings
    private let disk: any Disk
    private let directory: String
    private let segmentBytes: Int
    private let spare: SpareSegment
    private let recent: RecentRecords
    private let salt: @Sendable () -> UInt32
    private var writer: SegmentWriter?
    private var nextNumber: UInt64
    private var queues: [QueueID: String]
    /// Shared with those who ask which keys count, and must not wait for a commit.
    let dedupe: KnownKeys
    /// When the file system was last asked for what is free, in milliseconds since 1970.
    private var askedAt: Int64?
    /// What there was no room for: as long as there is none, the door stays closed.
    private var refusedBytes = 0
    private var justSealed: [SealedSegment] = []

    init(
        _ recovery: Recovery, in directory: String, on disk: any Disk, settings: SpoolSettings, usage: SpoolUsage,
        spare: SpareSegment, recent: RecentRecords = RecentRecords(), dedupe: KnownKeys = KnownKeys(),
        salt: @escaping @Sendable () -> UInt32, now: Int64, segmentBytes: Int? = nil
    ) throws(SpoolError) {
        self.recent = recent
        self.dedupe = dedupe
        self.settings = settings
        self.disk = disk
        self.directory = directory
        self.usage = usage
        self.spare = spare
        self.salt = salt
        self.segmentBytes = segmentBytes ?? min(Commits.segmentLimitBytes, max(1 << 20, settings.maxSizeBytes / 8))
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
        guard let last = recovery.last else {
            try begin()
            return
        }
        let continued = try SegmentWriter(
            continuing: last, nextNumber: nextNumber, in: directory, on: disk, segmentBytes: self.segmentBytes,
            pastCache: settings.sync == .always, recent: recent,
            cutting: { usage.remove($0 - last.end) })
        if last.isCurrent, nextNumber == last.first + UInt64(last.index.places.count) {
            writer = continued
            // A power cut while it was begun can have left its header alone, and the tables of older segments go with them.
            if !last.hasQueues, !queues.isEmpty { try writer?.append(queues: queues) }
            return
        }
        // One of an older format is left as it is, and one whose end is missing: numbers go on in the next.
        if nextNumber > last.first {
            justSealed.append(SealedSegment(first: last.first, bytes: continued.end))
        } else {
            usage.remove(continued.end)
        }
        try begin()
    }

    private mutating func begin() throws(SpoolError) {
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

    /// The segments that were ended and that the ledger has not heard of: it is told now, not with the next commit.
    mutating func takeSealed() -> [SealedSegment] {
        defer { justSealed = [] }
        return justSealed
    }

    /// What the ledger has not heard of yet, beside events.
    mutating func news() -> Appended {
        Appended(sealed: takeSealed(), segment: writer?.first ?? 0, durable: nextNumber - UInt64(standing.unsynced))
    }

    /// Overwrites what the open segment's file may hold of a former use.
    func wipe() throws(SpoolError) { try writer?.wipe() }

    mutating func queue(named name: String) throws(SpoolError) -> QueueID {
        if let known = queues.first(where: { $0.value == name }) { return known.key }
        let next = (queues.keys.map { Int($0.rawValue) }.max() ?? 0) + 1
        guard next < Commits.queueLimit else { throw .tooManyQueues(limit: Commits.queueLimit) }
        let queue = QueueID(rawValue: UInt16(next))
        queues[queue] = name
        guard writer != nil else {
            try begin()
            return queue
        }
        do throws(SpoolError) {
            let before = writer?.zeroedTo ?? 0
            defer { usage.add((writer?.zeroedTo ?? 0) - before) }
            try writer?.append(queues: queues)
        } catch {
            // A new segment begins with the whole table; if none can be had, it will when there is one.
            _ = abandon(because: error)
            guard writer != nil else { throw error }
        }
        return queue
    }

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
            closed = nil
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
        refusedBytes = min(size, SegmentWriter.zeroStepBytes)
        try checkSpace(for: size, now: now)
        refusedBytes = 0
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

    /// Leaves a segment that failed, and begins another, which makes what the failed write left behind void.
    private mutating func abandon(because error: SpoolError) -> String {
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
            return "the spool's disk failed, and a new segment could not be begun: \(error.described)"
        }
    }

    private mutating func checkSpace(for size: Int, now: Int64) throws(CommitRefusal) {
        let reserve = min(Commits.reserveBytes, settings.maxSizeBytes / 16)
        if usage.bytes + size > settings.maxSizeBytes - reserve {
            throw CommitRefusal(
                reason: "the spool is full: \(usage.bytes) bytes of max_size \(settings.maxSizeBytes)",
                retryAfterSeconds: Commits.retryAfterSeconds)
        }
        // Where zeros were written beforehand the room is there already, and others do not fill a disk in a moment.
        if closed == nil, let writer, writer.end + size <= writer.zeroedTo, let askedAt,
            (0..<Commits.freeAskedMilliseconds).contains(now - askedAt)
        {
            return
        }
        askedAt = now
        let free: Int
        do throws(SpoolError) { free = try disk.freeBytes(directory) } catch {
            throw CommitRefusal(
                reason: "the spool's file system does not answer: \(error.described)",
                retryAfterSeconds: Commits.retryAfterSeconds)
        }
        // The step of zeros that a write may take with it counts too.
        if free < settings.minFreeBytes + size + SegmentWriter.zeroStepBytes {
            throw CommitRefusal(
                reason: "the disk is full: \(free) bytes free, min_free is \(settings.minFreeBytes)",
                retryAfterSeconds: Commits.retryAfterSeconds)
        }
    }

    /// Opens the door again if what closed it has passed: nobody may be sending to find out.
    mutating func reconsider() {
        guard closed != nil else { return }
        do throws(CommitRefusal) { try checkSpace(for: refusedBytes, now: askedAt ?? 0) } catch {
            closed = error.reason
            return
        }
        if writer == nil {
            do throws(SpoolError) { try begin() } catch { return }
        }
        closed = nil
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
