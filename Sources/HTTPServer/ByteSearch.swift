import Glibc

/// Finding one byte, at the machine's speed (memchr(3)).
enum ByteSearch {
    /// The first place of a byte from `start` on.
    @inline(__always)
    static func first(_ byte: UInt8, in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        first(byte, in: bytes, start..<bytes.count)
    }

    /// The first place of a byte in a range.
    @inline(__always)
    static func first(_ byte: UInt8, in bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int? {
        guard !range.isEmpty, let base = bytes.baseAddress else { return nil }
        guard let found = memchr(base + range.lowerBound, Int32(byte), range.count) else { return nil }
        return UnsafeRawPointer(found) - base
    }
}
