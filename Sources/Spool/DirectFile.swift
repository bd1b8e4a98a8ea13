import CPlatform
import Glibc

// Unchecked: one thread at a time writes (the commit lock's holder), which is all that touches the buffer; the rest is immutable.
/// A file that is appended to past the page cache (O_DIRECT), in whole blocks.
///
/// What goes through the page cache is copied there, looked for again at the sync and written by its pages: at groups of 25 events that
/// takes three times the CPU time of this. The block in which the last write ended is written anew by the next one, with the same bytes
/// before it, so that a disk that writes its sectors whole never loses them. Where the file system has no such writing (tmpfs), or wants
/// larger blocks, everything goes through the page cache.
final class DirectFile: DiskFile, @unchecked Sendable {
    /// Gathered for one call, in bytes.
    private static let bufferBytes = 256 << 10

    private let file: SystemFile
    private let path: String
    private let descriptor: Int32
    private var isDirect: Bool
    /// What the next call writes, and behind it a block that holds what the last write left unfinished.
    private let buffer: UnsafeMutableRawBufferPointer
    /// Where the last write ended, if the last block is known.
    private var tailEnd: Int?

    /// Opens the file that `file` has open once more.
    init(_ file: SystemFile, path: String) throws(SpoolError) {
        self.file = file
        self.path = path
        descriptor = open(path, O_WRONLY | O_CLOEXEC | hs_o_direct)
        guard descriptor >= 0 || errno == EINVAL else { throw .system(call: "open", path: path, errno: errno) }
        isDirect = descriptor >= 0
        buffer = .allocate(
            byteCount: isDirect ? DirectFile.bufferBytes + SegmentWriter.blockBytes : 0,
            alignment: SegmentWriter.blockBytes)
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        buffer.deallocate()
    }

    func size() throws(SpoolError) -> Int { try file.size() }
    func sync() throws(SpoolError) { try file.sync() }
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SpoolError) -> Int {
        try file.read(into: buffer, at: offset)
    }
    func truncate(to size: Int) throws(SpoolError) {
        tailEnd = nil
        try file.truncate(to: size)
    }

    func write(_ buffers: [UnsafeRawBufferPointer], at offset: Int) throws(SpoolError) {
        if isDirect {
            if DirectFile.areBlocks(buffers, at: offset) {
                // It may be in what is known.
                tailEnd = nil
                if try put(buffers, at: offset) { return }
            } else if try gather(buffers, at: offset) {
                return
            }
            isDirect = false
        }
        try file.write(buffers, at: offset)
    }

    /// Whether the buffers can go to the disk from where they are.
    private static func areBlocks(_ buffers: [UnsafeRawBufferPointer], at offset: Int) -> Bool {
        let mask = SegmentWriter.blockBytes - 1
        return offset & mask == 0
            && buffers.allSatisfy { Int(bitPattern: $0.baseAddress) & mask == 0 && $0.count & mask == 0 }
    }

    /// Copies the buffers into blocks, and writes these. `false` if the file system refuses to write so: nothing was written then.
    private func gather(_ buffers: [UnsafeRawBufferPointer], at offset: Int) throws(SpoolError) -> Bool {
        let block = SegmentWriter.blockBytes
        let (gathered, tail) = (buffer[..<DirectFile.bufferBytes], buffer[DirectFile.bufferBytes...])
        var position = offset & ~(block - 1)
        var fill = offset - position
        if fill > 0 {
            let start = UnsafeMutableRawBufferPointer(rebasing: gathered[..<fill])
            if tailEnd == offset {
                start.copyMemory(from: UnsafeRawBufferPointer(rebasing: tail[..<(tail.startIndex + fill)]))
            } else {
                let count = try file.read(into: start, at: position)
                if count < fill {
                    UnsafeMutableRawBufferPointer(rebasing: start[count...]).initializeMemory(
                        as: UInt8.self, repeating: 0)
                }
            }
        }
        tailEnd = nil
        for var rest in buffers {
            while !rest.isEmpty {
                let count = min(rest.count, gathered.count - fill)
                UnsafeMutableRawBufferPointer(rebasing: gathered[fill..<fill + count])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                fill += count
                guard fill == gathered.count else { continue }
                guard try put([UnsafeRawBufferPointer(rebasing: gathered)], at: position) else { return false }
                position += fill
                fill = 0
            }
        }
        guard fill > 0 else { return true }
        let whole = (fill + block - 1) & ~(block - 1)
        UnsafeMutableRawBufferPointer(rebasing: gathered[fill..<whole]).initializeMemory(as: UInt8.self, repeating: 0)
        guard try put([UnsafeRawBufferPointer(rebasing: gathered[..<whole])], at: position) else { return false }
        UnsafeMutableRawBufferPointer(rebasing: tail)
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: gathered[(whole - block)..<whole]))
        tailEnd = position + fill
        return true
    }

    /// Writes whole blocks. `false` if the file system does not take them so.
    private func put(_ buffers: [UnsafeRawBufferPointer], at offset: Int) throws(SpoolError) -> Bool {
        do throws(SpoolError) {
            try SystemFile.write(buffers, at: offset, to: descriptor, path)
            return true
        } catch {
            if case .system(_, _, EINVAL) = error { return false }
            throw error
        }
    }
}
