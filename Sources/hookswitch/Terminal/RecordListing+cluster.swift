import Glibc
import Platform
import Relay

/// `audit --cluster` and `failures --cluster`: what all relays wrote, as the brokers have it.
extension RecordListing {
    /// How often the brokers are asked while they are followed, in microseconds.
    private static let clusterPollMicroseconds: UInt32 = 500_000

    mutating func runOnCluster() throws(Failure) -> Int32 {
        var records = try ConfigurationFile(arguments).clusterRecords(stem)
        let isJSON = arguments.has("--json")
        let isFollowed = arguments.has("--follow")
        let columns = self.columns + [Column("relay", "RELAY", isKept: true)]
        let table = Table(columns.map(\.heading), keeping: Set(columns.filter(\.isKept).map(\.heading)))
        if Terminal.output.isInteractive && !isJSON && !isFollowed {
            return try showNewest(of: records, columns, table)
        }
        var rows = RowStream(table, rowsForLayout: RecordListing.rowsForLayout, on: .output)
        var lines = GatheredOutput()
        var isRead = true
        var filter = self.filter
        let relay = arguments["--relay"]
        func take(_ bytes: ArraySlice<UInt8>, _ name: String) -> Bool {
            guard relay == nil || relay == name, let line = filter.take(bytes) else { return true }
            isRead =
                isJSON
                ? lines.write(line.bytes) && lines.write(CollectionOfOne(0x0A))
                : rows.add(RecordListing.cells(line, of: name, columns))
            return isRead
        }
        try ConfigurationFile.asking { () throws(ClusterRecords.Fault) in
            try records.all(since: filter.since, take)
            while isRead && isFollowed {
                isRead = isJSON ? lines.flush() : rows.flush()
                usleep(RecordListing.clusterPollMicroseconds)
                try records.more(take)
            }
        }
        if isJSON { lines.flush() }
        guard !isJSON, isRead else { return ExitCode.ok }
        rows.flush()
        conclude(rows.count)
        return ExitCode.ok
    }

    /// Shows the newest rows, the latest last.
    private mutating func showNewest(
        of records: ClusterRecords, _ columns: [Column], _ table: Table
    ) throws(Failure) -> Int32 {
        var table = table
        var filter = self.filter
        let relay = arguments["--relay"]
        var newest: [(line: RecordLine, relay: String)] = []
        try ConfigurationFile.asking { () throws(ClusterRecords.Fault) in
            try records.backwards(since: filter.since) { bytes, name in
                guard relay == nil || relay == name, let line = filter.take(bytes) else { return true }
                newest.append((line, name))
                return newest.count <= RecordListing.rowsOnTerminal
            }
        }
        for (line, relay) in newest.prefix(RecordListing.rowsOnTerminal).reversed() {
            table.add(RecordListing.cells(line, of: relay, columns))
        }
        if !table.isEmpty { StandardStream.output.write(table.text) }
        if newest.count > RecordListing.rowsOnTerminal { StandardStream.output.write(RecordListing.moreThere) }
        conclude(table.count)
        return ExitCode.ok
    }
}

extension ConfigurationFile {
    /// What all relays wrote: `kind` is `audit` or `failures`.
    func clusterRecords(_ kind: String) throws(Failure) -> ClusterRecords {
        try requireCluster()
        let configuration = try usable()
        let records = try ConfigurationFile.asking { () throws(ClusterRecords.Fault) in
            try ClusterRecords(configuration, kind)
        }
        guard let records else { throw Failure(ExitCode.configuration, "the configuration names no cluster") }
        return records
    }

    /// Asks the brokers; a fault of theirs ends the verb.
    static func asking<Result>(_ body: () throws(ClusterRecords.Fault) -> Result) throws(Failure) -> Result {
        do throws(ClusterRecords.Fault) { return try body() } catch {
            throw Failure(
                ExitCode.unavailable, error.message, hint: "are the brokers there? `hookswitch check --live` asks them")
        }
    }
}
