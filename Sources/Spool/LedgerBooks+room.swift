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

    /// Makes room at once, because an event was refused for want of it.
    func makeRoom() {
        queue.async { [self] in retain() }
    }

    /// Removes finished segments and compacts nearly finished ones, as far as `Retention` has it. What their deliveries
    /// came to, and the keys of their events, are durable in the journal before anything goes. On the ledger's queue.
    func retain() {
        guard !room.isUnderWay, !isClosed else { return }
        takeIn()
        let now = around.clock.wall(around.clock.now)
        let isShort = isShort()
        let finished = ledger.segments.lazy.filter { self.retention.mayGo($0, now: now, isShort: isShort) }
            .prefix(Retention.atOnce).map(\.first)
        if !finished.isEmpty {
            room.isUnderWay = true
            let firsts = Array(finished)
            whenDurable(keysToKeep(of: firsts), leaving: leave(firsts)) { [self] isDurable in
                room.isUnderWay = false
                if isDurable && remove(firsts, now: now) { retain() }
            }
        } else if room.hasRemoved {
            syncRemovals()
        } else if now >= room.compactNotBefore {
            for segment in ledger.segments {
                guard let remains = retention.remains(of: segment, now: now, isShort: isShort) else { continue }
                return compact(segment, keeping: remains)
            }
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
            guard retention.mayGo(segment, now: now, isShort: isShort()) else { continue }
            do throws(SpoolError) {
                try remove(segment, isShort: isShort())
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
            segmentBytes: segmentBytes)
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
            guard isDurable else { return room.isUnderWay = false }
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
                    if finish(result, segment, isStale: room.erasures != erasures) { retain() }
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

    private var segmentBytes: Int { min(Commits.segmentLimitBytes, around.settings.maxSizeBytes / 8) }

    /// Whether two more segments would not fit: finished events go before an event is refused.
    private func isShort() -> Bool {
        let ahead = 2 * segmentBytes
        let reserve = min(Commits.reserveBytes, around.settings.maxSizeBytes / 16)
        if around.usage.bytes + ahead + reserve > around.settings.maxSizeBytes { return true }
        guard let free = try? around.disk.freeBytes(around.directory) else { return false }
        return free < around.settings.minFreeBytes + ahead
    }
}
