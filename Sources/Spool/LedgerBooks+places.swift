/// Where records stand.
extension LedgerBooks {
    /// Where an event's record stands. Those of a folded segment are read from its file, and the last segment's are kept.
    func position(of number: EventNumber) throws(SpoolError) -> Position? {
        let (known, folded) = asked {
            (ledger.position(of: number.rawValue), ledger.folded(around: number.rawValue))
        }
        guard let folded else { return known }
        let offset = try places(of: folded)[Int(number.rawValue - folded.first)]
        return offset == Places.missing
            ? nil : Position(segment: folded.first, offset: offset, event: number.rawValue)
    }

    func places(of segment: (first: UInt64, count: Int)) throws(SpoolError) -> Places {
        if let kept = unfolded.withLock({ $0.first == segment.first ? $0.places : nil }) { return kept }
        let places = try around.files.places(of: segment.first, count: segment.count)
        unfolded.withLock { $0 = (segment.first, places) }
        return places
    }

    /// Forgets what was read of a segment's places: it is compacted, or gone.
    func forget(_ segment: UInt64) {
        around.files.forget(segment)
        unfolded.withLock { if $0.first == segment { $0 = (0, Places()) } }
    }
}
