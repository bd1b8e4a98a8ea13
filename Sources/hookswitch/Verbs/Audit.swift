import Relay

extension Verb {
    static let audit = Verb(
        name: "audit", summary: "shows every attempt's outcome",
        options: [config, json] + RecordListing.options + [
            Option("--status", "STATUS", "SUCCEEDED, RETRYING or FAILED")
        ]
    ) { arguments throws(Failure) in
        var listing = try RecordListing(
            stem: "audit",
            columns: [
                .init("executed_at", 24), .init("status", 9), .init("type", 32), .init("channel", 10),
                .init("target", 12), .init("delivery", 16), .init("attempt", 7), .init("duration_ms", 11),
                .init("error", 0),
            ], arguments
        )
        return try listing.run()
    }

    static let failures = Verb(
        name: "failures", summary: "shows the deliveries given up, and how to send them again",
        options: [config, json] + RecordListing.options,
        discussion: "The file itself is failures.ndjson in the spool: `tail -F` it. Works without the daemon, too."
    ) { arguments throws(Failure) in
        var listing = try RecordListing(
            stem: "failures",
            columns: [
                .init("executed_at", 24), .init("type", 32), .init("delivery", 16), .init("attempt", 7),
                .init("target_url", 32), .init("error", 0),
            ], arguments
        )
        return try listing.run()
    }
}
