import CPlatform
import Dispatch
import Glibc
import Spool
import Synchronization

/// Passes on what `audit.ndjson` or `failures.ndjson` gains, so that the other relays' operators can see it.
///
/// The file is the queue: nothing is kept in memory but the lines that are under way, one message of many lines at a time. While the
/// cluster is away the lines wait in the file; of more than `behindLimitBytes` the oldest are passed over, and counted.
/// Up to which place it has come stands with the lines themselves, so that a restart goes on where the cluster has them.
///
/// Unchecked: everything but what never changes or has a lock belongs to its serial queue.
final class RecordFeed: @unchecked Sendable {
    /// How much may wait in the file, in bytes; what is older is passed over.
    static let behindLimitBytes = 256 << 20
    /// The most that is passed on at once, in bytes.
    static let stretchBytes = 128 << 10
    /// For how long lines gather, in milliseconds: one message for many.
    private static let gatherMilliseconds = 100
    /// How soon it is tried again where something failed, in milliseconds.
    private static let retryMilliseconds = 2_000
    /// How often the same complaint is made, in milliseconds.
    private static let complaintMilliseconds: Int64 = 60_000
    /// How much is looked at in one step while lines are passed over, in bytes.
    private static let passOverBytes = 1 << 20

    private let sink: any RecordSink
    private let pages: RecordPages
    private let behindLimitBytes: Int
    private let notice: @Sendable (String, KeyValuePairs<String, String>) -> Void
    private let queue: DispatchQueue
    private let isRung = Mutex(false)
    private let counted = Mutex(0)
    /// Up to where the lines are passed on; where the file ended at the start, unless the sink knows better.
    private var cursor: RecordPages.Cursor?
    private var isReady = false
    private var isUnderWay = false
    private var complainedAt: Int64 = .min / 2
    /// Told once when nothing is left to be passed on.
    private var drained: DispatchSemaphore?

    /// A feed that begins behind what the file holds now. `notice` hears of lines that are not passed on.
    init(
        _ pages: RecordPages, to sink: any RecordSink, behindLimitBytes: Int = RecordFeed.behindLimitBytes,
        notice: @escaping @Sendable (String, KeyValuePairs<String, String>) -> Void
    ) {
        self.pages = pages
        self.sink = sink
        self.behindLimitBytes = behindLimitBytes
        self.notice = notice
        queue = DispatchQueue(label: "hookswitch.records.\(pages.stem)")
        // What can't be read now is passed on from its beginning.
        cursor = (try? pages.end) ?? nil
    }

    /// Lines that were passed over since the start. From any thread.
    var passedOver: Int { counted.withLock { $0 } }

    /// The file may have gained lines: they are passed on soon. From any thread.
    func wake() { schedule(afterMilliseconds: RecordFeed.gatherMilliseconds) }

    /// Passes on what there is now, and returns when it is done or the time is over. From any other thread than a sink's.
    func drain(within milliseconds: Int) {
        let bell = DispatchSemaphore(value: 0)
        queue.async { [self] in
            drained = bell
            step()
        }
        _ = bell.wait(timeout: .now() + .milliseconds(milliseconds))
    }

    private func schedule(afterMilliseconds wait: Int) {
        let isFirst = isRung.withLock { isRung in
            defer { isRung = true }
            return !isRung
        }
        guard isFirst else { return }
        queue.asyncAfter(deadline: .now() + .milliseconds(wait)) { [weak self] in
            self?.isRung.withLock { $0 = false }
            self?.step()
        }
    }

    private func step() {
        guard !isUnderWay else { return }
        let limit = min(RecordFeed.stretchBytes, sink.limitBytes)
        guard limit > 0 else { return schedule(afterMilliseconds: RecordFeed.retryMilliseconds) }
        do throws(SpoolError) {
            if !isReady {
                try sink.prepare()
                if let place = try sink.lastPlace().flatMap({ RecordPages.Cursor($0) }) { cursor = place }
                isReady = true
            }
            try passOn(limit)
        } catch {
            complain(error.described)
            schedule(afterMilliseconds: RecordFeed.retryMilliseconds)
        }
    }

    private func passOn(_ limit: Int) throws(SpoolError) {
        let stretch: RecordPages.Stretch
        do throws(FileReadError) {
            try passOver()
            stretch = try pages.forwards(from: cursor, limitBytes: limit)
        } catch {
            throw .elsewhere(reason: "\(error.path): \(error.reason)")
        }
        if stretch.isBroken {
            notice(
                "the file was moved or emptied: the cluster may lack its last lines", ["file": "\(pages.stem).ndjson"])
        }
        note(passedOver: stretch.passedOver)
        guard !stretch.lines.isEmpty, let end = stretch.end else {
            cursor = stretch.end ?? cursor
            drained?.signal()
            drained = nil
            return
        }
        isUnderWay = true
        sink.publish(stretch.lines, upTo: end.description) { [self] reason in
            queue.async { self.ended(at: end, reason) }
        }
    }

    private func ended(at end: RecordPages.Cursor, _ reason: String?) {
        isUnderWay = false
        if let reason {
            // The stream may have gone, or got other limits.
            isReady = false
            complain(reason)
            return schedule(afterMilliseconds: RecordFeed.retryMilliseconds)
        }
        cursor = end
        step()
    }

    private func passOver() throws(FileReadError) {
        guard try pages.bytes(behind: cursor) > behindLimitBytes else { return }
        var lines = 0
        while try pages.bytes(behind: cursor) > behindLimitBytes {
            let stretch = try pages.forwards(from: cursor, limitBytes: RecordFeed.passOverBytes)
            guard stretch.end != cursor else { break }
            lines += stretch.lines.count { $0 == 0x0A } + stretch.passedOver
            cursor = stretch.end
        }
        note(passedOver: lines)
    }

    private func note(passedOver lines: Int) {
        guard lines > 0 else { return }
        counted.withLock { $0 += lines }
        notice(
            "lines are passed over, the cluster does not get them; the file has them",
            ["file": "\(pages.stem).ndjson", "lines": "\(lines)"])
    }

    private func complain(_ reason: String) {
        let now = hs_monotonic_ns() / 1_000_000
        guard now - complainedAt >= RecordFeed.complaintMilliseconds else { return }
        complainedAt = now
        notice(
            "the cluster does not get what was tried, which waits in the file",
            ["file": "\(pages.stem).ndjson", "reason": reason])
    }
}
