import Dispatch
import EventJSON
import Glibc
import Synchronization

/// Writes `audit.ndjson`, `failures.ndjson` and `operations.ndjson`. Its files belong to one serial queue; it may be called from any thread.
///
/// The audit file is best effort: if it can't be written, that is said once a minute and deliveries go on. A failure's line
/// is synced before its callback. On a disk that is short of room audit files that were set aside go, the oldest first, and then lines are
/// left out, so that failures and outcomes still have some.
public final class Reporter: Sendable {
    /// At how many bytes a file is set aside.
    public static let rotateBytes = 64 << 20
    /// How many files set aside are kept of each kind; the oldest goes.
    public static let keptFiles = 16
    /// For how long lines gather before they are written to the audit file, in milliseconds: one write for many.
    static let gatherMilliseconds = 10
    /// How much may wait to be written to the audit file, in bytes; past it lines are left out, and counted.
    public static let waitingLimitBytes = 16 << 20

    private let queue = DispatchQueue(label: "hookswitch.reporter")
    private let waiting = Mutex(Waiting())
    // The files are touched on `queue` alone.
    private let files: Files
    private let leftOut = Atomic(0)
    private let written: @Sendable () -> Void

    private struct Waiting {
        /// As they came, so that no record is copied.
        var batches: [[AttemptRecord]] = []
        var bytes = 0
        var isScheduled = false
        var leftOut = 0
    }

    /// Lines that were left out of the audit file since the start.
    public var auditLinesLeftOut: Int { leftOut.load(ordering: .relaxed) }

    /// Writes into a directory, which must be there. `notify` hears of files that can't be written, `written` each time that there
    /// are new lines in the audit or the failures file.
    public init(
        directory: String, reserve: AuditReserve = .none,
        notify: @escaping @Sendable (DeliveryNotice) -> Void = { _ in }, written: @escaping @Sendable () -> Void = {}
    ) {
        files = Files(directory: directory, reserve: reserve, notify: notify)
        self.written = written
    }

    /// Adds attempts to the audit file, soon.
    public func audit(_ records: [AttemptRecord]) {
        guard !records.isEmpty else { return }
        let schedule = waiting.withLock { waiting in
            var fitting = 0
            while fitting < records.count {
                let bytes = 512 + records[fitting].sizeBytes
                guard waiting.bytes + bytes <= Reporter.waitingLimitBytes else { break }
                waiting.bytes += bytes
                fitting += 1
            }
            waiting.leftOut += records.count - fitting
            waiting.batches.append(fitting == records.count ? records : Array(records[..<fitting]))
            defer { waiting.isScheduled = true }
            return !waiting.isScheduled
        }
        guard schedule else { return }
        queue.asyncAfter(deadline: .now() + .milliseconds(Reporter.gatherMilliseconds)) { self.writeAudit() }
    }

    /// Adds deliveries given up to the failures file and the audit file, then calls back on the reporter's queue with
    /// whether they are durable.
    public func failures(_ records: [AttemptRecord], _ done: @escaping @Sendable (Bool) -> Void) {
        queue.async {
            let isWritten = self.files.appendFailures(records)
            // A failure that could not be written comes again: only then is it one for the audit.
            if isWritten { self.audit(records) }
            done(isWritten)
            if isWritten { self.written() }
        }
    }

    /// Adds deliveries that were dropped to the failures file; whether they are durable is the answer. Blocks; a drop has one line in the
    /// audit file, which counts them.
    public func dropped(_ records: [AttemptRecord]) -> Bool {
        defer { written() }
        return queue.sync { files.appendFailures(records) }
    }

    /// Adds a line to the record of what operators did. Best effort, like the audit file.
    public func operation(_ line: [UInt8]) {
        queue.async { self.files.appendOperation(line) }
    }

    /// Opens the files anew at the next line: somebody has moved them.
    public func reopenFiles() {
        queue.async { self.files.close() }
    }

    /// Returns when all that was handed over is written. Not to be called in a callback of its own.
    public func flush() { queue.sync { self.writeAudit() } }

