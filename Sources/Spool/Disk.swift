/// The calls that the spool makes to a file system: few, so that a simulated disk can stand in and fail at each of them.
public protocol Disk: AnyObject, Sendable {
    /// Opens a file for reading and writing, made if `create`.
    func open(_ path: String, create: Bool) throws(SpoolError) -> any DiskFile
    /// Opens a file that is there, for writes that are synced at once: those of whole blocks of `SegmentWriter.blockBytes` may go past
    /// the page cache.
    func openDirect(_ path: String) throws(SpoolError) -> any DiskFile
    /// The names in a directory, in no order.
    func list(_ directory: String) throws(SpoolError) -> [String]
    /// Makes a directory and those above it, unless they are there.
    func makeDirectory(_ path: String) throws(SpoolError)
    /// Removes a file.
    func remove(_ path: String) throws(SpoolError)
    /// Renames a file, replacing what has the new name.
    func rename(_ path: String, to newPath: String) throws(SpoolError)
    /// Makes a directory's entries durable.
    func syncDirectory(_ path: String) throws(SpoolError)
    /// What is free on the file system, in bytes.
    func freeBytes(_ path: String) throws(SpoolError) -> Int
    /// Takes a directory's lock, which holds as long as the answer lives.
    /// - Throws: `SpoolError.locked` if another has it.
    func lock(_ directory: String) throws(SpoolError) -> any AnyObject & Sendable
}

/// An open file of a `Disk`. It closes itself when nobody holds it any more. Reads may come from any thread; writes from one.
public protocol DiskFile: AnyObject, Sendable {
    /// Its size in bytes.
    func size() throws(SpoolError) -> Int
    /// Reads at an offset until the buffer is full or the file ends; answers the bytes read.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SpoolError) -> Int
    /// Writes buffers one behind the other.
    func write(_ buffers: [UnsafeRawBufferPointer], at offset: Int) throws(SpoolError)
    /// Makes what was written durable, its size included (fdatasync(2)).
    func sync() throws(SpoolError)
    /// Cuts the file.
    func truncate(to size: Int) throws(SpoolError)
}

extension DiskFile {
    /// Reads so many bytes, or fewer at the file's end.
    func read(_ count: Int, at offset: Int) throws(SpoolError) -> [UInt8] {
        var failure: SpoolError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            do throws(SpoolError) {
                initialized = try read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Writes bytes.
    func write(_ bytes: [UInt8], at offset: Int) throws(SpoolError) {
        var failure: SpoolError?
        bytes.withUnsafeBytes { buffer in
            do throws(SpoolError) { try write([buffer], at: offset) } catch { failure = error }
        }
        if let failure { throw failure }
    }
}
