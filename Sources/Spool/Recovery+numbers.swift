extension Recovery {
    /// Holds the segments against what the journal knows of numbers: what is missing is damage, and no number is given again.
    mutating func account() {
        let present = ledger.segments.map { $0.first..<$0.end }
        let end = present.map(\.upperBound).max() ?? 1
        for lost in mark.lost { note(lost.numbers) }
        for numbers in mark.missing(from: present) {
            mark.lost.append(NumberMark.Lost(numbers: numbers))
            note(numbers)
        }
        let known = max(end, mark.durable)
        if mark.given > known { unsynced = NumberMark.rest(of: known..<mark.given, without: mark.gone).first }
        nextNumber = max(nextNumber, mark.given, known)
        if let newest, newest.tail.isOwn, !damages.contains(where: { newest.isTail($0) }) {
            torn.append(Damage(segment: newest.first, range: newest.tail.range))
            // Whoever was promised this number, if anybody was: another event must not get it.
            if !mark.isClean, newest.tail.mayHoldEvent {
                nextNumber = max(nextNumber, (newest.tail.number ?? end) + 1)
            }
        }
        mark.given = nextNumber
        mark.isClean = false
        ledger.unplaced = []
    }

    private var newest: Last? { last ?? unbegun }

    /// Notes that events are missing: behind the segment whose numbers come before theirs.
    private mutating func note(_ numbers: Range<UInt64>) {
        var damage = Damage(segment: numbers.lowerBound, range: 0..<0, numbers: numbers)
        for delivery in ledger.unplaced where numbers.contains(delivery.event.rawValue) {
            damage.deliveries[queues[delivery.queue] ?? "?\(delivery.queue.rawValue)", default: 0] += 1
        }
        if let before = ledger.segments.last(where: { $0.end <= numbers.lowerBound }) {
            damage.file = .segment(before.first)
            damage.range = before.bytes..<before.bytes
            if let newest, newest.first == before.first {
                damage.range = newest.tail.range
            } else if let place = damages.lastIndex(where: { $0.isEnd(of: before) }) {
                // The same loss, seen from its bytes.
                damage.range = damages.remove(at: place).range
            }
        }
        damages.append(damage)
    }
}

extension Recovery.Last {
    fileprivate func isTail(_ damage: Damage) -> Bool { damage.file == .segment(first) && damage.range == tail.range }
}

extension Damage {
    fileprivate func isEnd(of segment: Segment) -> Bool {
        file == .segment(segment.first) && range.upperBound == segment.bytes && numbers == nil
    }
}
