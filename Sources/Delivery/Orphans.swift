import CPlatform
import Glibc

/// Collects processes that commands leave behind: the relay becomes their parent, and nobody else would. They come to the
/// process's first thread, commands to the one that starts them (`CommandLoop`'s), so that no command's exit is taken from it.
/// Belongs to the command loop's thread.
struct Orphans {
    /// How soon after a command's end they are looked for, in milliseconds; twice as long each time that some are still there.
    static let firstMilliseconds: Int64 = 5
    static let longestMilliseconds: Int64 = 1000

    /// When to look again, by the steady clock in milliseconds.
    private(set) var dueAt: Int64
    private var wait = Orphans.firstMilliseconds
    private let isOurs: Bool
    private let path = "/proc/self/task/\(getpid())/children"

    /// Looks for none in a process that does not adopt them: its children are somebody else's.
    init() {
        isOurs = hs_adopts_orphans() != 0
        // Those of a daemon before, whose process this is (or, being the first in a container, of anybody) come at any time.
        dueAt = isOurs && getpid() == 1 ? 0 : .max
    }

    /// A command has begun: it may leave some behind before it ends.
    mutating func expect(now: Int64) {
        if isOurs { dueAt = min(dueAt, now + Orphans.longestMilliseconds) }
    }

    /// A command has ended: what it leaves behind may end with it.
    mutating func look(now: Int64) {
        guard isOurs else { return }
        wait = Orphans.firstMilliseconds
        dueAt = min(dueAt, now + wait)
    }

    /// Collects those that have ended. `isBusy` says whether commands are under way.
    mutating func collect(now: Int64, isBusy: Bool) {
        guard dueAt <= now else { return }
        var isLeft = false
        for pid in children() {
            var code: Int32 = 0
            if hs_reap(pid, &code) == 0 { isLeft = true }
        }
        wait = min(wait * 2, Orphans.longestMilliseconds)
        dueAt = isLeft ? now + wait : isBusy || getpid() == 1 ? now + Orphans.longestMilliseconds : .max
    }

    /// The children of the process's first thread (proc_pid_children(5)).
    private func children() -> [pid_t] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { close(file) }
        return withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 1) { buffer in
            let count = read(file, buffer.baseAddress, buffer.count)
            guard count > 0 else { return [] }
            return String(decoding: buffer[..<count], as: UTF8.self).split(separator: " ").compactMap { pid_t($0) }
        }
    }
}
