import EventJSON
import Platform
import Relay

extension Verb {
    static let retry = Verb(
        name: "retry", operands: "EVENT/TARGET…|--failed", completing: .deliveries,
        summary: "sends deliveries again, each with a fresh schedule",
        options: [
            config, json, Option("--failed", "all that was given up"),
            Option("--target", "NAME", "with --failed: only this target's"),
            Option("--since", "1h", "with --failed: only what was given up since"),
            Option(
                "--cluster", "with --since: what any relay of `spool.jetstream` gave up; the rest is of all in any case"
            ),
            Option("--dry-run", "send nothing, say what would be sent"),
        ]
    ) { arguments throws(Failure) in
        let file = ConfigurationFile(arguments)
        let spoolPath = try file.spoolPath()
        if arguments.has("--cluster") { try file.requireCluster() }
        let daemon = ControlSocket(spoolPath: spoolPath)
        let isDryRun = arguments.has("--dry-run")
        var requests: [[UInt8]] = []
        /// How many deliveries the requests name; `nil` where the daemon knows alone.
        var total: Int?
        if arguments.has("--failed") {
            guard arguments.rest.isEmpty else {
                throw Failure(ExitCode.usage, "either deliveries are named, or --failed says which")
            }
            if arguments["--since"] == nil {
                var retry = FailureRetry(daemon, isDryRun: isDryRun)
                try retry.run(target: arguments["--target"])
                retry.show(isJSON: arguments.has("--json"))
                return ExitCode.ok
            }
            let batches = try Verb.failedSince(arguments, file, spoolPath)
            total = batches.reduce(0) { $0 + $1.count }
            requests = batches.map { Verb.request(for: $0, failedOnly: true, isDryRun) }
        } else {
            guard !arguments.rest.isEmpty else {
                throw Failure(
                    ExitCode.usage, "`hookswitch retry` needs deliveries, or --failed",
                    hint: "like `hookswitch retry 1042/crm`; `hookswitch failures` lists them")
            }
            for text in arguments.rest where DeliveryName(text) == nil {
                throw Failure(ExitCode.badData, "\"\(text)\" is no delivery", hint: "a delivery is written 1042/crm")
            }
            requests = [Verb.request(for: arguments.rest, failedOnly: false, isDryRun)]
        }
        var retried = 0
        var heldUp = 0
        var isComplete = true
        var progress = Progress("sending again", unit: "deliveries")
        defer { progress.end() }
        for (index, request) in requests.enumerated() {
            if let total, index > 0 { progress.show(index * batch, of: total) }
            let answer = try daemon.ask("/api/v1/retry", posting: request)
            if arguments.has("--json") {
                StandardStream.output.write(answer + [0x0A])
            }
            guard let root = try? JSONDocument(answer).root else {
                throw Failure(ExitCode.failure, "the daemon's answer can't be read")
            }
            let here = root[key: "retried"]?.integer ?? 0
            retried += here
            heldUp += root[key: "held_up"]?.integer ?? 0
            let results = root[key: "results"]?.array ?? []
            if here < results.count { isComplete = false }
            if !arguments.has("--json") {
                progress.end()
                for result in results {
                    StandardStream.output.write(
                        "\(result[key: "delivery"]?.string ?? ""): \(result[key: "result"]?.string ?? "")\n")
                }
            }
        }
        if !arguments.has("--json") && arguments.has("--failed") {
            StandardStream.output.write(FailureRetry.summary(retried, heldUp: heldUp, isDryRun: isDryRun))
        }
        return isComplete ? ExitCode.ok : ExitCode.failure
    }

    /// Deliveries named in one request.
    private static let batch = 1000

    private static func request(for deliveries: [String], failedOnly: Bool, _ isDryRun: Bool) -> [UInt8] {
        var writer = JSONWriter()
        writer.object {
            $0.member("deliveries", deliveries)
            if failedOnly { $0.member("failed_only", true) }
            $0.member("dry_run", isDryRun)
        }
        return writer.bytes
    }

    /// What failures.ndjson, or those of all relays, have since a moment, each delivery once, in batches.
    private static func failedSince(
        _ arguments: Arguments, _ file: ConfigurationFile, _ spoolPath: String
    ) throws(Failure) -> [[String]] {
        var filter = try RecordListing.filter(arguments)
        var seen: Set<String> = []
        var batches: [[String]] = []
        func take(_ line: ArraySlice<UInt8>) {
            guard let delivery = filter.take(line)?["delivery"], seen.insert(delivery).inserted else { return }
            if batches.last.map({ $0.count < batch }) != true { batches.append([]) }
            batches[batches.count - 1].append(delivery)
        }
        if arguments.has("--cluster") {
            var records = try file.clusterRecords("failures")
            let since = filter.since
            try ConfigurationFile.asking { () throws(ClusterRecords.Fault) in
                try records.all(since: since) { line, _ in
                    take(line)
                    return true
                }
            }
            return batches
        }
        var files = RecordFiles(spool: spoolPath, stem: "failures")
        defer { files.close() }
        do throws(FileReadError) { try files.all(take) } catch {
            throw Failure(ExitCode.file, "\(error.path): \(error.reason)")
        }
        return batches
    }
}
