import Dispatch
import Synchronization

/// What is under way to make room. Owned by the ledger's queue.
struct RoomMaking {
    /// One round at a time.
    var isUnderWay = false
    /// Whether a removal waits for its directory to be synced.
    var hasRemoved = false
    /// Segments whose keys the journal has.
    var keysAreKept: Set<UInt64> = []
    /// Segments that are about to go: the journal says so before they do.
    var leaving: Set<UInt64> = []
    /// After a compaction that failed, none is tried before this moment.
    var compactNotBefore: Int64 = 0
    /// How often something was erased: a copy made before counts no more.
    var erasures = 0
    /// What there was no room for, in bytes; 0 once there is.
    var wantedBytes = 0
    /// Those who wait for the present round to end, and are told whether anything went.
    var waiting: [@Sendable (Bool) -> Void] = []
}

extension LedgerBooks {
    /// How long a failed compaction waits before it is tried again, in milliseconds.
    private static let compactionPauseMilliseconds: Int64 = 60_000

    private var retention: Retention {
        Retention(retainMilliseconds: Int64(around.settings.retain / .milliseconds(1)))
    }

    private var compaction: Compaction {
        Compaction(directory: around.directory, disk: around.disk, files: around.files)
    }

    /// With so little free a journal that can't be written may be for want of room, in bytes.
    private static let journalRoomBytes = 1 << 20
    /// How long somebody waits for room to be made, in seconds.
    private static let patienceSeconds = 2

    /// Makes room soon: a segment has ended.
    func makeRoom() {
        queue.async { [self] in retain() }
    }

    /// Has finished events make room for so many bytes, and waits for it; answers whether any went. Not for the books' own queues.
    func hasMadeRoom(for bytes: Int) -> Bool {
        let answer = RoomAnswer()
        queue.async { [self] in
            room.wantedBytes = max(room.wantedBytes, bytes)
            room.waiting.append { answer.tell($0) }
            retain()
        }
        return answer.wait(seconds: LedgerBooks.patienceSeconds)
    }

    /// Has finished events make room for so many bytes, as long as there is none.
    func want(_ bytes: Int) {
        queue.async { [self] in room.wantedBytes = max(room.wantedBytes, bytes) }
    }

    /// Opens the door again, if there is room. Not once the books are closed: another daemon may have the spool by then. On the ledger's
    /// queue.
    func reconsider() {
        guard !isClosed else { return }
        compactionQueue.async { [committing] in committing.reconsider() }
    }

    /// Removes finished segments and compacts nearly finished ones, as far as `Retention` has it, beginning with the newest's end if
    /// something in that is to go. What their deliveries came to, and the keys of their events, are durable in the journal
    /// before anything goes. On the ledger's queue.
    func retain() {
        guard !room.isUnderWay else { return }
        guard !isClosed else { return ended(false) }
        takeIn()
        let now = around.clock.wall(around.clock.now)
        let free = try? around.disk.freeBytes(around.directory)
        let isShort = isShort(free)
        if !isShort { room.wantedBytes = 0 }
        if isShort, around.spare.bytes > 0, dropSpare() {
            ended(true)
            return retain()
        }
        let finished = ledger.segments.lazy.filter { self.retention.mayGo($0, now: now, isShort: isShort) }
            .prefix(Retention.atOnce).map(\.first)
        if !finished.isEmpty { return letGo(Array(finished), now: now) }
        syncRemovals()
        if let newest = ledger.segments.last,
            retention.isToEnd(
                newest, now: now, isWanted: isShort && room.wantedBytes > 0,
                held: ledger.segments.count { self.retention.isHeld($0, now: now) })
        {
            return end(newest)
        }
        if now >= room.compactNotBefore {
            // A copy is at most half of its segment: as much must still be free then.
            for segment in ledger.segments where segment.bytes <= free ?? .max {
                guard let remains = retention.remains(of: segment, now: now, isShort: isShort) else { continue }
                return compact(segment, keeping: remains)
            }
        }
        ended(false)
    }

    /// A round has ended: those who wait are told.
    private func ended(_ hasMadeRoom: Bool) {
        let waiting = room.waiting
        room.waiting = []
        for tell in waiting { tell(hasMadeRoom) }
        if hasMadeRoom { reconsider() }
    }

    /// Ends the newest segment, on the compaction's queue.
    private func end(_ segment: Segment) {
        room.isUnderWay = true
        compactionQueue.async { [self, committing] in
            let hasEnded = committing.end(segment.first)
            queue.async { [self] in
                room.isUnderWay = false
                if hasEnded { retain() } else { ended(false) }
            }
        }
    }

    private func letGo(_ firsts: [UInt64], now: Int64) {
        room.isUnderWay = true
        whenDurable(keysToKeep(of: firsts), leaving: leave(firsts)) { [self] isDurable in
            room.isUnderWay = false
            let going = isDurable ? firsts : firsts.filter { mayGoUnwritten($0) }
            let hasRemoved = remove(Array(going), now: now)
            ended(hasRemoved)
            if hasRemoved { retain() }
        }
    }

    /// Whether a segment may go though no journal can be written, for want of the room that it takes. If the power then goes before the
    /// removal is durable, what is finished in it goes out once more; keys that nobody else knows must not be forgotten.
    private func mayGoUnwritten(_ first: UInt64) -> Bool {
        guard let free = try? around.disk.freeBytes(around.directory), free < LedgerBooks.journalRoomBytes else {
            return false
        }
        return ledger.segments.first { $0.first == first }.map { keys(of: $0.first..<$0.end).isEmpty } ?? false
    }

