/// A spool read without its daemon: nothing is locked and nothing changed. What is written meanwhile may be missing.
public struct SpoolReader {
    private let recovery: Recovery
    private let files: SegmentFiles

    /// Reads the spool at a path.
    public init(path: String, disk: any Disk = SystemDisk.forReading) throws(SpoolError) {
        recovery = try SpoolReader.again { () throws(SpoolError) in try Recovery(path + "/segments", on: disk) }
        files = SegmentFiles(path + "/segments", on: disk)
    }

    /// How many deliveries are owed.
    public var waiting: Int { recovery.ledger.queues.values.reduce(0) { $0 + $1.waiting } }

    /// A running daemon may remove a file between its being listed and its being opened: then everything is looked at anew.
    static func again<Result>(_ read: () throws(SpoolError) -> Result) throws(SpoolError) -> Result {
        for _ in 0..<20 {
            do throws(SpoolError) { return try read() } catch {
                guard case .system("open", _, errno: 2) = error else { throw error }
            }
        }
        return try read()
    }

    /// An event and how its deliveries stand; `nil` if it is not there.
    public func event(_ number: EventNumber) throws(SpoolError) -> (event: StoredEvent, deliveries: [DeliveryStanding])?
    {
        guard let position = recovery.ledger.position(of: number.rawValue) else { return nil }
        return try event(at: position)
    }

    /// Every event with how its deliveries stand, in order of number; ends early when `take` answers `false`. What can't be
    /// read is told by number and reason.
    public func events(
        unreadable: (EventNumber, SpoolError) -> Void = { _, _ in },
        _ take: (StoredEvent, [DeliveryStanding]) -> Bool
    ) {
        for segment in recovery.ledger.segments {
            for record in segment.places.records {
                let number = segment.first + UInt64(record.place)
                do throws(SpoolError) {
                    let (event, deliveries) = try event(
                        at: Position(segment: segment.first, offset: record.offset, event: number))
                    guard take(event, deliveries) else { return }
                } catch {
                    unreadable(EventNumber(rawValue: number), error)
                }
            }
        }
    }

    private func event(at position: Position) throws(SpoolError) -> (StoredEvent, [DeliveryStanding]) {
        let event = try files.read(position)
        let later = recovery.ledger.queues(of: event.number.rawValue).filter { !event.owed.contains($0) }
        return (event, recovery.ledger.standings(of: event.number.rawValue, owed: event.owed + later))
    }
}
