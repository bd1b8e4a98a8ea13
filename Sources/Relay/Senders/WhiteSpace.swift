/// The runs of white space outside strings in a JSON text, one after the other: what a sender's signature leaves out.
///
/// The text need not be JSON; then the runs are those that a reader of strings would see.
struct WhiteSpace {
    private let text: UnsafeRawBufferPointer
    private var offset = 0

    init(_ text: UnsafeRawBufferPointer) { self.text = text }

    /// Whether a text begins like an object, an array or a string: what `JSON.stringify` makes of anything but a plain text.
    static func isJSON(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let first = text.first(where: { !isSpace($0) }) else { return false }
        return first == 0x7B || first == 0x5B || first == 0x22
    }

    /// The next run, or `nil` behind the last.
    mutating func next() -> Range<Int>? {
        let count = text.count
        while offset < count {
            let byte = text[offset]
            if byte == 0x22 {
                skipString()
            } else if WhiteSpace.isSpace(byte) {
                let start = offset
                while offset < count, WhiteSpace.isSpace(text[offset]) { offset += 1 }
                return start..<offset
            } else {
                offset += 1
            }
        }
        return nil
    }

    @inline(__always) private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    /// To the byte behind a string's end, eight bytes at a time where there is neither quote nor backslash.
    private mutating func skipString() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        offset += 1
        while offset < text.count {
            if offset + 8 <= text.count {
                let word = text.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                let quote = word ^ (ones &* 0x22)
                let slash = word ^ (ones &* 0x5C)
                // The classic test for a zero byte, twice: its lowest hit is exact.
                let found = (((quote &- ones) & ~quote) | ((slash &- ones) & ~slash)) & highs
                if found == 0 {
                    offset += 8
                    continue
                }
                offset += found.trailingZeroBitCount >> 3
            }
            let byte = text[offset]
            offset += byte == 0x5C ? 2 : 1
            if byte == 0x22 { return }
        }
    }
}
