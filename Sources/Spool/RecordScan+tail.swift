extension RecordScan {
    /// What stands behind a file's last whole record.
    struct Tail {
        /// Up to the last byte that is not zero, or to what is left of a former use of the same blocks.
        var range: Range<Int>
        /// The highest number of an event whose header can be read here.
        var number: UInt64?
        /// Whether a record of this file was begun here.
        var hasRecord = false
        /// Whether a former use's records stand here.
        var hasFormer = false

        /// Whether there may have been an event here.
        var mayHoldEvent: Bool { number != nil || !hasRecord }

        /// Whether something was written here by this file's own use, as far as can be told: what a former one left alone is nothing.
        var isOwn: Bool { hasRecord || (!range.isEmpty && !hasFormer) }
    }

    /// A number that is further ahead than this is no event's but a damaged one.
    private static let plausibleNumbers: UInt64 = 1 << 20

    /// Looks at what stands behind the last whole record, which ends at `start`; events there have numbers from `next` on.
    mutating func tail(from start: Int, next: UInt64 = 0) throws(SpoolError) -> Tail {
        var tail = Tail(range: start..<start)
        var end = start
        var offset = start
        while offset + 8 <= size {
            try load(offset, min(Record.headerBytes, size - offset))
            let (step, word) = nextWord(from: offset)
            offset += step
            guard word != 0 else { continue }
            if UInt32(truncatingIfNeeded: word) == Record.magic, offset + Record.headerBytes <= size {
                try load(offset, Record.headerBytes)
                if let header = header(at: offset) {
                    tail.hasRecord = true
                    end = max(end, min(offset + header.size, size))
                    let isPlausible = header.sequence >= next && header.sequence - next < RecordScan.plausibleNumbers
                    if header.kind == .event, isPlausible { tail.number = max(tail.number ?? 0, header.sequence) }
                } else if try isFormer(at: offset) {
                    tail.hasFormer = true
                    break
                }
            }
            offset += 8
            end = max(end, offset)
        }
        tail.range = start..<end
        return tail
    }

    /// Whether a whole record of another use of the file stands here.
    private mutating func isFormer(at offset: Int) throws(SpoolError) -> Bool {
        try wholeRecord(at: offset, if: { _ in true }) != nil
    }

    /// The generation of a file's records: as its header has it or, where that is damaged, that of the first whole record which can be
    /// this file's.
    static func generation(of file: any DiskFile, by header: FileHeader?, first: UInt64) throws(SpoolError) -> UInt64 {
        if let header { return header.generation }
        var scan = try RecordScan(file, generation: first)
        var offset = FileHeader.size
        while offset + Record.headerBytes <= scan.size {
            try scan.load(offset, Record.headerBytes)
            let (step, word) = scan.nextWord(from: offset)
            offset += step
            guard UInt32(truncatingIfNeeded: word) == Record.magic, offset + Record.headerBytes <= scan.size else {
                if word != 0 { offset += 8 }
                continue
            }
            try scan.load(offset, Record.headerBytes)
            if let found = try scan.wholeRecord(at: offset, if: { UInt32(truncatingIfNeeded: $0 ^ first) == 0 }) {
                return found
            }
            offset += 8
        }
        return first
    }

    /// The generation of the whole record that begins here, in the window; `nil` if there is none of a generation that may be.
    private mutating func wholeRecord(at offset: Int, if mayBe: (UInt64) -> Bool) throws(SpoolError) -> UInt64? {
        let generation = window.withUnsafeBytes { $0.littleEndian(at: offset - windowStart + 16, as: UInt64.self) }
        guard mayBe(generation) else { return nil }
        let header = window.withUnsafeBytes {
            Record.header(UnsafeRawBufferPointer(rebasing: $0[(offset - windowStart)...]), generation: generation)
        }
        guard let header, offset + Record.headerBytes + header.length <= size else { return nil }
        try load(offset, Record.headerBytes + header.length)
        let isWhole = window.withUnsafeBytes {
            Record.isIntact(UnsafeRawBufferPointer(rebasing: $0[(offset - windowStart)...]), length: header.length)
        }
        return isWhole ? generation : nil
    }

    /// How far the next eight bytes in the window are that are not all zero, and what they are; 0 if there are none.
    private func nextWord(from offset: Int) -> (step: Int, word: UInt64) {
        window.withUnsafeBytes { bytes in
            var index = offset - windowStart
            while index + 8 <= bytes.count {
                let word = bytes.littleEndian(at: index, as: UInt64.self)
                if word != 0 { return (index + windowStart - offset, word) }
                index += 8
            }
            return (max(8, index + windowStart - offset), 0)
        }
    }
}
