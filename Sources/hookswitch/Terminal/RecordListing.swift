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
        var heading: String
        var isKept: Bool

        init(_ name: String, _ heading: String, isKept: Bool = false) {
            self.name = name
            self.heading = heading
            self.isKept = isKept
        }
    }

    /// So many rows are looked at before the columns' widths are settled.
    static let rowsForLayout = 200
    static let options = [
        Option("--follow", "go on with what comes"),
        Option("--type", "TYPE", "only events of this type"),
        Option("--target", "NAME", "only deliveries to this target"),
        Option("--since", "TIME", "only what was tried since: 2h, 15:04, 2026-01-01 15:04 or 2026-01-01T15:04:05Z"),
        Verb.cluster, Option("--relay", "NAME", "with --cluster: only what this relay tried"),
    ]
    /// A terminal is shown the newest rows, so many; a file, a pipe and --json get all.
    static let rowsOnTerminal = 1000
    /// How often the file is looked at while it is followed, in microseconds.
    static let pollMicroseconds: UInt32 = 200_000

    let stem: String
    let columns: [Column]
    let arguments: Arguments
    private let spoolPath: String
    var filter: RecordFilter

    init(stem: String, columns: [Column], _ arguments: Arguments) throws(Failure) {
        self.stem = stem
        self.columns = columns
        self.arguments = arguments
        guard arguments["--relay"] == nil || arguments.has("--cluster") else {
            throw Failure(ExitCode.usage, "--relay picks one of several relays", hint: "it goes with --cluster")
        }
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
        if let since = arguments["--since"] { filter.since = try moment(since, of: "--since") }
        return filter
    }

    /// A moment in the past as `executed_at` has it, of what was written behind an option.
    static func moment(_ text: String, of option: String) throws(Failure) -> String {
        let now = hs_wall_ms()
        if let moment = LocalTime.read(text, now: now) { return CivilDate.iso8601(moment) }
        if let moment = Since.read(text, now: now) { return moment }
        throw Failure(
            ExitCode.usage, "\"\(text)\" is no time for \(option)",
            hint: "write how long ago (2h, 7d), a time of day (15:04), or a date with it (2026-01-01 15:04)")
    }

    mutating func run() throws(Failure) -> Int32 {
        if arguments.has("--cluster") { return try runOnCluster() }
        guard access(spoolPath, R_OK | X_OK) == 0 else {
            throw Failure(
                ExitCode.file, "the spool \(spoolPath) can't be read: \(String(cString: strerror(errno)))",
                hint: "name the configuration with --config")
        }
        let isJSON = arguments.has("--json")
        let isFollowed = arguments.has("--follow")
        if Terminal.output.isInteractive && !isJSON && !isFollowed { return try showNewest() }
        var files = RecordFiles(spool: spoolPath, stem: stem)
        defer { files.close() }
        var rows = RowStream(
            Table(columns.map(\.heading), keeping: Set(columns.filter(\.isKept).map(\.heading))),
            rowsForLayout: RecordListing.rowsForLayout, on: .output)
        var lines = GatheredOutput()
        var isRead = true
        do throws(FileReadError) {
            var filter = self.filter
            let columns = self.columns
            func take(_ bytes: ArraySlice<UInt8>) {
                guard isRead, let line = filter.take(bytes) else { return }
                isRead =
                    isJSON
                    ? lines.write(line.bytes) && lines.write(CollectionOfOne(0x0A))
                    : rows.add(RecordListing.cells(line, columns))
            }
            try files.all(take)
            while isRead && isFollowed {
                isRead = isJSON ? lines.flush() : rows.flush()
                usleep(RecordListing.pollMicroseconds)
                try files.more(take)
            }
        } catch {
            throw Failure(ExitCode.file, "\(error.path): \(error.reason)")
        }
        if isJSON { lines.flush() }
        guard !isJSON, isRead else { return ExitCode.ok }
        rows.flush()
        conclude(rows.count)
        return ExitCode.ok
    }

    /// Shows the newest rows, the latest last. The files are read from their end: a million older lines cost nothing.
    private mutating func showNewest() throws(Failure) -> Int32 {
        var table = Table(columns.map(\.heading), keeping: Set(columns.filter(\.isKept).map(\.heading)))
        var newest: [RecordLine] = []
        do throws(FileReadError) {
            _ = try RecordPages(directory: spoolPath, stem: stem).older(
                than: nil, since: filter.since, budgetBytes: .max
            ) { bytes, _ in
                if let line = filter.take(bytes) { newest.append(line) }
                return newest.count > RecordListing.rowsOnTerminal ? .enough : .more
            }
        } catch {
            throw Failure(ExitCode.file, "\(error.path): \(error.reason)")
        }
        let isCut = newest.count > RecordListing.rowsOnTerminal
        for line in newest.prefix(RecordListing.rowsOnTerminal).reversed() {
            table.add(RecordListing.cells(line, columns))
        }
        if !table.isEmpty { StandardStream.output.write(table.text) }
        if isCut {
            StandardStream.output.write(RecordListing.moreThere)
        }
        conclude(table.count)
        return ExitCode.ok
    }

    static let moreThere =
        "\nthe newest \(RecordListing.rowsOnTerminal) are shown; there are more: --since, --target, --json, or a pipe\n"

    /// What is said behind the rows.
    func conclude(_ rowCount: Int) {
        if rowCount == 0 {
            let hasFilter = ["--type", "--target", "--status", "--since"].contains { arguments[$0] != nil }
            StandardStream.error.write(hasFilter ? "nothing matches\n" : "nothing yet\n")
        } else if stem == "failures" {
            StandardStream.output.write(
                "\nsend again: hookswitch retry DELIVERY…, or hookswitch retry --failed [--target NAME] [--since 1h]\n")
        }
    }

    /// A line's cells; `relay` is the one that wrote it, where there are several.
    static func cells(_ line: RecordLine, of relay: String? = nil, _ columns: [Column]) -> [Table.Cell] {
        columns.map { column in
            let text = column.name == "relay" ? relay ?? "" : line[column.name] ?? ""
            return switch column.name {
            case "executed_at": Table.Cell(LocalTime.described(text, now: hs_wall_ms()))
            case "status": Table.Cell(text, ["SUCCEEDED": .good, "RETRYING": .warning, "FAILED": .bad][text] ?? .plain)
            default: Table.Cell(text)
            }
        }
    }
}
