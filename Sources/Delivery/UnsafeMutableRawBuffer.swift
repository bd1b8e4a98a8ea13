/// Memory at a place that does not move while libcurl borrows it.
struct UnsafeMutableRawBuffer {
    private(set) var start: UnsafeMutableRawPointer?
    private var capacity = 0

    /// Copies bytes in, behind which nothing is promised. `start` is never null then.
    mutating func fill(_ bytes: [UInt8]) {
        if capacity < bytes.count || start == nil {
            free()
            capacity = max(bytes.count, 4096)
            start = .allocate(byteCount: capacity, alignment: 16)
        }
        bytes.withUnsafeBytes { if let from = $0.baseAddress { start!.copyMemory(from: from, byteCount: $0.count) } }
    }

    /// Gives memory back if there is much of it.
    mutating func shrink(to limit: Int) {
        if capacity > limit { free() }
    }

    /// Gives all memory back.
    mutating func free() {
        start?.deallocate()
        start = nil
        capacity = 0
    }
}
