import Dispatch
import EventJSON
import Glibc
import Synchronization

/// Writes `audit.ndjson`, `failures.ndjson` and `operations.ndjson`. Its files belong to one serial queue; it may be called from any thread.
///
/// The audit file is best effort: if it can't be written, that is said once a minute and deliveries go on. A failure's line
/// is synced before its callback.
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
    private let written: @Sendable () -> Void

    private struct Waiting {
        var records: [AttemptRecord] = []
        var bytes = 0
        var isScheduled = false
        var leftOut = 0
    }

    /// Writes into a directory, which must be there. `notify` hears of files that can't be written, `written` each time that there
    /// are new lines in the audit or the failures file.
    public init(
        directory: String, notify: @escaping @Sendable (DeliveryNotice) -> Void = { _ in },
        written: @escaping @Sendable () -> Void = {}
    ) {
        files = Files(directory: directory, notify: notify)
        self.written = written
    }

    /// Adds attempts to the audit file, soon.
    public func audit(_ records: [AttemptRecord]) {
        guard !records.isEmpty else { return }
        let schedule = waiting.withLock { waiting in
            for record in records {
                let bytes = 512 + record.sizeBytes
                guard waiting.bytes + bytes <= Reporter.waitingLimitBytes else {
                    waiting.leftOut += 1
                    continue
                }
                waiting.bytes += bytes
                waiting.records.append(record)
            }
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
        let (records, leftOut) = waiting.withLock { waiting in
            defer { waiting = Waiting() }
            return (waiting.records, waiting.leftOut)
        }
        files.appendAudit(records, leftOut: leftOut)
        if !records.isEmpty { written() }
    }
}

extension Reporter {
    /// The files. Unchecked: `Reporter` uses it on its queue alone.
    private final class Files: @unchecked Sendable {
        private let notify: @Sendable (DeliveryNotice) -> Void
        private var audit: RotatingFile
        private var failures: RotatingFile
        private var operations: RotatingFile
        private var line = JSONWriter()
        private var complainedAt: Int64 = .min / 2

        init(directory: String, notify: @escaping @Sendable (DeliveryNotice) -> Void) {
            self.notify = notify
            audit = RotatingFile(path: directory + "/audit.ndjson", rotateBytes: rotateBytes, keep: keptFiles)
            failures = RotatingFile(path: directory + "/failures.ndjson", rotateBytes: rotateBytes, keep: keptFiles)
            operations = RotatingFile(path: directory + "/operations.ndjson", rotateBytes: rotateBytes, keep: keptFiles)
        }

        func appendAudit(_ records: [AttemptRecord], leftOut: Int) {
            if leftOut > 0 { complain("\(leftOut) lines left out of audit.ndjson: the disk is too slow for them") }
            guard !records.isEmpty else { return }
            do throws(LineFile.Fault) {
                try audit.append(lines(records), now: .now)
            } catch {
                complain("audit.ndjson can't be written, deliveries go on: \(error.reason)")
            }
        }

        func appendFailures(_ records: [AttemptRecord]) -> Bool {
            do throws(LineFile.Fault) {
                try failures.append(lines(records), now: .now)
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

        private func lines(_ records: [AttemptRecord]) -> [UInt8] {
            line.removeAll()
            for record in records {
                record.write(to: &line)
                line.endLine()
            }
            return line.bytes
        }

        private func complain(_ message: String) {
            let now = Moment.now.steady
            guard now - complainedAt >= 60_000 else { return }
            complainedAt = now
            notify(DeliveryNotice(level: .error, target: nil, message: message))
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
