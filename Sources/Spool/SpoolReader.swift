/// A spool read without its daemon: nothing is locked and nothing changed. What is written meanwhile may be missing.
public struct SpoolReader {
    private let recovery: Recovery
    private let files: SegmentFiles

    /// Reads the spool at a path.
    public init(path: String, disk: any Disk = SystemDisk()) throws(SpoolError) {
        recovery = try Recovery(path + "/segments", on: disk)
        files = SegmentFiles(path + "/segments", on: disk)
    }

    /// An event and how its deliveries stand; `nil` if it is not there.
    public func event(_ number: EventNumber) throws(SpoolError) -> (event: StoredEvent, deliveries: [DeliveryStanding])?
    {
        guard let position = recovery.ledger.position(of: number.rawValue) else { return nil }
        let event = try files.read(position)
        let later = recovery.ledger.queues(of: number.rawValue).filter { !event.owed.contains($0) }
        return (event, recovery.ledger.standings(of: number.rawValue, owed: event.owed + later))
    }
}
