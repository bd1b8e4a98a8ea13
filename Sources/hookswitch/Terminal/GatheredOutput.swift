import Platform

/// Standard output for lines that may be millions: they gather, and go out in large pieces.
struct GatheredOutput {
    /// So much gathers before it is written.
    private static let gatheredBytes = 64 << 10

    private var bytes: [UInt8] = []

    /// Takes bytes. False if nobody reads any more.
    mutating func write(_ more: some Sequence<UInt8>) -> Bool {
        bytes += more
        return bytes.count < GatheredOutput.gatheredBytes || flush()
    }

    /// Writes what has gathered. False if nobody reads any more.
    @discardableResult
    mutating func flush() -> Bool {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes.isEmpty || StandardStream.output.write(bytes)
    }
}
