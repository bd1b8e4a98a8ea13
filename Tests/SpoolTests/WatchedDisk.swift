import Synchronization

@testable import Spool

/// A simulated disk that tells of each sync of a file before it is done.
final class WatchedDisk: Disk {
    let disk = SimulatedDisk()
    fileprivate let beforeSync = Mutex<@Sendable () -> Void>({})

    func tell(_ body: @escaping @Sendable () -> Void) { beforeSync.withLock { $0 = body } }

    func open(_ path: String, create: Bool) throws(SpoolError) -> any DiskFile {
        WatchedFile(try disk.open(path, create: create), self)
    }
    func openDirect(_ path: String) throws(SpoolError) -> any DiskFile { try open(path, create: false) }
    func list(_ directory: String) throws(SpoolError) -> [String] { try disk.list(directory) }
    func makeDirectory(_ path: String) throws(SpoolError) { try disk.makeDirectory(path) }
    func remove(_ path: String) throws(SpoolError) { try disk.remove(path) }
    func rename(_ path: String, to newPath: String) throws(SpoolError) { try disk.rename(path, to: newPath) }
    func syncDirectory(_ path: String) throws(SpoolError) { try disk.syncDirectory(path) }
    func freeBytes(_ path: String) throws(SpoolError) -> Int { try disk.freeBytes(path) }
    func lock(_ directory: String) throws(SpoolError) -> any AnyObject & Sendable { try disk.lock(directory) }
}

private final class WatchedFile: DiskFile {
    private let file: any DiskFile
    private let disk: WatchedDisk

    init(_ file: any DiskFile, _ disk: WatchedDisk) {
        self.file = file
        self.disk = disk
    }

    func size() throws(SpoolError) -> Int { try file.size() }
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SpoolError) -> Int {
        try file.read(into: buffer, at: offset)
    }
    func write(_ buffers: [UnsafeRawBufferPointer], at offset: Int) throws(SpoolError) {
        try file.write(buffers, at: offset)
    }
    func truncate(to size: Int) throws(SpoolError) { try file.truncate(to: size) }
    func sync() throws(SpoolError) {
        disk.beforeSync.withLock { $0 }()
        try file.sync()
    }
}
