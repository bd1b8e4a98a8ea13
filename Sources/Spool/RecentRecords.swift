import Synchronization

/// The newest records of the segment that is being written, as they stand in its file: most events are delivered at once, and what
/// was written past the page cache would have to be read from the disk. May be used from any thread.
final class RecentRecords: Sendable {
    /// Kept, in bytes.
    static let limitBytes = 4 << 20

    private struct Kept {
        var segment: UInt64 = 0
        /// What of the segment's file is kept.
        var start = 0
        var end = 0
        /// A byte stands at its offset modulo the limit.
        var ring: [UInt8] = []
    }

    private let kept = Mutex(Kept())

    /// Keeps what was written to a segment, for as long as there is room.
    func append(_ buffers: [UnsafeRawBufferPointer], segment: UInt64, at offset: Int) {
        kept.withLock { kept in
            if kept.segment != segment || kept.end != offset {
                kept.segment = segment
                (kept.start, kept.end) = (offset, offset)
            }
            if kept.ring.isEmpty { kept.ring = [UInt8](repeating: 0, count: RecentRecords.limitBytes) }
            let limit = kept.ring.count
            var end = kept.end
            kept.ring.withUnsafeMutableBytes { ring in
                for var rest in buffers {
                    while !rest.isEmpty {
                        let place = end % limit
                        let count = min(rest.count, limit - place)
                        UnsafeMutableRawBufferPointer(rebasing: ring[place..<place + count])
                            .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
                        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                        end += count
                    }
                }
            }
            kept.end = end
            kept.start = max(kept.start, end - limit)
        }
    }

    /// The bytes of a segment from an offset on, or fewer where the last record ends; `nil` if they are not kept.
    func read(_ count: Int, segment: UInt64, at offset: Int) -> [UInt8]? {
        kept.withLock { kept in
            guard kept.segment == segment, offset >= kept.start, offset < kept.end else { return nil }
            let count = min(count, kept.end - offset)
            let place = offset % kept.ring.count
            let first = min(count, kept.ring.count - place)
            var bytes: [UInt8] = []
            bytes.reserveCapacity(count)
            bytes += kept.ring[place..<place + first]
            bytes += kept.ring[..<(count - first)]
            return bytes
        }
    }

    /// Forgets a segment, because something in it was overwritten.
    func forget(_ segment: UInt64) {
        kept.withLock { if $0.segment == segment { ($0.start, $0.end) = (0, 0) } }
    }
}
