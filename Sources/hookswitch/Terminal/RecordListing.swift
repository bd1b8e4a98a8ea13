import CPlatform
import EventJSON
import Glibc
import Platform
import Relay

/// Lists lines of `audit.ndjson` or `failures.ndjson`: what `audit` and `failures` have in common.
struct RecordListing {
    /// A column of the table.
    struct Column {
        var name: String
        var width: Int

        init(_ name: String, _ width: Int) {
            self.name = name
            self.width = width
        }
    }

    static let options = [
        Option("--follow", "go on with what comes"),
        Option("--type", "TYPE", "only events of this type"),
        Option("--target", "NAME", "only deliveries to this target"),
        Option("--since", "1h", "only what was tried since: a duration, or a moment like 2026-01-01T00:00:00Z"),
    ]
    /// How often the file is looked at while it is followed, in microseconds.
    private static let pollMicroseconds: UInt32 = 200_000

    private let stem: String
    private let columns: [Column]
    private let arguments: Arguments
    private let spoolPath: String
    private var filter: RecordFilter

    init(stem: String, columns: [Column], _ arguments: Arguments) throws(Failure) {
        self.stem = stem
        self.columns = columns
        self.arguments = arguments
        spoolPath = try ConfigurationFile(arguments).spoolPath()
        filter = try RecordListing.filter(arguments)
    }

    /// The filter that options ask for.
    static func filter(_ arguments: Arguments) throws(Failure) -> RecordFilter {
        var filter = RecordFilter()
        filter.type = arguments["--type"]
        filter.target = arguments["--target"]
        if let status = arguments["--status"] {
            let known = ["SUCCEEDED", "RETRYING", "FAILED"]
            guard known.contains(status.uppercased()) else {
                throw Failure(
                    ExitCode.usage, "there is no status \"\(status)\"",
                    hint: "there are \(known.joined(separator: ", "))")
            }
            filter.status = status.uppercased()
        }
        if let since = arguments["--since"] {
            guard let moment = Since.read(since, now: hs_wall_ms()) else {
                throw Failure(
                    ExitCode.usage, "\"\(since)\" is no time for --since", hint: "write 1h, 7d or 2026-01-01T00:00:00Z")
            }
            filter.since = moment
        }
        return filter
    }

    mutating func run() throws(Failure) -> Int32 {
        guard access(spoolPath, R_OK | X_OK) == 0 else {
            throw Failure(
                ExitCode.file, "the spool \(spoolPath) can't be read: \(String(cString: strerror(errno)))",
                hint: "name the configuration with --config")
        }
        var files = RecordFiles(spool: spoolPath, stem: stem)
        defer { files.close() }
        let isJSON = arguments.has("--json")
        let widths = columns.map(\.width)
        var count = 0
        var isRead = true
        do throws(FileReadError) {
            if !isJSON { StandardStream.output.write(Table.line(columns.map { $0.name.uppercased() }, widths)) }
            var filter = self.filter
            let columns = self.columns
            func take(_ bytes: ArraySlice<UInt8>) {
                guard isRead, let line = filter.take(bytes) else { return }
                count += 1
                let cells = columns.map { Table.cell(line.columns[$0.name] ?? "") }
                isRead = StandardStream.output.write(
                    isJSON ? line.bytes + [0x0A] : Array(Table.line(cells, widths).utf8))
            }
            try files.all(take)
            while isRead && arguments.has("--follow") {
                usleep(RecordListing.pollMicroseconds)
                try files.more(take)
            }
        } catch {
            throw Failure(ExitCode.file, "\(error.path): \(error.reason)")
        }
        if !isJSON && stem == "failures" && count > 0 {
            StandardStream.output.write(
                "\nsend again: hookswitch retry DELIVERY…, or hookswitch retry --failed [--target NAME] [--since 1h]\n")
        }
        return ExitCode.ok
    }
}
