/// The end of what a process wrote.
struct OutputTail {
    /// How much is kept, in bytes.
    static let limitBytes = 4 << 10

    private(set) var bytes: [UInt8] = []

    mutating func add(_ new: UnsafeRawBufferPointer) {
        let limit = OutputTail.limitBytes
        if new.count >= limit {
            bytes = Array(new.suffix(limit))
        } else {
            bytes.append(contentsOf: new)
            if bytes.count > limit { bytes.removeFirst(bytes.count - limit) }
        }
    }
}
