import Relay

extension Verb {
    static let audit = Verb(
        name: "audit", summary: "shows every attempt's outcome",
        options: [config, json] + RecordListing.options + [
            Option("--status", "STATUS", "SUCCEEDED, RETRYING or FAILED")
        ],
        discussion: """
            The file itself is audit.ndjson in the spool. Works without the daemon, too.

            With --cluster the brokers are asked for what every relay has tried, in the order in which they heard of it. The lines are \
            those of the relays' own files, for as long and as many as the stream keeps; no daemon need be there.
            """,
        examples: [
            Example("hookswitch audit --follow --target crm", "What goes to the CRM, as it goes."),
            Example(
                "hookswitch audit --since 2h --status retrying", "What did not work at once in the last two hours."),
        ]
    ) { arguments throws(Failure) in
        var listing = try RecordListing(
            stem: "audit",
            columns: [
                .init("executed_at", "EXECUTED AT", isKept: true), .init("status", "STATUS", isKept: true),
                .init("type", "TYPE"), .init("channel", "CHANNEL"), .init("delivery", "DELIVERY", isKept: true),
                .init("attempt", "ATTEMPT"), .init("duration_ms", "MS"), .init("error", "ERROR"),
            ], arguments
        )
        return try listing.run()
    }

    static let failures = Verb(
        name: "failures", summary: "shows the deliveries given up, and how to send them again",
        options: [config, json] + RecordListing.options,
        discussion: """
            The file itself is failures.ndjson in the spool: `tail -F` it. Works without the daemon, too.

            With --cluster the brokers are asked for what every relay has given up, in the order in which they heard of it; no daemon \
            need be there.
            """,
        examples: [
            Example("hookswitch failures --since 1h --target crm", "What the CRM did not take in the last hour."),
            Example("hookswitch failures --json | jq -r .error | sort | uniq -c", "What goes wrong, by how often."),
        ]
    ) { arguments throws(Failure) in
        var listing = try RecordListing(
            stem: "failures",
            columns: [
                .init("executed_at", "EXECUTED AT", isKept: true), .init("type", "TYPE"),
                .init("delivery", "DELIVERY", isKept: true), .init("attempt", "ATTEMPT"),
                .init("target_url", "TARGET URL"), .init("error", "ERROR"),
            ], arguments
        )
        return try listing.run()
    }
}