    private func writeAudit() {
        let (batches, leftOut) = waiting.withLock { waiting in
            defer { waiting = Waiting() }
            return (waiting.batches, waiting.leftOut)
        }
        let more = files.appendAudit(batches, leftOut: leftOut)
        self.leftOut.add(leftOut + more, ordering: .relaxed)
        if !batches.isEmpty { written() }
    }
}

extension Reporter {
    /// The files. Unchecked: `Reporter` uses it on its queue alone.
    private final class Files: @unchecked Sendable {
        private let notify: @Sendable (DeliveryNotice) -> Void
        private var audit: RotatingFile
        private var failures: RotatingFile
        private var operations: RotatingFile
        private let reserve: AuditReserve
        /// Lines that were left out for want of room, since there was some.
        private var leftOut = 0
        private var line = JSONWriter()
        private var complainedAt: Int64 = .min / 2

        init(directory: String, reserve: AuditReserve, notify: @escaping @Sendable (DeliveryNotice) -> Void) {
            self.reserve = reserve
            self.notify = notify
            audit = RotatingFile(path: directory + "/audit.ndjson", rotateBytes: rotateBytes, keep: keptFiles)
            failures = RotatingFile(path: directory + "/failures.ndjson", rotateBytes: rotateBytes, keep: keptFiles)
            operations = RotatingFile(path: directory + "/operations.ndjson", rotateBytes: rotateBytes, keep: keptFiles)
        }

        /// Answers how many lines more were left out.
        func appendAudit(_ batches: [[AttemptRecord]], leftOut: Int) -> Int {
            if leftOut > 0 { complain("\(leftOut) lines left out of audit.ndjson: the disk is too slow for them") }
            guard !batches.isEmpty else { return 0 }
            let count = batches.reduce(0) { $0 + $1.count }
            let lines = lines(batches)
            guard hasRoom(for: lines.count) else {
                if self.leftOut == 0 {
                    tell(.error, "the disk is short of room: lines are left out of audit.ndjson until there is some")
                }
                self.leftOut += count
                return count
            }
            if self.leftOut > 0 { tell(.info, "audit.ndjson is written again; \(self.leftOut) lines were left out") }
            self.leftOut = 0
            do throws(LineFile.Fault) {
                try audit.append(lines, now: .now)
                return 0
            } catch {
                complain("audit.ndjson can't be written, deliveries go on: \(error.reason)")
                return count
            }
        }

        private func hasRoom(for bytes: Int) -> Bool {
            // A little more than it takes before it goes on: not to be told again and again.
            let bytes = leftOut > 0 ? bytes + reserve.bytes / 8 : bytes
            while !reserve.leavesEnough(after: bytes) {
                guard audit.forgetOldest() else { return false }
            }
            return true
        }

        func appendFailures(_ records: [AttemptRecord]) -> Bool {
            do throws(LineFile.Fault) {
                try failures.append(lines([records]), now: .now)
                try failures.sync()
                return true
            } catch {
                failures.close()
                complain("failures.ndjson can't be written, failures are tried again in a minute: \(error.reason)")
                return false
            }
        }

        func appendOperation(_ line: [UInt8]) {
            do throws(LineFile.Fault) { try operations.append(line + [UInt8(ascii: "\n")], now: .now) } catch {
                complain("operations.ndjson can't be written: \(error.reason)")
            }
        }

        func close() {
            audit.close()
            failures.close()
            operations.close()
        }

        private func lines(_ batches: [[AttemptRecord]]) -> [UInt8] {
            line.removeAll()
            for batch in batches {
                for place in batch.indices {
                    batch[place].write(to: &line)
                    line.endLine()
                }
            }
            return line.bytes
        }

        private func complain(_ message: String) {
            let now = Moment.now.steady
            guard now - complainedAt >= 60_000 else { return }
            complainedAt = now
            tell(.error, message)
        }

        private func tell(_ level: DeliveryNotice.Level, _ message: String) {
            notify(DeliveryNotice(level: level, target: nil, message: message))
        }
    }
}

extension AttemptRecord {
    /// About how much of a line is not fixed, in bytes.
    fileprivate var sizeBytes: Int {
        switch ending {
        case .answered(let answer): answer.body.count + place.utf8.count
        case .exited(_, let output), .broken(_, let output): output.count + place.utf8.count
        case .written, .unfit, .cancelled: place.utf8.count
        }
    }
}
