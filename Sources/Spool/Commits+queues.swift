/// The numbers of targets' names.
extension Commits {
    /// The queue of a target's name. The number of a new one is on the disk before its first event: with the present segment's table or,
    /// if that can't be written, with the next one's.
    mutating func queue(named name: String) throws(SpoolError) -> QueueID {
        if let known = queues.first(where: { $0.value == name }) { return known.key }
        let next = (queues.keys.map { Int($0.rawValue) }.max() ?? 0) + 1
        guard next < Commits.queueLimit else { throw .tooManyQueues(limit: Commits.queueLimit) }
        let queue = QueueID(rawValue: UInt16(next))
        queues[queue] = name
        guard writer != nil else {
            do throws(SpoolError) { try begin() } catch { closed = Commits.notBegun(error) }
            return queue
        }
        do throws(SpoolError) {
            let before = writer?.zeroedTo ?? 0
            defer { usage.add((writer?.zeroedTo ?? 0) - before) }
            try writer?.append(queues: queues)
        } catch {
            let reason = abandon(because: error)
            if writer == nil { closed = reason }
        }
        return queue
    }

    /// Sees to it that the queues' numbers stand on the disk, before anything else there names them.
    mutating func makeQueuesDurable() throws(SpoolError) {
        if writer == nil { try begin() }
    }
}
