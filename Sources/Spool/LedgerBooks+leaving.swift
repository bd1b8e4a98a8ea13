/// What the books do for events that go to another log.
extension LedgerBooks {
    /// Notes outcomes, durably when it returns.
    func settleNow(_ outcomes: [Outcome]) throws(SpoolError) {
        let written = asked { () -> Written in
            for outcome in outcomes {
                if let entry = ledger.settle(outcome) { pending.append(around.clock.onDisk(entry)) }
            }
            return flush()
        }
        if let failure = written.value { throw failure }
    }

    /// Whether an event is still owed to anybody.
    func isOwed(_ number: EventNumber) -> Bool {
        asked {
            guard let place = ledger.place(of: number.rawValue) else { return false }
            return ledger.segments[place.segment].owed.values.contains { $0.contains(place.index) }
        }
    }

    /// The newest event's number; 0 if there is none.
    var newest: UInt64 { asked { ledger.segments.last.map { $0.end - 1 } ?? 0 } }

    /// Removes the sealed segments whose events all stand elsewhere, up to a number, and are owed to nobody here. Their keys
    /// are in the journal before they go.
    func discard(through number: UInt64) throws(SpoolError) {
        func mayGo(_ segment: Segment) -> Bool {
            segment.isSealed && segment.unsettled == 0 && segment.end <= number + 1
        }
        let written = asked { () -> Written? in
            let firsts = ledger.segments.filter(mayGo).map(\.first)
            return firsts.isEmpty ? nil : flush(keys: keysToKeep(of: firsts), leaving: leave(firsts))
        }
        guard let written else { return }
        if let failure = written.value { throw failure }
        let removed = asked { () -> Result<Void, SpoolError> in
            do throws(SpoolError) {
                for segment in ledger.segments.filter(mayGo) { try remove(segment, isShort: false) }
                try around.disk.syncDirectory(around.directory)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try removed.get()
    }

    /// Tells the ledger of segments that were ended without a commit.
    func heardSealed(_ sealed: [SealedSegment]) {
        asked { for one in sealed { ledger.seal(one) } }
    }

    /// Keeps keys of events as those of segments that are gone are kept, durably when it returns.
    func keep(_ keys: [KeptKey]) throws(SpoolError) {
        let written = asked { () -> Written in
            kept += keys
            return flush(keys: keys)
        }
        if let failure = written.value { throw failure }
    }
}
