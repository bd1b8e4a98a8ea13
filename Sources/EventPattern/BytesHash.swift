/// A fast hash of bytes for tables that are built from the configuration and never from what was sent.
enum BytesHash {
    @inline(__always)
    static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 { of(bytes, from: 0, count: bytes.count) }

    /// The hash of a part, eight bytes at a time (multiply and fold, as in wyhash).
    @inline(__always)
    static func of(_ bytes: UnsafeRawBufferPointer, from start: Int, count: Int) -> UInt32 {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(truncatingIfNeeded: count)
        var index = start
        let end = start + count
        while index + 8 <= end {
            state = mix(state ^ bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            index += 8
        }
        if index < end {
            var rest: UInt64 = 0
            while index < end {
                rest = rest << 8 | UInt64(bytes[index])
                index += 1
            }
            state = mix(state ^ rest)
        }
        return UInt32(truncatingIfNeeded: state ^ state >> 32)
    }

    @inline(__always)
    private static func mix(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
        return product.high ^ product.low
    }
}
