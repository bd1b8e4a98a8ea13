import Dispatch
import EventJSON
import Glibc

/// Appends events to files, one line of compact JSON each. One writer: all its files belong to its own serial queue, so
/// that a disk that hangs holds up nobody else.
///
/// What comes together is written together: for each file one write and, unless `sync` says otherwise, one fdatasync, then
/// all are reported. `written` thus means durable.
///
/// Unchecked: all its state belongs to its own serial queue.
final class FileTransport: Transport, @unchecked Sendable {
    /// How many lines are taken together at the most.
    static let gatheredLines = 256
    /// How many files are open at once; past it the one used longest ago is closed.
    static let openFilesLimit = 64

    private let queue: DispatchQueue
    private let sink: AttemptSink
    private let target: String
    private let shared: SharedFiles
    // The following belong to `queue`.
    private var file: FileTargetSettings
    private var body: JSONTemplate?
    private var paths: [EventPath]
    private var files: [String: RotatingFile] = [:]
    /// Paths in order of use, the latest last.
    private var used: [String] = []
    /// Files written since they were synced, where that waits for its time.
    private var unsynced: Set<String> = []

    init?(_ settings: TargetSettings, shared: SharedFiles = SharedFiles(), sink: @escaping AttemptSink) {
        guard case .file(let file) = settings.kind else { return nil }
        queue = DispatchQueue(label: "hookswitch.file.\(settings.name)")
        target = settings.name
        self.shared = shared
        self.file = file
        self.sink = sink
        body = settings.body
        paths = file.path.paths + (settings.body?.paths ?? [])
    }

    deinit { closeAll() }

    func start(_ attempts: [Attempt]) {
        queue.async { self.write(attempts) }
    }

    func update(_ settings: TargetSettings) {
        queue.async {
            guard case .file(let file) = settings.kind else { return }
            self.closeAll()
            self.file = file
            self.body = settings.body
            self.paths = file.path.paths + (settings.body?.paths ?? [])
        }
    }

    /// A write that is under way can't be stopped: it ends in its own time.
    func cancel() {}

    func reopenFiles() {
        queue.async { self.closeAll() }
    }

    private func closeAll() {
        syncAll()
        for path in files.keys { shared.release(path, of: target) }
        files = [:]
        used = []
    }

    private func write(_ attempts: [Attempt]) {
        var order: [String] = []
        var groups: [String: (attempts: [Attempt], lines: [UInt8])] = [:]
        var reports: [AttemptReport] = []
        for attempt in attempts {
            guard let (path, line) = place(attempt) else {
                reports.append(
                    report(attempt, .unfit(reason: "the event's body is not JSON: it makes no line"), file.path.source))
                continue
            }
            if groups[path] == nil { order.append(path) }
            groups[path, default: ([], [])].attempts.append(attempt)
            groups[path, default: ([], [])].lines += line
        }
        for path in order {
            guard let group = groups.removeValue(forKey: path) else { continue }
            let ending = append(group.lines, to: path)
            reports += group.attempts.map { report($0, ending, path) }
        }
        sink(reports)
    }

    /// The file and the line of an attempt; `nil` if the body is no JSON.
    private func place(_ attempt: Attempt) -> (path: String, line: [UInt8])? {
        let event = attempt.event.json
        guard let found = EventBody.values(at: paths, in: event) else { return nil }
        let values = AttemptValues(attempt: attempt, found: found)
        let path = file.path.renderPath(values) { FileTransport.expand($0, at: attempt.startedAt.wall) }
        var line = body?.render(values) ?? []
        if body == nil {
            event.withUnsafeBufferPointer { CompactJSON.append($0, to: &line) }
        }
        line.append(UInt8(ascii: "\n"))
        return (String(decoding: path, as: UTF8.self), line)
    }

    private func append(_ lines: [UInt8], to path: String) -> AttemptEnding {
        var target: RotatingFile
        if let open = files.removeValue(forKey: path) {
            target = open
        } else {
            if let owner = shared.claim(path, for: self.target) {
                return .broken(reason: "open \(path): the target \(owner) writes to this file")
            }
            target = make(path)
        }
        do throws(LineFile.Fault) {
            if let setAside = try target.append(lines, now: .now), file.compresses {
                shared.compress(setAside, of: self.target)
            }
            switch file.sync {
            case .always: try target.sync()
            case .interval(let interval): syncSoon(path, interval)
            case .never: break
            }
        } catch {
            target.close()
            forget(path)
            return .broken(reason: error.reason)
        }
        files[path] = target
        if used.last != path {
            used.removeAll { $0 == path }
            used.append(path)
            if used.count > FileTransport.openFilesLimit { closeOldest() }
        }
        return .written
    }

    private func make(_ path: String) -> RotatingFile {
        if file.compresses { shared.compressLeftovers(of: path, target) }
        var made = RotatingFile(path: path, mode: file.mode, rotateBytes: file.rotateBytes)
        made.rotatePeriodMilliseconds = file.rotatePeriod?.milliseconds
        return made
    }

    private func closeOldest() {
        let path = used[0]
        if unsynced.remove(path) != nil { sync(path) }
        files[path] = nil
        forget(path)
    }

    private func forget(_ path: String) {
        used.removeAll { $0 == path }
        unsynced.remove(path)
        shared.release(path, of: target)
    }

    private func syncSoon(_ path: String, _ interval: Duration) {
        if unsynced.isEmpty {
            queue.asyncAfter(deadline: .now() + .milliseconds(Int(interval.milliseconds))) { [weak self] in
                self?.syncAll()
            }
        }
        unsynced.insert(path)
    }

    private func syncAll() {
        for path in unsynced { sync(path) }
        unsynced = []
    }

    /// A file whose sync failed is opened anew: a sync that failed is never repeated. What was reported stays so, as `interval` has it.
    private func sync(_ path: String) {
        do throws(LineFile.Fault) { try files[path]?.sync() } catch {
            shared.complain("lines may be lost if the power goes now: \(error.reason)", of: target)
        }
    }

    private func report(_ attempt: Attempt, _ ending: AttemptEnding, _ place: String) -> AttemptReport {
        AttemptReport(event: attempt.event.number, ending: ending, place: place, endedAt: .now)
    }

    /// strftime of the path's own text, in UTC and the C locale.
    static func expand(_ text: [UInt8], at now: Int64) -> [UInt8] {
        guard text.contains(UInt8(ascii: "%")) else { return text }
        var seconds = time_t(now / 1000)
        var broken = tm()
        gmtime_r(&seconds, &broken)
        // strftime can't tell an empty result from one that did not fit: a byte in front makes none empty.
        let format = [CChar(bitPattern: UInt8(ascii: "x"))] + text.map { CChar(bitPattern: $0) } + [0]
        var out = [CChar](repeating: 0, count: text.count * 16 + 64)
        let count = strftime(&out, out.count, format, &broken)
        return out[..<max(count, 1)].dropFirst().map { UInt8(bitPattern: $0) }
    }
}
