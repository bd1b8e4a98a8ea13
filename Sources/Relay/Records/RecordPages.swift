import CPlatform
import Glibc

/// `audit.ndjson` or `failures.ndjson` with the files set aside before it, read from the end backwards, piece by piece: a
/// page of millions of lines costs what it shows. Holds nothing between two calls; may be used on any thread.
public struct RecordPages: Sendable {
    /// A place between two lines. The file is known by its inode, since its name changes when it is set aside.
    public struct Cursor: Sendable, Equatable, CustomStringConvertible {
        var inode: UInt64
        var offset: Int

        /// Reads what `description` wrote; `nil` for anything else.
        init?(_ text: String) {
            let parts = text.split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count == 2, let inode = UInt64(parts[0], radix: 36), let offset = Int(parts[1], radix: 36),
                offset >= 0
            else { return nil }
            self.init(inode: inode, offset: offset)
        }

        init(inode: UInt64, offset: Int) {
            self.inode = inode
            self.offset = offset
        }

        /// As a query has it.
        public var description: String { "\(String(inode, radix: 36))-\(String(offset, radix: 36))" }
    }

    /// What a line's taker wants next.
    public enum Appetite: Sendable {
        case more, enough
    }

    let directory: String
    let stem: String

    /// How much is read at once, in bytes.
    static let chunkBytes = 256 << 10

    /// The files of a kind, `audit` or `failures`, in a spool's directory.
    public init(directory: String, stem: String) {
        self.directory = directory
        self.stem = stem
    }

    /// Hands over lines backwards from a place (`nil`: the end), each with the place before it, until the taker has enough or
    /// so many bytes were looked at. Answers where to go on; `nil` if there is nothing older. Files set aside before `since`
    /// (as `executed_at` writes it) are left out: all that they hold is older.
    public func older(
        than cursor: Cursor?, since: String?, budgetBytes: Int, _ take: (UnsafeRawBufferPointer, Cursor) -> Appetite
    ) throws(FileReadError) -> Cursor? {
        var left = budgetBytes
        var isReached = cursor == nil
        for file in try RecordFile.all(of: stem, in: directory) {
            if let since, file.isOlder(than: since) { return nil }
            if !isReached && file.inode != cursor?.inode { continue }
            var position = isReached ? file.end : min(cursor?.offset ?? 0, file.end)
            isReached = true
            while position > 0 {
                guard left > 0 else { return Cursor(inode: file.inode, offset: position) }
                let start = max(0, position - RecordPages.chunkBytes)
                let chunk = try file.read(start..<position)
                left -= chunk.count
                let stopped = RecordPages.linesBackwards(chunk, isFirst: start == 0) { line, at in
                    take(line, Cursor(inode: file.inode, offset: start + at))
                }
                switch stopped {
                case .enough(let at):
                    return start + at > 0 || !file.isOldest
                        ? Cursor(inode: file.inode, offset: start + at) : nil
                case .rest(let at):
                    // A line longer than a chunk is none of ours: it is passed over.
                    position = start + (at == chunk.count ? 0 : at)
                }
            }
        }
        return nil
    }

    /// Hands over the lines behind a place, forwards. Answers where they end; the end of everything if the place is gone.
    func newer(
        than cursor: Cursor, budgetBytes: Int, _ take: (UnsafeRawBufferPointer) -> Appetite
    ) throws(FileReadError) -> Cursor {
        let files = try RecordFile.all(of: stem, in: directory)
        guard let place = files.firstIndex(where: { $0.inode == cursor.inode }) else { return try newest }
        var last = cursor
        var left = budgetBytes
        for file in files[...place].reversed() {
            var position = file.inode == cursor.inode ? cursor.offset : 0
            last = Cursor(inode: file.inode, offset: position)
            while position < file.end && left > 0 {
                let chunk = try file.read(position..<min(file.end, position + RecordPages.chunkBytes))
                left -= chunk.count
                var start = 0
                var isSated = false
                while !isSated, let end = chunk[start...].firstIndex(of: 0x0A) {
                    isSated = chunk.withUnsafeBytes { take(.init(rebasing: $0[start..<end])) } == .enough
                    start = end + 1
                }
                position += start > 0 ? start : chunk.count
                last.offset = position
                if isSated { return last }
            }
        }
        return last
    }

    /// The end of the newest file.
    var newest: Cursor {
        get throws(FileReadError) { try end ?? Cursor(inode: 0, offset: 0) }
    }

    private enum Stop {
        /// Before this place of the chunk nothing was looked at.
        case enough(Int)
        /// What stands before this place is the end of a line that begins in an earlier chunk.
        case rest(Int)
    }

    /// Lines of a chunk that ends with a line's end, the last first.
    private static func linesBackwards(
        _ chunk: [UInt8], isFirst: Bool, _ take: (UnsafeRawBufferPointer, Int) -> Appetite
    ) -> Stop {
        chunk.withUnsafeBytes { bytes in
            var end = bytes.count
            while end > 0 {
                let found = bytes[..<(end - 1)].lastIndex(of: 0x0A)
                guard let start = found.map({ $0 + 1 }) ?? (isFirst ? 0 : nil) else { return .rest(end) }
                let line = UnsafeRawBufferPointer(rebasing: bytes[start..<(end - 1)])
                if !line.isEmpty, take(line, start) == .enough { return .enough(start) }
                end = start
            }
            return .rest(0)
        }
    }
}
