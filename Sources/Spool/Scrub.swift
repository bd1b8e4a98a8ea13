import Dispatch
import Synchronization

/// Reads sealed segments through in the background, so that damage is found while there is time to mend what it hit, and
/// not when an event is asked for: one segment at a time, with a pause after each. A start does not read them.
///
/// A round is about what was sealed when it began. What has just been written would come out of the kernel's cache and not
/// from the disk, at the cost of those who are sending.
///
/// Unchecked: the stored `var`s are touched on `queue` alone.
final class Scrub: @unchecked Sendable {
    /// The pause after a segment, in milliseconds: 64 MiB/s at the most.
    static let pauseMilliseconds = 1000
    /// From the end of a round to the next, in seconds.
    static let roundSeconds = 86_400

    private let queue = DispatchQueue(label: "hookswitch.spool.scrub", qos: .background)
    private let segments: @Sendable () -> [UInt64]
    private let files: SegmentFiles
    private let found: @Sendable (Damage) -> Void
    private var last: UInt64 = 0
    /// The last segment of this round; `nil` before it begins.
    private var roundEnd: UInt64?
    private var isStopped = false

    /// `segments` names those that are sealed, in order; `found` is told of damage.
    init(
        _ files: SegmentFiles, of segments: @escaping @Sendable () -> [UInt64],
        found: @escaping @Sendable (Damage) -> Void
    ) {
        self.files = files
        self.segments = segments
        self.found = found
        goOn(afterMilliseconds: Scrub.pauseMilliseconds)
    }

    /// Ends after the segment that is being read.
    func stop() { queue.sync { isStopped = true } }

    private func goOn(afterMilliseconds milliseconds: Int) {
        queue.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { [weak self] in self?.step() }
    }

    private func step() {
        guard !isStopped else { return }
        let sealed = segments()
        let end = roundEnd ?? sealed.last ?? 0
        roundEnd = end
        guard let next = sealed.first(where: { $0 > last && $0 <= end }) else {
            last = 0
            roundEnd = nil
            return goOn(afterMilliseconds: Scrub.roundSeconds * 1000)
        }
        last = next
        // Twice, since an event that is erased while it is read looks damaged. A segment that went meanwhile is no news.
        if let once = try? Scrub.damages(of: next, in: files), !once.isEmpty,
            let twice = try? Scrub.damages(of: next, in: files)
        {
            for range in once where twice.contains(range) { found(Damage(segment: next, range: range)) }
        }
        goOn(afterMilliseconds: Scrub.pauseMilliseconds)
    }

    /// The stretches of a sealed segment that are no records.
    static func damages(of segment: UInt64, in files: SegmentFiles) throws(SpoolError) -> [Range<Int>] {
        let open = try files.segment(segment)
        var scan = try RecordScan(open.file, generation: open.generation)
        var damages: [Range<Int>] = []
        while true {
            switch try scan.next() {
            case .record: continue
            case .damage(let range): damages.append(range)
            case .end: return damages
            }
        }
    }
}