    private func dropSpare() -> Bool {
        do throws(SpoolError) {
            try removal.dropSpare()
            room.hasRemoved = true
            syncRemovals()
            return true
        } catch {
            around.notice(.retention(error))
            return false
        }
    }

    /// The keys of segments that the journal has not yet.
    func keysToKeep(of firsts: [UInt64]) -> [KeptKey] {
        var keys: [KeptKey] = []
        for segment in ledger.segments where firsts.contains(segment.first) {
            if room.keysAreKept.insert(segment.first).inserted { keys += self.keys(of: segment.first..<segment.end) }
        }
        kept += keys
        if kept.count > DedupeTable.keyLimit { kept.removeFirst(kept.count - DedupeTable.keyLimit) }
        return keys
    }

    /// Notes that segments are about to go; answers their numbers, for the journal.
    func leave(_ firsts: [UInt64]) -> [Range<UInt64>] {
        room.leaving = Set(firsts)
        return ledger.segments.filter { room.leaving.contains($0.first) }.map { $0.first..<$0.end }
    }

    /// Removes these segments as long as there is reason to; answers whether any went.
    private func remove(_ firsts: [UInt64], now: Int64) -> Bool {
        var hasRemoved = false
        for segment in ledger.segments where firsts.contains(segment.first) {
            // Space may have come back, or a delivery may have been reopened meanwhile.
            let isShort = isShort(try? around.disk.freeBytes(around.directory))
            guard retention.mayGo(segment, now: now, isShort: isShort) else { continue }
            do throws(SpoolError) {
                try remove(segment, isShort: isShort)
            } catch {
                around.notice(.retention(error))
                return false
            }
            hasRemoved = true
        }
        room.hasRemoved = room.hasRemoved || hasRemoved
        syncRemovals()
        return hasRemoved
    }

    /// Removes a segment. Gone is gone: one that a power cut brings back is settled, as the journal has it.
    func remove(_ segment: Segment, isShort: Bool) throws(SpoolError) {
        if let void = ledger.voidSegment(before: segment.first) {
            try removal.cut(void)
            ledger.cut(void.first)
        }
        forget(segment.first)
        try removal.letGo(segment, isShort: isShort)
        ledger.drop(segment.first)
        room.keysAreKept.remove(segment.first)
    }

    var removal: Removal {
        Removal(
            directory: around.directory, disk: around.disk, usage: around.usage, spare: around.spare,
            segmentBytes: around.space.segmentBytes(used: around.usage.bytes, free: nil))
    }

    private func syncRemovals() {
        guard room.hasRemoved else { return }
        do throws(SpoolError) {
            try around.disk.syncDirectory(around.directory)
            room.hasRemoved = false
        } catch {
            around.notice(.retention(error))
        }
    }

    /// Moves what is unfinished of a segment into a file of its own, on the compaction's queue.
    private func compact(_ segment: Segment, keeping remains: [(place: UInt32, offset: UInt32)]) {
        room.isUnderWay = true
        let erasures = room.erasures
        let names = ledger.queues.mapValues(\.name)
        whenDurable(keysToKeep(of: [segment.first])) { [self] isDurable in
            guard isDurable else {
                room.isUnderWay = false
                return ended(false)
            }
            compactionQueue.async { [self] in
                let result: Result<Compaction.Written, SpoolError>
                do throws(SpoolError) {
                    result = .success(
                        try compaction.write(
                            segment.first, count: segment.count, keeping: remains, queues: names, salt: around.salt()))
                } catch {
                    result = .failure(error)
                }
                queue.async { [self] in
                    room.isUnderWay = false
                    let hasMadeRoom = finish(result, segment, isStale: room.erasures != erasures)
                    ended(hasMadeRoom)
                    if hasMadeRoom { retain() }
                }
            }
        }
    }

    /// Puts a compacted segment in its place, unless something has changed meanwhile; answers whether it did.
    private func finish(_ result: Result<Compaction.Written, SpoolError>, _ segment: Segment, isStale: Bool) -> Bool {
        do throws(SpoolError) {
            let written = try result.get()
            let isComplete = ledger.segments.first { $0.first == segment.first }?.owedPlaces.members
                .allSatisfy { written.places[$0] != Places.missing }
            guard !isStale, !isClosed, isComplete == true else {
                compaction.discard(segment.first)
                return false
            }
            try compaction.install(segment.first)
            forget(segment.first)
            ledger.replace(segment.first, written.places, bytes: written.bytes)
            room.keysAreKept.remove(segment.first)
            around.usage.add(written.bytes - segment.bytes)
            room.hasRemoved = true
            syncRemovals()
            return true
        } catch {
            compaction.discard(segment.first)
            room.compactNotBefore = around.clock.wall(around.clock.now) + LedgerBooks.compactionPauseMilliseconds
            around.notice(.retention(error))
            return false
        }
    }

    private func isShort(_ free: Int?) -> Bool {
        around.space.isShort(used: around.usage.bytes, free: free, wanted: room.wantedBytes)
    }
}

/// Tells one who waits whether there is room now. May be used from any thread.
private final class RoomAnswer: Sendable {
    private let hasMade = Atomic(false)
    private let isTold = DispatchSemaphore(value: 0)

    func tell(_ hasMade: Bool) {
        self.hasMade.store(hasMade, ordering: .releasing)
        isTold.signal()
    }

    func wait(seconds: Int) -> Bool {
        isTold.wait(timeout: .now() + .seconds(seconds)) == .success && hasMade.load(ordering: .acquiring)
    }
}
