/// How a spool divides the room that it may take: what `max_size` leaves it, and what the disk has above `min_free`. Logic alone.
struct SpoolSpace: Sendable, Equatable {
    /// Kept free within `max_size` for outcomes and failures, in bytes; at most a sixteenth of it.
    static let reserveLimitBytes = 64 << 20
    /// The room is divided into so many segments, so that finished ones can go while there is room for the next.
    static let segments = 8
    /// A segment is no smaller and no larger, in bytes.
    static let segmentLimits = (64 << 10)...(64 << 20)

    /// `spool.max_size`.
    let maxSizeBytes: Int
    /// `spool.min_free`.
    let minFreeBytes: Int
    private let segmentLimits: ClosedRange<Int>

    /// As the settings have it; other limits of a segment are for tests.
    init(_ settings: SpoolSettings, segmentLimits: ClosedRange<Int> = SpoolSpace.segmentLimits) {
        maxSizeBytes = settings.maxSizeBytes
        minFreeBytes = settings.minFreeBytes
        self.segmentLimits = segmentLimits
    }

    private var reserveBytes: Int { min(SpoolSpace.reserveLimitBytes, maxSizeBytes / 16) }
    /// What events may take, in bytes.
    var limitBytes: Int { maxSizeBytes - reserveBytes }
    /// What they may take with the relay's own among them: half of what is kept free is left to outcomes.
    var ownLimitBytes: Int { maxSizeBytes - reserveBytes / 2 }
    /// What the relay's own events leave free of the disk: as much less than the door does.
    var ownMinFreeBytes: Int { minFreeBytes / 2 }

    /// The longest that an event's record may be, in bytes: with it alone the spool would be full.
    var recordLimitBytes: Int { limitBytes - SegmentWriter.blockBytes }

    /// How large a segment is to be that is begun now, in bytes; `free` is `nil` if the file system does not say.
    func segmentBytes(used: Int, free: Int?) -> Int {
        var room = maxSizeBytes
        if let free { room = min(room, used + max(0, free - minFreeBytes)) }
        return min(max(room / SpoolSpace.segments, segmentLimits.lowerBound), segmentLimits.upperBound)
    }

    /// Whether finished events are to go, since two more segments would not fit, nor what somebody waits for.
    func isShort(used: Int, free: Int?, wanted: Int) -> Bool {
        let ahead = max(2 * segmentBytes(used: used, free: free), wanted > 0 ? wanted + SegmentWriter.zeroStepBytes : 0)
        if used + ahead > limitBytes { return true }
        guard let free else { return false }
        return free < minFreeBytes + ahead
    }

    /// Whether finished events' going could ever make room for so many bytes.
    func canHold(_ bytes: Int) -> Bool { bytes <= recordLimitBytes }
}
