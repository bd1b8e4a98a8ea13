import Synchronization

/// A few facts that outlast a restart and belong to no event: which queues wait by hand, which breakers are open, how far a
/// replay has come. One small file in the spool, `notes`, written anew whole and renamed into its place at each change.
///
/// Its records are `key length u16 · key · value`. May be used from any thread; a change takes as long as two syncs.
public final class Notebook: Sendable {
    /// All notes together take at most so many bytes.
    public static let limitBytes = 8 << 20

    /// The file's name in the spool.
    static let name = "notes"
    static let copyName = "notes.copy"

    private let directory: String
    private let disk: any Disk
    private let notes: Mutex<[String: [UInt8]]>

    /// Reads the notes of a spool's directory; none if there are none yet. A damaged note is left out.
    /// - Throws: `SpoolError.newerVersion`, or the system call that failed.
    public init(_ directory: String, disk: any Disk = SystemDisk()) throws(SpoolError) {
        self.directory = directory
        self.disk = disk
        notes = Mutex(try Notebook.read(directory, on: disk))
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

    private var path: String { Notebook.path(directory) }
    private static func path(_ directory: String) -> String { directory + "/notes" }

    private func write(_ notes: [String: [UInt8]]) throws(SpoolError) {
        var bytes = FileHeader(purpose: .notes, first: 1, salt: 0).encoded
        for (sequence, note) in notes.sorted(by: { $0.key < $1.key }).enumerated() {
            var payload: [UInt8] = []
            payload.append(littleEndian: UInt16(note.key.utf8.count))
            payload += note.key.utf8
            payload += note.value
            bytes += Record.encode(.note, generation: 1, sequence: UInt64(sequence + 1), payload: payload)
        }
        guard bytes.count <= Notebook.limitBytes else { throw .system(call: "write", path: path, errno: 27) }
        let file = try disk.open(path + ".new", create: true)
        try file.truncate(to: 0)
        try file.write(bytes, at: 0)
        try file.sync()
        try disk.rename(path + ".new", to: path)
        try disk.syncDirectory(directory)
    }

    private static func read(_ directory: String, on disk: any Disk) throws(SpoolError) -> [String: [UInt8]] {
        guard try disk.list(directory).contains("notes") else { return [:] }
        let file = try disk.open(path(directory), create: false)
        guard try FileHeader.read(file, path: path(directory), first: 1) != nil else { return [:] }
        var notes: [String: [UInt8]] = [:]
        var scan = try RecordScan(file, generation: 1)
        while true {
            switch try scan.next() {
            case .record(let offset, let header):
                guard header.kind == .note else { continue }
                scan.withPayload(offset, header) { payload in
                    var reader = ByteReader(payload)
                    guard let length = reader.number(UInt16.self), let key = reader.take(Int(length)) else { return }
                    notes[String(decoding: key, as: UTF8.self)] = Array(payload[reader.offset...])
                }
            case .damage: continue
            case .end: return notes
            }
        }
    }
}
