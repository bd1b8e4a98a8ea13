import EventJSON
import Glibc
import Platform
import Relay
import Spool

/// `hookswitch spool erase`: by way of the daemon if there is one, else with its own hands.
struct SpoolErasure {
    /// Events in one request.
    private static let batch = 1000

    private let path: String
    private let arguments: Arguments
    private var events: [UInt64]

    init(_ path: String, _ arguments: Arguments) throws(Failure) {
        self.path = path
        self.arguments = arguments
        events = try SpoolExport.numbers(arguments)
        guard var filter = try SpoolExport.filter(arguments) else {
            guard !events.isEmpty else {
                throw Failure(
                    ExitCode.usage, "`hookswitch spool erase` needs events, or --match",
                    hint: "like `hookswitch spool erase 1042`")
            }
            return
        }
        guard events.isEmpty else {
            throw Failure(ExitCode.usage, "either events are named, or --match says which")
        }
        var found: [UInt64] = []
        try StoredEvents(arguments).each { event, _ in
            if filter.takes(event) { found.append(event.number.rawValue) }
            return true
        }
        events = found
    }

    func run() throws(Failure) -> Int32 {
        if arguments.has("--dry-run") {
            for event in events { show("\(event)", ["event": event], "would be erased") }
            return ExitCode.ok
        }
        var erased = 0
        for start in stride(from: 0, to: events.count, by: SpoolErasure.batch) {
            let part = Array(events[start..<min(events.count, start + SpoolErasure.batch)])
            let answer = try erase(part)
            guard let root = try? JSONDocument(answer).root else {
                throw Failure(ExitCode.failure, "the daemon's answer can't be read")
            }
            erased += root[key: "erased"]?.integer ?? 0
            for result in root[key: "results"]?.array ?? [] {
                let number = UInt64(result[key: "event"]?.integer ?? 0)
                var text = result[key: "result"]?.string ?? ""
                if let cancelled = result[key: "cancelled"]?.integer, cancelled > 0, !arguments.has("--json") {
                    text += "; \(cancelled) deliveries that were still owed are not made"
                }
                show("event \(number)", ["event": number], text)
            }
        }
        tellUnreached()
        return erased == events.count ? ExitCode.ok : ExitCode.failure
    }

    /// The daemon's answer, or the like of it.
    private func erase(_ part: [UInt64]) throws(Failure) -> [UInt8] {
        let request = "{\"events\":[\(part.map { String($0) }.joined(separator: ","))]}"
        do throws(Failure) {
            return try ControlSocket(spoolPath: path).ask("/api/v1/erase", posting: Array(request.utf8))
        } catch {
            guard error.isForWantOfDaemon else { throw error }
        }
        let numbers = part.map { EventNumber(rawValue: $0) }
        let stored = try StoredEvents(arguments)
        do throws(SpoolError) {
            var writer = JSONWriter()
            if case .cluster(let reader) = stored {
                EraseReport(numbers, try reader.erase(numbers)).write(to: &writer)
                return writer.bytes
            }
            // Nothing else is to happen to the spool: it is neither too old nor too large for this.
            var settings = SpoolSettings(path: path)
            settings.retain = .seconds(Int64(Int32.max))
            settings.maxSizeBytes = .max / 4
            settings.minFreeBytes = 0
            let spool = try Spool(settings, notice: { _ in })
            defer { spool.close() }
            EraseReport(numbers, try spool.erase(numbers)).write(to: &writer)
            return writer.bytes
        } catch {
            throw StoredEvents.failure(error)
        }
    }

    private func show(_ name: String, _ members: [String: UInt64], _ result: String) {
        guard arguments.has("--json") else {
            StandardStream.output.write("\(name): \(Table.shown(result, keepingLines: false))\n")
            return
        }
        var writer = JSONWriter()
        writer.object {
            for (key, value) in members { $0.member(key, value) }
            $0.member("result", result)
        }
        StandardStream.output.write(writer.bytes + [0x0A])
    }

    private func tellUnreached() {
        let unreached = damagedCopies + EraseReport.unreached
        guard arguments.has("--json") else {
            StandardStream.output.write("\nnot reached:\n" + unreached.map { "  - \($0)\n" }.joined())
            return
        }
        var writer = JSONWriter()
        writer.object { $0.member("unreached", unreached) }
        StandardStream.output.write(writer.bytes + [0x0A])
    }

    /// Copies of damaged bytes, whose events nobody can tell.
    private var damagedCopies: [String] {
        guard let listing = opendir(path + "/damaged") else { return [] }
        defer { closedir(listing) }
        var names: [String] = []
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".bytes") {
                names.append("damaged/\(name), a copy of damaged bytes that may be its: remove it by hand")
            }
        }
        return names.sorted()
    }
}
