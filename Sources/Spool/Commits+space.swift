/// Keeping within the space.
extension Commits {
    /// Whether there is room for a batch. If not, finished events may still make some, before it is refused.
    mutating func hasRoom(for batch: CommitBatch, now: Int64) -> Bool {
        let size = SegmentWriter.size(of: batch, batch.events.indices)
        return (try? checkSpace(for: size, isOwn: batch.isOwn, now: now)) != nil
    }

    /// Closes the door if there is room for nothing: a start says so before anybody sends.
    mutating func lookForRoom(now: Int64) {
        do throws(CommitRefusal) { try checkSpace(for: 0, now: now) } catch { closed = error.reason }
    }

    /// Refuses what there is no room for. What is the relay's own may use a part of what is kept free.
    mutating func checkSpace(for size: Int, isOwn: Bool = false, now: Int64) throws(CommitRefusal) {
        let isWithinLimit = usage.bytes + growth(with: size) <= space.limitBytes
        let isWithinReserve = isOwn && usage.bytes + SegmentWriter.leastGrowth(with: size) <= space.ownLimitBytes
        if !isWithinLimit && !isWithinReserve {
            throw CommitRefusal(
                reason: "the spool is full: \(usage.bytes) bytes of max_size \(space.maxSizeBytes)",
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
        let isFreeEnough =
            free >= space.minFreeBytes + size + SegmentWriter.zeroStepBytes
            || isOwn && free >= space.ownMinFreeBytes + SegmentWriter.leastGrowth(with: size)
        if !isFreeEnough {
            throw CommitRefusal(
                reason: "the disk is full: \(free) bytes free, min_free is \(space.minFreeBytes)",
                retryAfterSeconds: Commits.retryAfterSeconds)
        }
    }

    /// Whether there is room for so many zeros ahead, and for a step more.
    func hasRoom(ahead count: Int) -> Bool {
        let bytes = count + SegmentWriter.zeroStepBytes
        guard usage.bytes + bytes <= space.limitBytes, let free = try? disk.freeBytes(directory) else { return false }
        return free >= space.minFreeBytes + bytes
    }

    /// What the spool's files grow by with so many bytes of records.
    private func growth(with size: Int) -> Int {
        guard let writer, writer.hasRoom(for: size) else {
            return SegmentWriter.growth(
                beginningWith: size, segmentBytes: space.segmentBytes(used: usage.bytes, free: nil))
        }
        return writer.growth(with: size)
    }

    /// Opens the door again if what closed it has passed: nobody may be sending to find out. A segment is begun in any case: what is
    /// finished in the one before it can only go once there is one.
    mutating func reconsider() {
        guard closed != nil else { return }
        if writer == nil {
            do throws(SpoolError) { try begin() } catch { return }
        }
        do throws(CommitRefusal) { try checkSpace(for: refusedBytes, now: askedAt ?? 0) } catch {
            closed = error.reason
            return
        }
        closed = nil
    }
}
