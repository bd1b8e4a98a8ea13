import CPlatform
import Glibc

/// A file whose writes of whole blocks go past the page cache (O_DIRECT, open(2)); all else is as for any other file.
///
/// What goes through the page cache is copied there, looked for again at the sync and written page by page: at groups of 25 events
/// that takes twice the CPU time of this. Where the file system has no such writing, or wants larger blocks, everything goes through
/// the page cache.
final class DirectFile: DiskFile {
    private let file: SystemFile
    private let path: String
    /// -1 if the file system has no such writing.
    private let descriptor: Int32

    /// Opens the file that `file` has open once more.
    init(_ file: SystemFile, path: String) throws(SpoolError) {
        self.file = file
        self.path = path
        descriptor = open(path, O_WRONLY | O_CLOEXEC | hs_o_direct)
        guard descriptor >= 0 || errno == EINVAL else { throw .system(call: "open", path: path, errno: errno) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func size() throws(SpoolError) -> Int { try file.size() }
    func sync() throws(SpoolError) { try file.sync() }
    func truncate(to size: Int) throws(SpoolError) { try file.truncate(to: size) }
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SpoolError) -> Int {
        try file.read(into: buffer, at: offset)
    }

    func write(_ buffers: [UnsafeRawBufferPointer], at offset: Int) throws(SpoolError) {
        guard descriptor >= 0, DirectFile.areBlocks(buffers, at: offset) else {
            return try file.write(buffers, at: offset)
        }
        do throws(SpoolError) { try SystemFile.write(buffers, at: offset, to: descriptor, path) } catch {
            // Refused for what the blocks are, not for what the disk is.
            guard case .system(_, _, EINVAL) = error else { throw error }
            try file.write(buffers, at: offset)
        }
    }

    private static func areBlocks(_ buffers: [UnsafeRawBufferPointer], at offset: Int) -> Bool {
        let mask = SegmentWriter.blockBytes - 1
        return offset & mask == 0
            && buffers.allSatisfy { Int(bitPattern: $0.baseAddress) & mask == 0 && $0.count & mask == 0 }
    }
}
