import Glibc
import Platform
import Relay
import Spool

extension Verb {
    static let spool = Verb(
        name: "spool", operands: "verify | export [EVENT…] | erase EVENT…",
        completing: .words(["verify", "export", "erase"]), summary: "checks, exports or erases what the spool holds",
        options: [
            config, json, Option("--match", "PATTERN", "export, erase: the events that this event pattern takes"),
            Option("--dry-run", "erase: change nothing, say which events it would be"),
        ],
        discussion: """
            verify walks every record of the spool, whether its daemon runs or not, says what it found, and ends with 65 if \
            anything is damaged. Nothing is changed.

            export writes events as NDJSON, one object each as `show --json` has it, all of them or those named; it works \
            without the daemon, too.

            erase takes the bodies and the headers of events from the disk for good, and what was still owed of them is not \
            sent; their numbers and the lines of the audit log stay. It says what it can't reach. Without a daemon it does the \
            work itself.
            """,
        examples: [
            .init("hookswitch spool verify", "is anything damaged?"),
            .init(
                "hookswitch spool erase --match '{\"customer.email\": [\"jane@example.com\"]}'", "forget a person"),
        ]
    ) { arguments throws(Failure) in
        let spoolPath = try ConfigurationFile(arguments).spoolPath()
        guard access(spoolPath + "/segments", R_OK | X_OK) == 0 else {
            throw Failure(
                ExitCode.file, "the spool \(spoolPath) can't be read: \(String(cString: strerror(errno)))",
                hint: "name the configuration with --config")
        }
        switch arguments.rest.first {
        case "verify": return try SpoolCheck(spoolPath, arguments).run()
        case "export": return try SpoolExport(spoolPath, arguments).run()
        case "erase": return try SpoolErasure(spoolPath, arguments).run()
        case let other:
            throw Failure(
                ExitCode.usage,
                other.map { "there is no `hookswitch spool \($0)`" } ?? "`hookswitch spool` does nothing by itself",
                hint: "there are verify, export and erase")
        }
    }
}
