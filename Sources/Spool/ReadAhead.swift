import Synchronization

/// What was read last of a segment's file. A target that is behind reads one record after the other: a system call for each would cost
/// as much again as its bytes. May be used from any thread.
///
/// What is kept may be older than the file: what does not look right in it is to be forgotten, and read again.
final class ReadAhead: Sendable {
    /// Read at once where records are read in order, in bytes.
    static let windowBytes = 64 << 10

    /// A stretch of a segment's file.
    private struct Window {
        var segment: UInt64 = 0
        var start = 0
        var bytes: [UInt8] = []
        /// Where the last read began, whether it was kept or not.
        var last = 0
        /// Counts what was forgotten: a read that was begun before is not kept.
        var edition = 0
    }

    private let window = Mutex(Window())

    /// Reads so many bytes of a segment's file, or fewer at its end.
    func read(_ count: Int, of segment: UInt64, in file: any DiskFile, at offset: Int) throws(SpoolError) -> [UInt8] {
        let (kept, edition) = window.withLock { window -> ([UInt8]?, Int?) in
            let isNext = segment == window.segment && (1...ReadAhead.windowBytes).contains(offset - window.last)
            let from = offset - window.start
            (window.segment, window.last) = (segment, offset)
            if isNext, from >= 0, from + count <= window.bytes.count {
                return (Array(window.bytes[from..<(from + count)]), nil)
            }
            window.bytes = []
            return (nil, isNext ? window.edition : nil)
        }
        if let kept { return kept }
        guard let edition else { return try file.read(count, at: offset) }
        let bytes = try file.read(max(count, ReadAhead.windowBytes), at: offset)
        window.withLock { window in
            if window.segment == segment, window.edition == edition { (window.start, window.bytes) = (offset, bytes) }
        }
        return Array(bytes.prefix(count))
    }

    /// Forgets what was read of a segment.
    func forget(_ segment: UInt64) {
        window.withLock { window in
            guard window.segment == segment else { return }
            window.bytes = []
            window.edition += 1
        }
    }
}
