/// Bodies of a batch that nobody else keeps in place: a copy of each, as long as this lives. Whoever commits the batch holds it until
/// the log has told what it came to.
///
/// Unchecked: written by its maker before anybody else sees it, then only read.
public final class LentBodies: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer
    private var end = 0

    /// Room for so many bytes in all.
    public init(count: Int) { memory = .allocate(byteCount: max(1, count), alignment: 8) }

    deinit { memory.deallocate() }

    /// Copies a body in.
    public func lend(_ body: some Collection<UInt8>) -> UnsafeRawBufferPointer {
        let place = UnsafeMutableRawBufferPointer(rebasing: memory[end..<(end + body.count)])
        place.copyBytes(from: body)
        end += body.count
        return UnsafeRawBufferPointer(place)
    }
}
