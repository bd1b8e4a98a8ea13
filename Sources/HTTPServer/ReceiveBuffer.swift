// Unsafe: owns the memory that a connection's requests point into, which must not move while one is in flight.

/// What a connection has received and not yet done with. Owned by its connection's event loop.
final class ReceiveBuffer {
    private(set) var memory: UnsafeMutableRawBufferPointer
    /// Bytes received.
    private(set) var count = 0

    /// A new buffer's size, in bytes.
    static let initialBytes = 8 << 10

    init() { memory = .allocate(byteCount: ReceiveBuffer.initialBytes, alignment: 16) }

    deinit { memory.deallocate() }

    var received: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[..<count]) }
    var receivedMutable: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(rebasing: memory[..<count]) }
    var free: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(rebasing: memory[count...]) }
    var capacity: Int { memory.count }

    func filled(_ bytes: Int) { count += bytes }

    /// Forgets everything.
    func clear() { count = 0 }

    /// Has room for so many bytes in all.
    func grow(to bytes: Int) {
        guard bytes > memory.count else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 16)
        larger.copyMemory(from: received)
        memory.deallocate()
        memory = larger
    }

    /// Takes a range out: what is behind it moves up.
    func remove(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        let rest = UnsafeRawBufferPointer(rebasing: received[range.upperBound...])
        UnsafeMutableRawBufferPointer(rebasing: memory[range.lowerBound...]).copyMemory(from: rest)
        count -= range.count
    }

    /// Forgets everything before `offset`, and gives back memory that a large body took.
    func discard(before offset: Int) {
        let left = count - offset
        if memory.count > ReceiveBuffer.initialBytes * 4 && left <= ReceiveBuffer.initialBytes {
            let smaller = UnsafeMutableRawBufferPointer.allocate(
                byteCount: ReceiveBuffer.initialBytes, alignment: 16)
            smaller.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[offset..<count]))
            memory.deallocate()
            memory = smaller
        } else if left > 0 && offset > 0 {
            memory.baseAddress!.copyMemory(from: memory.baseAddress! + offset, byteCount: left)
        }
        count = left
    }
}
