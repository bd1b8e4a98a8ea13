import CPlatform

@testable import Spool

/// A step that keeps the promise, left out: a simulation that does not find each of these proves nothing.
enum Omission: String, CaseIterable {
    case fdatasync
    case directorySync = "directory fsync"
    case checksum = "checksum test"
    case truncation = "truncation of a torn tail"
    case lock = "check of the lock"
    case journalBeforeRemoval = "order \"journal before segment removal\""
}

/// A disk that leaves one step out and says that it was done; the order of two steps is `SimulatedSpool`'s to leave out.
final class LeavingOut: Disk {
    private let omission: Omission
    private let disk: any Disk

    init(_ omission: Omission, of disk: any Disk) {
        self.omission = omission
        self.disk = disk
    }

    func open(_ path: String, create: Bool) throws(SpoolError) -> any DiskFile {
        FileLeavingOut(omission, of: try disk.open(path, create: create))
    }
    func openDirect(_ path: String) throws(SpoolError) -> any DiskFile {
        FileLeavingOut(omission, of: try disk.openDirect(path))
    }
    func list(_ directory: String) throws(SpoolError) -> [String] { try disk.list(directory) }
    func makeDirectory(_ path: String) throws(SpoolError) { try disk.makeDirectory(path) }
    func remove(_ path: String) throws(SpoolError) { try disk.remove(path) }
    func rename(_ path: String, to newPath: String) throws(SpoolError) { try disk.rename(path, to: newPath) }
    func syncDirectory(_ path: String) throws(SpoolError) {
        if omission != .directorySync { try disk.syncDirectory(path) }
    }
    func freeBytes(_ path: String) throws(SpoolError) -> Int { try disk.freeBytes(path) }
    func lock(_ directory: String) throws(SpoolError) -> any AnyObject & Sendable {
        if omission != .lock { return try disk.lock(directory) }
        return self
    }
}

private final class FileLeavingOut: DiskFile {
    private let omission: Omission
    private let file: any DiskFile

    init(_ omission: Omission, of file: any DiskFile) {
        self.omission = omission
        self.file = file
    }

    func size() throws(SpoolError) -> Int { try file.size() }
    func write(_ buffers: [UnsafeRawBufferPointer], at offset: Int) throws(SpoolError) {
        try file.write(buffers, at: offset)
    }
    func sync() throws(SpoolError) { if omission != .fdatasync { try file.sync() } }

    /// A file that is begun is emptied all the same: it is the tail that stays.
    func truncate(to size: Int) throws(SpoolError) {
        if omission != .truncation || size == 0 { try file.truncate(to: size) }
    }

    /// Without the test every record has the checksum that it should have.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SpoolError) -> Int {
        let count = try file.read(into: buffer, at: offset)
        guard omission == .checksum, count >= Record.headerBytes else { return count }
        for place in stride(from: 0, through: count - Record.headerBytes, by: 8) {
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[place..<count])
            guard bytes.littleEndian(at: 0, as: UInt32.self) == Record.magic else { continue }
            let length = Int(bytes.littleEndian(at: 8, as: UInt32.self))
            guard length <= bytes.count - Record.headerBytes else { continue }
            let crc = hs_crc32c(0, bytes.baseAddress! + 8, Record.headerBytes - 8 + length)
            buffer.storeBytes(of: crc.littleEndian, toByteOffset: place + 4, as: UInt32.self)
        }
        return count
    }
}
