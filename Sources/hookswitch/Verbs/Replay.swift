import EventJSON
import Glibc
import Platform
import Relay

extension Verb {
    static let replay = Verb(
        name: "replay", operands: "[list | pause N | resume N | cancel N]",
        summary: "sends events of the past to targets, as a job",
        options: [
            config, json,
            Option(
                "--cluster",
                "with list: also which relay of `spool.jetstream` runs each; all of them are listed, and changed, in any case"
            ),
            Option("--since", "1h", "events received since: a duration, or a moment like 2026-01-01T00:00:00Z"),
            Option("--until", "10m", "and until then; now without it"),
            Option("--match", "PATTERN", "only those that an event pattern takes, like '{\"type\": [\"order.paid\"]}'"),
            Option(
                "--to", "TARGET",
                "the target; for several it is given again, or they stand with commas or behind the options",
                isRepeatable: true),
            Option("--rate", "100/s", "events handed over, at the most"),
            Option("--dry-run", "send nothing, say how many it would be"),
            Option("--wait", "until all is handed over, and show how far it is"),
        ],
        discussion: """
            The events keep their webhook-id, so that a receiver can tell. Targets get them whether or not a route would send them \
            there; a delivery that still waits is left as it is. The job goes on over restarts, and when somebody who waits for it goes away; \
            `hookswitch replay list` shows how far it has come. Where relays share a cluster, each lists all jobs, and may pause, resume and \
            cancel any; one whose relay is gone goes on at another.
            """,
        examples: [
            .init("hookswitch replay --since 1h --to crm", "the last hour's events, to crm again"),
            .init(
                "hookswitch replay --since 7d --match '{\"type\": [{\"prefix\": \"order.\"}]}' --to new --rate 50/s",
                "a week's orders to a new target, fifty a second"),
        ]
    ) { arguments throws(Failure) in
        let file = ConfigurationFile(arguments)
        let daemon = ControlSocket(spoolPath: try file.spoolPath())
        if arguments.has("--cluster") { try file.requireCluster() }
        let isJSON = arguments.has("--json")
        switch arguments.rest.first {
        case "list" where arguments.rest.count == 1 && arguments["--since"] == nil:
            let columns = Verb.columns + (arguments.has("--cluster") ? ["relay"] : [])
            Verb.show(try Verb.answer(try daemon.ask("/api/v1/replays")), columns, isJSON: isJSON)
        case let action? where ["pause", "resume", "cancel"].contains(action) && arguments["--since"] == nil:
            guard arguments.rest.count == 2, let id = Int(arguments.rest[1]) else {
                throw Failure(ExitCode.usage, "which replay?", hint: "`hookswitch replay list` shows their numbers")
            }
            let answer = try daemon.ask("/api/v1/replays/\(id)/\(action)", posting: [])
            Verb.show(try Verb.answer(answer), isJSON: isJSON)
        default:
            let isDryRun = arguments.has("--dry-run")
            var answer: Answer
            if arguments.has("--wait") && !isDryRun {
                // Counted first: so it can be said how long the rest will take.
                let counted = try Verb.finished(try Verb.request(arguments, isDryRun: true), daemon, "counting")
                let total = counted.jobs.first?[key: "matched"]?.integer
                answer = try Verb.finished(
                    try Verb.request(arguments, isDryRun: false), daemon, "replaying", of: total)
            } else if isDryRun {
                answer = try Verb.finished(try Verb.request(arguments, isDryRun: true), daemon, "counting")
            } else {
                let request = try Verb.request(arguments, isDryRun: false)
                answer = try Verb.answer(try daemon.ask("/api/v1/replays", posting: request))
            }
            if isJSON || !isDryRun {
                Verb.show(answer, isJSON: isJSON)
            } else {
                let job = answer.jobs.first
                let count = job?[key: "matched"]?.integer ?? 0
                StandardStream.output.write("\(count) events would be sent, of \(job?[key: "seen"]?.integer ?? 0)\n")
            }
        }
        return ExitCode.ok
    }

    /// Begins a replay and waits until it no longer runs, saying how far it is: of `total` events, or of nobody knows how many.
    private static func finished(
        _ request: [UInt8], _ daemon: ControlSocket, _ what: String, of total: Int? = nil
    ) throws(Failure) -> Answer {
        var answer = try Verb.answer(try daemon.ask("/api/v1/replays", posting: request))
        let id = answer.jobs.first?[key: "replay"]?.integer
        var progress = Progress(what, unit: "events")
        defer { progress.end() }
        while answer.jobs.first?[key: "state"]?.string == "running" {
            let seen = answer.jobs.first?[key: total == nil ? "seen" : "matched"]?.integer ?? 0
            progress.show(seen, of: total.map { max($0, seen) })
            usleep(50_000)
            do throws(Failure) { answer = try Verb.answer(try daemon.ask("/api/v1/replays")) } catch {
                // It goes on when the brokers are there again; without its daemon this one can't.
                guard error.exitCode == ExitCode.unavailable, !error.isForWantOfDaemon else { throw error }
                continue
            }
            answer.jobs = answer.jobs.filter { $0[key: "replay"]?.integer == id }
        }
        return answer
    }

    private static func request(_ arguments: Arguments, isDryRun: Bool) throws(Failure) -> [UInt8] {
        let targets = arguments.all("--to").flatMap { $0.split(separator: ",").map(String.init) } + arguments.rest
        guard let since = arguments["--since"], arguments["--to"] != nil, !targets.isEmpty else {
            throw Failure(
                ExitCode.usage, "`hookswitch replay` needs --since and --to",
                hint: "like `hookswitch replay --since 1h --to crm`")
        }
        var writer = JSONWriter()
        writer.object {
            $0.member("since", since)
            if let until = arguments["--until"] { $0.member("until", until) }
            if let match = arguments["--match"] { $0.member("match", match) }
            $0.member("to", targets)
            if let rate = arguments["--rate"] { $0.member("rate", rate) }
            $0.member("dry_run", isDryRun)
        }
        return writer.bytes
    }

    /// Jobs, with the document that they stand in.
    private typealias Answer = (document: JSONDocument, jobs: [JSONValue])

    private static func answer(_ bytes: [UInt8]) throws(Failure) -> Answer {
        do throws(JSONSyntaxError) {
            let document = try JSONDocument(bytes)
            return (document, document.root[key: "replays"]?.array ?? [document.root])
        } catch {
            throw Failure(ExitCode.failure, "the daemon's answer can't be read: \(error.message)")
        }
    }

    private static func show(_ answer: Answer, _ columns: [String] = columns, isJSON: Bool) {
        guard !isJSON else {
            for job in answer.jobs { StandardStream.output.write(answer.document.bytes[job.range] + [0x0A]) }
            return
        }
        var table = Table(columns.map { $0.replacing("_", with: " ").uppercased() })
        for job in answer.jobs {
            table.add(columns.map { name -> String in job[key: name].map(Verb.cell) ?? "" })
        }
        StandardStream.output.write(table.text)
    }

    private static let columns = [
        "replay", "state", "to", "since", "until", "rate", "seen", "matched", "handed_over", "waited",
    ]

    private static func cell(_ value: JSONValue) -> String {
        switch value.content {
        case .string(let text), .number(let text): text
        case .array(let elements): elements.compactMap(\.string).joined(separator: ",")
        case .bool, .null, .object: ""
        }
    }
}
