import Glibc
import Platform
import Relay
import Spool

extension Verb {
    static let spool = Verb(
        name: "spool", operands: "verify | export [EVENT…] | erase EVENT… | move",
        completing: .words(["verify", "export", "erase", "move"]),
        summary: "checks, exports, erases or moves what the spool holds",
        options: [
            config, json, Option("--match", "PATTERN", "export, erase: the events that this event pattern takes"),
            Option("--dry-run", "erase: change nothing, say which events it would be"),
            Option(
                "--to", "PLACE",
                "move: cluster, local, brokers (nats://host:4222,…) or a spool's directory (a path with a /)",
                completing: .words(["cluster", "local"])),
        ],
        discussion: """
            verify walks every record of the spool, whether its daemon runs or not, says what it found, and ends with 65 if \
            anything is damaged. Nothing is changed.

            export writes events as NDJSON, one object each as `show --json` has it, all of them or those named; it works \
            without the daemon, too.

            erase takes the bodies and the headers of events from the disk for good, and what was still owed of them is not \
            sent; their numbers and the lines of the audit log stay. It says what it can't reach. Without a daemon it does the \
            work itself.

            Where the spool is a cluster, export and erase ask the brokers, and verify looks at the buffer alone.

            move carries all events to another place, each with its headers, its ids and what it still owes; what was delivered \
            is not delivered again. `--to cluster` takes them from `spool.path` to the brokers of `spool.jetstream`, `--to local` back; \
            brokers and directories can also be named. The daemon must be stopped first. Interrupted or killed, it goes on where \
            it ended with the same command. Exit code 65 if events had to stay where they are, 69 if no broker can be reached.
            """,
        examples: [
            .init("hookswitch spool verify", "is anything damaged?"),
            .init(
                "hookswitch spool erase --match '{\"customer.email\": [\"jane@example.com\"]}'", "forget a person"),
            .init("hookswitch spool move --to cluster", "from this machine's disk to the brokers"),
        ]
    ) { arguments throws(Failure) in
        if arguments.rest.first == "move" { return try SpoolMove(arguments).run() }
        guard arguments["--to"] == nil else { throw Failure(ExitCode.usage, "--to goes with `hookswitch spool move`") }
        let file = ConfigurationFile(arguments)
        let spoolPath = try file.spoolPath()
        if file.isOnCluster && arguments.rest.first == "verify" && access(spoolPath + "/segments", F_OK) != 0 {
            throw Failure(
                ExitCode.configuration, "the events are on the brokers, which check their files themselves",
                hint: "`hookswitch check --live` asks the brokers; `verify` is for what a buffer holds")
        }
        // Named events are erased by the daemon, wherever it has them.
        let isByDaemon = arguments.rest.first == "erase" && arguments["--match"] == nil
        let isElsewhere = file.isOnCluster && arguments.rest.first != "verify"
        guard isByDaemon || isElsewhere || access(spoolPath + "/segments", R_OK | X_OK) == 0 else {
            throw Failure(
                ExitCode.file, "the spool \(spoolPath) can't be read: \(String(cString: strerror(errno)))",
                hint: "name the configuration with --config")
        }
        switch arguments.rest.first {
        case "verify": return try SpoolCheck(spoolPath, arguments).run()
        case "export": return try SpoolExport(arguments).run()
        case "erase": return try SpoolErasure(spoolPath, arguments).run()
        case let other:
            throw Failure(
                ExitCode.usage,
                other.map { "there is no `hookswitch spool \($0)`" } ?? "`hookswitch spool` does nothing by itself",
                hint: "there are verify, export, erase and move")
        }
    }
}
