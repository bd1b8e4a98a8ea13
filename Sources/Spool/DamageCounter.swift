import Synchronization

/// Damage met since the start: counted once, said, and copied to `damaged/`, so that a person can look at it. May be used
/// from any thread.
final class DamageCounter: Sendable {
    /// A copy is no longer than this, in bytes.
    static let copyLimitBytes = 16 << 20
    /// Stretches that are told apart; past it damage is still said, and may be counted twice.
    static let knownLimit = 10_000

    private struct Met {
        /// Where they begin.
        var known: Set<Position> = []
        var count = 0
    }

    private let path: String
    private let disk: any Disk
    private let notice: @Sendable (Spool.Notice) -> Void
    private let met = Mutex(Met())

    init(in path: String, on disk: any Disk, notice: @escaping @Sendable (Spool.Notice) -> Void) {
        self.path = path
        self.disk = disk
        self.notice = notice
    }

    /// How many stretches were met.
    var count: Int { met.withLock { $0.count } }

    /// Notes a stretch.
    func note(_ damage: Recovery.Damage) {
        let isNew = met.withLock { met in
            let place = Position(segment: damage.segment, offset: UInt32(clamping: damage.range.lowerBound))
            guard !met.known.contains(place) else { return false }
            if met.known.count < DamageCounter.knownLimit { met.known.insert(place) }
            met.count += 1
            return true
        }
        guard isNew else { return }
        // A disk that has no room for the copy stops nothing.
        do throws(SpoolError) { try setAside(damage) } catch {}
        notice(.damage(segment: damage.segment, range: damage.range))
    }

    /// Notes a record that was found damaged when it was read.
    func note(_ position: Position, in files: SegmentFiles) {
        let start = Int(position.offset)
        var length = Record.headerBytes
        if let segment = try? files.segment(position.segment), let bytes = try? segment.file.read(length, at: start),
            let header = bytes.withUnsafeBytes({ Record.header($0, generation: segment.generation) })
        {
            length = header.size
        }
        note(Recovery.Damage(segment: position.segment, range: start..<(start + length)))
    }

    private func setAside(_ damage: Recovery.Damage) throws(SpoolError) {
        let source = try disk.open(path + "/segments/" + SegmentWriter.name(damage.segment), create: false)
        let bytes = try source.read(
            min(damage.range.count, DamageCounter.copyLimitBytes), at: damage.range.lowerBound)
        try disk.makeDirectory(path + "/damaged")
        let copy = try disk.open(
            path + "/damaged/\(damage.segment)-\(damage.range.lowerBound).bytes", create: true)
        try copy.write(bytes, at: 0)
    }
}
