import Synchronization

/// What stands behind a record that was read, read along with it: whoever works off a backlog asks for its records one after the
/// other. One stretch of one segment is kept. From any thread.
///
/// Behind the last record of a segment that is being written the stretch holds what was there before the next one: so only what is
/// intact is answered from it, and all else is asked of the file.
final class ReadAhead: Sendable {
    /// How much is read at once, in bytes.
    static let stretchBytes = 128 << 10

    private struct Stretch {
        var segment: UInt64 = 0
        var offset = 0
        var bytes: [UInt8] = []
        /// Where the record behind the last one that was asked for begins.
        var next = 0
        var nextSegment: UInt64 = 0
        /// How often a segment was forgotten: what was read from a file before that is not kept.
        var forgotten = 0
    }

    private let stretch = Mutex(Stretch())

    /// A record from its header to its payload's end, if it is here and intact, or if its reader goes on from the last one: then what
    /// stands behind it is read too.
    func record(at position: Position, of segment: SegmentFiles.OpenSegment) throws(SpoolError) -> [UInt8]? {
        if let record = kept(position, generation: segment.generation) { return record }
        let forgotten = stretch.withLock { stretch in
            stretch.nextSegment == position.segment && stretch.next == Int(position.offset) ? stretch.forgotten : nil
        }
        guard let forgotten else { return nil }
        let bytes = try segment.file.read(ReadAhead.stretchBytes, at: Int(position.offset))
        stretch.withLock { stretch in
            guard stretch.forgotten == forgotten else { return }
            (stretch.segment, stretch.offset, stretch.bytes) = (position.segment, Int(position.offset), bytes)
        }
        return kept(position, generation: segment.generation)
    }

    private func kept(_ position: Position, generation: UInt64) -> [UInt8]? {
        stretch.withLock { stretch in
            let start = Int(position.offset) - stretch.offset
            guard stretch.segment == position.segment, start >= 0, start < stretch.bytes.count else { return nil }
            let record = stretch.bytes.withUnsafeBytes { bytes -> (bytes: [UInt8], size: Int)? in
                let bytes = UnsafeRawBufferPointer(rebasing: bytes[start...])
                guard let header = Record.header(bytes, generation: generation), header.kind == .event,
                    position.event == 0 || header.sequence == position.event,
                    bytes.count >= Record.headerBytes + header.length,
                    Record.isIntact(bytes, length: header.length)
                else { return nil }
                return (Array(bytes[..<(Record.headerBytes + header.length)]), header.size)
            }
            guard let record else { return nil }
            (stretch.nextSegment, stretch.next) = (position.segment, Int(position.offset) + record.size)
            return record.bytes
        }
    }

    /// Takes note of a record that was read from the file.
    func note(_ position: Position, size: Int) {
        stretch.withLock { stretch in
            (stretch.nextSegment, stretch.next) = (position.segment, Int(position.offset) + size)
        }
    }

    /// Forgets a segment, because something in it was overwritten or it is gone.
    func forget(_ segment: UInt64) {
        stretch.withLock { stretch in
            stretch.forgotten += 1
            if stretch.segment == segment { (stretch.segment, stretch.bytes) = (0, []) }
        }
    }
}
