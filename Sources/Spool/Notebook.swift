import Synchronization

/// A few facts that outlast a restart and belong to no event: which queues wait by hand, which breakers are open, how far a
/// replay has come. One small file in the spool, `notes`, and a second copy of it, `notes.copy`: each written anew whole and renamed into
/// its place at each change, one after the other, so that one of them can be damaged.
///
/// The first record says how many notes there are, u32; the others are `key length u16 · key · value`. May be used from any
/// thread; a change takes as long as four syncs.
public final class Notebook: Sendable {
    /// All notes together take at most so many bytes.
    public static let limitBytes = 8 << 20

    /// The file's name in the spool.
    static let name = "notes"
    static let copyName = "notes.copy"

    private let directory: String
    private let disk: any Disk
    private let notes: Mutex<[String: [UInt8]]>

    /// Reads the notes of a spool's directory; none if there are none yet. What one copy lacks comes from the other, and both are then
    /// written anew; a note that is damaged in both is left out. `damaged` hears of it.
    /// - Throws: `SpoolError.newerVersion`, or the system call that failed.
    public init(_ directory: String, disk: any Disk = SystemDisk(), damaged: (Damage) -> Void = { _ in })
        throws(SpoolError)
    {
        self.directory = directory
        self.disk = disk
        let found = try NotebookFiles(directory, on: disk)
        for damage in found.damages { damaged(damage) }
        notes = Mutex(found.notes)
        // A disk that can't be written to now may be at the next change.
        if !found.isSound { do throws(SpoolError) { try write(found.notes) } catch {} }
    }

    /// What is damaged of a spool's notes.
    static func damages(_ directory: String, on disk: any Disk) throws(SpoolError) -> [Damage] {
        try NotebookFiles(directory, on: disk).damages
    }

    /// The notes whose keys begin with a prefix, by what follows it.
    public func notes(under prefix: String) -> [String: [UInt8]] {
        notes.withLock { notes in
            var found: [String: [UInt8]] = [:]
            for (key, value) in notes where key.hasPrefix(prefix) { found[String(key.dropFirst(prefix.count))] = value }
            return found
        }
    }

    /// Writes notes, or removes those whose value is `nil`; durable when it returns. If it throws, the file is as before
    /// and the notes are as they were to be: the next change writes them too.
    public func change(_ changes: [String: [UInt8]?]) throws(SpoolError) {
        var failure: SpoolError?
        notes.withLock { notes in
            for (key, value) in changes { notes[key] = value }
            do throws(SpoolError) { try write(notes) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private func write(_ notes: [String: [UInt8]]) throws(SpoolError) {
        var bytes = FileHeader(purpose: .notes, first: 1, salt: 0).encoded
        var count: [UInt8] = []
        count.append(littleEndian: UInt32(notes.count))
        bytes += Record.encode(.checkpoint, generation: 1, sequence: 0, payload: count)
        for (sequence, note) in notes.sorted(by: { $0.key < $1.key }).enumerated() {
            var payload: [UInt8] = []
            payload.append(littleEndian: UInt16(note.key.utf8.count))
            payload += note.key.utf8
            payload += note.value
            bytes += Record.encode(.note, generation: 1, sequence: UInt64(sequence + 1), payload: payload)
        }
        let path = directory + "/" + Notebook.name
        guard bytes.count <= Notebook.limitBytes else { throw .system(call: "write", path: path, errno: 27) }
        // The directory is synced in between: a power cut must not leave the second without the first.
        try replace(path, by: bytes)
        try replace(directory + "/" + Notebook.copyName, by: bytes)
    }

    private func replace(_ path: String, by bytes: [UInt8]) throws(SpoolError) {
        let file = try disk.open(path + ".new", create: true)
        try file.truncate(to: 0)
        try file.write(bytes, at: 0)
        try file.sync()
        try disk.rename(path + ".new", to: path)
        try disk.syncDirectory(directory)
    }
}
