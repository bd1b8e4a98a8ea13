extension LedgerBooks {
    /// Overwrites these events' attributes and bodies, settles what is owed of them, and removes the file that waits to be
    /// written over, which may hold some that are gone. Durable when it returns.
    func erase(_ numbers: [EventNumber]) throws(SpoolError) -> [EventNumber: EraseResult] {
        var results: [EventNumber: EraseResult] = [:]
        for number in numbers {
            // Read before the ledger's queue is held: a folded segment's places come from its file.
            guard try position(of: number) != nil else {
                results[number] = .noSuchEvent
                continue
            }
            let outcome = asked { () -> Result<EraseResult, SpoolError> in
                do throws(SpoolError) { return .success(try eraseHere(number)) } catch { return .failure(error) }
            }
            results[number] = try outcome.get()
        }
        let written = asked { () -> Result<Written, SpoolError> in
            do throws(SpoolError) {
                try removal.dropSpare()
                try around.disk.syncDirectory(around.directory)
                return .success(flush())
            } catch {
                return .failure(error)
            }
        }
        if let failure = try written.get().value { throw failure }
        return results
    }

    /// On the ledger's queue, so that no compaction puts a copy from before in the segment's place.
    private func eraseHere(_ number: EventNumber) throws(SpoolError) -> EraseResult {
        let value = number.rawValue
        var known = ledger.position(of: value)
        if known == nil { known = try foldedPosition(of: value) }
        guard let position = known else { return .noSuchEvent }
        let record: [UInt8]
        do throws(SpoolError) { record = try around.files.record(at: position) } catch {
            if case .damaged = error { return .damaged(position) }
            throw error
        }
        let content = record.withUnsafeBytes { raw -> (payload: [UInt8]?, isErased: Bool, owed: [QueueID])? in
            let payload = UnsafeRawBufferPointer(rebasing: raw[Record.headerBytes...])
            return EventPayload(payload).map { (EventPayload.erased(payload), $0.isErased, $0.owed) }
        }
        guard let content, let payload = content.payload else { return .damaged(position) }
        if content.isErased { return .wasErased }
        room.erasures += 1
        try around.files.overwrite(position, number: value, payload: payload)
        var cancelled = 0
        // Also those that it was owed to by hand, later.
        for queue in Set(content.owed).union(ledger.queues(of: value)).sorted() {
            let delivery = DeliveryID(event: number, queue: queue)
            // Given up, and not done: it was not made.
            guard let entry = ledger.settle(Outcome(delivery, .failed, progress: Progress())) else { continue }
            pending.append(entry)
            cancelled += 1
        }
        return .erased(cancelled: cancelled)
    }

    private func foldedPosition(of number: UInt64) throws(SpoolError) -> Position? {
        guard let folded = ledger.folded(around: number) else { return nil }
        let offset = try around.files.places(of: folded.first, count: folded.count)[Int(number - folded.first)]
        return offset == Places.missing ? nil : Position(segment: folded.first, offset: offset, event: number)
    }
}
