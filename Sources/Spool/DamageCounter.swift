import Synchronization

/// Damage met since the start: counted once, said, and copied to `damaged/`, so that a person can look at it. May be used
/// from any thread.
final class DamageCounter: Sendable {
    /// A copy is no longer than this, in bytes.
    static let copyLimitBytes = 16 << 20
    /// All copies together are no longer, in bytes, and no more; past either none is made.
    static let copiesLimitBytes = 64 << 20
    /// See `copiesLimitBytes`.
    static let copiesLimit = 256
    /// Stretches that are told apart; past it damage is still said, and may be counted twice.
    static let knownLimit = 10_000

    private struct Place: Hashable {
        var file: Damage.File
        var offset: Int
        var number: UInt64?
    }

    private struct Met {
        /// Where they begin.
        var known: Set<Place> = []
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

    /// How many records were met, or are missing.
    var count: Int { met.withLock { $0.count } }

    /// Where a segment's first damaged bytes begin; `nil` if it has none. Those of its end are cut off by a start.
    func place(in segment: UInt64) -> Position? {
        let offsets = met.withLock { met in
            met.known.filter { $0.file == .segment(segment) && $0.number == nil }.map(\.offset)
        }
        return offsets.min().map { Position(segment: segment, offset: UInt32(clamping: $0)) }
    }

    /// Notes a stretch.
    func note(_ damage: Damage) {
        let isNew = met.withLock { met in
            let place = Place(
                file: damage.file, offset: damage.range.lowerBound, number: damage.numbers?.lowerBound)
            guard !met.known.contains(place) else { return false }
            if met.known.count < DamageCounter.knownLimit { met.known.insert(place) }
            met.count += damage.weight
            return true
        }
        guard isNew else { return }
        notice(.damage(damage, copied: setAside(damage)))
    }

    /// Notes bytes at a file's end that nothing tells to have been promised: they are set aside, and not counted.
    func noteTorn(_ torn: Damage) { notice(.torn(torn, copied: setAside(torn))) }

    /// Notes a record that was found damaged when it was read.
    func note(_ position: Position, in files: SegmentFiles) {
        let start = Int(position.offset)
        var length = Record.headerBytes
        if let segment = try? files.segment(position.segment), let bytes = try? segment.file.read(length, at: start),
            let header = bytes.withUnsafeBytes({ Record.header($0, generation: segment.generation) })
        {
            length = header.size
        }
        note(Damage(segment: position.segment, range: start..<(start + length)))
    }

    /// Copies the bytes, if there are any; answers whether it did. A disk that has no room for the copy stops nothing.
    private func setAside(_ damage: Damage) -> Bool {
        guard !damage.range.isEmpty else { return false }
        do throws(SpoolError) {
            let source = try disk.open(path + "/" + damage.file.path, create: false)
            let bytes = try source.read(
                min(damage.range.count, DamageCounter.copyLimitBytes), at: damage.range.lowerBound)
            let directory = path + "/damaged"
            try disk.makeDirectory(directory)
            let name = DamageCounter.copyName(of: damage)
            guard !bytes.isEmpty, try hasRoom(for: bytes.count, as: name, in: directory) else { return false }
            let copy = try disk.open(directory + "/" + name, create: true)
            try copy.truncate(to: 0)
            try copy.write(bytes, at: 0)
            return true
        } catch {
            return false
        }
    }

    private func hasRoom(for bytes: Int, as name: String, in directory: String) throws(SpoolError) -> Bool {
        let others = try disk.list(directory).filter { $0 != name }
        guard others.count < DamageCounter.copiesLimit else { return false }
        var sum = bytes
        for other in others { sum += try disk.open(directory + "/" + other, create: false).size() }
        return sum <= DamageCounter.copiesLimitBytes
    }

    private static func copyName(of damage: Damage) -> String {
        let file =
            switch damage.file {
            case .segment(let first): "\(first)"
            case .journal(let number): OutcomeJournal.name(number)
            case .notes(let isCopy): isCopy ? Notebook.copyName : Notebook.name
            }
        return "\(file)-\(damage.range.lowerBound).bytes"
    }
}
