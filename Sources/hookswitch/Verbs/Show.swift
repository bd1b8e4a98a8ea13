import CPlatform
import EventJSON
import Platform
import Relay
import Spool

extension Verb {
    static let show = Verb(
        name: "show", operands: "EVENT", completing: .events,
        summary: "shows an event, its headers, its body and every attempt",
        options: [config, json, Option("--cluster", "also the attempts that other relays of `spool.jetstream` made")],
        discussion: """
            Works without the daemon, too. The attempts are those of audit.ndjson; with --cluster the brokers are asked for every \
            relay's.
            """
    ) { arguments throws(Failure) in
        guard arguments.rest.count == 1, let text = arguments.rest.first,
            let number = UInt64(text.prefix { $0 != "/" }), number > 0
        else {
            throw Failure(
                ExitCode.usage, "`hookswitch show` takes one event number", hint: "like `hookswitch show 1042`")
        }
        let spoolPath = try ConfigurationFile(arguments).spoolPath()
        let report = try Verb.report(on: number, spoolPath, arguments)
        let attempts =
            arguments.has("--cluster")
            ? try Verb.attemptsOfAll(number, report, arguments) : try Verb.attempts(of: number, spoolPath)
        if arguments.has("--json") {
            // The report is an object: its last brace makes room for the attempts, which are lines of the audit file.
            var object = Array(report.dropLast())
            object += ",\"attempts\":[".utf8
            object += attempts.map(\.bytes).joined(separator: [0x2C])
            object += "]}\n".utf8
            StandardStream.output.write(object)
        } else {
            do throws(JSONSyntaxError) {
                StandardStream.output.write(Verb.page(try JSONDocument(report).root, attempts, on: .output))
            } catch {
                throw Failure(ExitCode.failure, "the daemon's answer can't be read: \(error.message)")
            }
        }
        return ExitCode.ok
    }

    /// The event as an object: from the daemon if there is one, else from the spool's own files, or the brokers.
    private static func report(
        on number: UInt64, _ spoolPath: String, _ arguments: Arguments
    ) throws(Failure) -> [UInt8] {
        do throws(Failure) {
            let answer = try ControlSocket(spoolPath: spoolPath).answer("/api/v1/events/\(number)")
            if answer.status == 404 { throw absent(number) }
            guard answer.status == 200 else { throw ControlSocket.refusal(answer) }
            return answer.body
        } catch {
            guard error.isForWantOfDaemon else { throw error }
        }
        guard let found = try StoredEvents(arguments).event(EventNumber(rawValue: number)) else { throw absent(number) }
        var writer = JSONWriter()
        EventReport(found.event, found.deliveries).write(to: &writer)
        return writer.bytes
    }

    private static func absent(_ number: UInt64) -> Failure {
        Failure(
            ExitCode.failure, "event \(number) is not, or no longer, in the spool",
            hint: "`spool.retain` says how long finished events stay")
    }

    /// What all relays have tried: since the event was received.
    private static func attemptsOfAll(
        _ number: UInt64, _ report: [UInt8], _ arguments: Arguments
    ) throws(Failure) -> [RecordLine] {
        var filter = RecordFilter()
        filter.event = number
        var found: [RecordLine] = []
        let received = (try? JSONDocument(report))?.root[key: "received_at"]?.string
        var records = try ConfigurationFile(arguments).clusterRecords("audit")
        try ConfigurationFile.asking { () throws(ClusterRecords.Fault) in
            try records.all(since: received) { line, _ in
                if let record = filter.take(line) { found.append(record) }
                return true
            }
        }
        return found
    }

    private static func attempts(of number: UInt64, _ spoolPath: String) throws(Failure) -> [RecordLine] {
        var filter = RecordFilter()
        filter.event = number
        var found: [RecordLine] = []
        var files = RecordFiles(spool: spoolPath, stem: "audit")
        defer { files.close() }
        do throws(FileReadError) {
            try files.all { line in
                if let record = filter.take(line) { found.append(record) }
            }
        } catch {
            throw Failure(ExitCode.file, "\(error.path): \(error.reason)")
        }
        return found
    }

    private static func page(_ event: JSONValue, _ attempts: [RecordLine], on terminal: Terminal) -> String {
        let now = hs_wall_ms()
        func string(_ key: String) -> String { event[key: key]?.string ?? "" }
        var text = "event       \(event[key: "event"].map(\.plainText) ?? "")\n"
        text +=
            "received    \(LocalTime.described(string("received_at"), now: now))\nsource      \(string("source"))\ntype        \(string("type"))\n"
        text += "routes      \((event[key: "routes"]?.array ?? []).compactMap(\.string).joined(separator: ", "))\n"
        text += "webhook-id  \(string("webhook-id"))\n"
        for header in event[key: "headers"]?.members ?? [] {
            text += "header      \(header.key): \(header.value.string ?? "")\n"
        }
        text = Table.shown(text, keepingLines: true)
        var deliveries = Table(["DELIVERY", "STATE", "NEXT ATTEMPT"], keeping: ["DELIVERY"])
        for delivery in event[key: "deliveries"]?.array ?? [] {
            func string(_ key: String) -> String { delivery[key: key]?.string ?? "" }
            deliveries.add([
                string("delivery"), string("state"), LocalTime.described(string("next_attempt_at"), now: now),
            ])
        }
        if !deliveries.isEmpty { text += "\n\(deliveries.text(on: terminal))" }
        var table = Table(["EXECUTED AT", "DELIVERY", "ATTEMPT", "STATUS", "MS", "ERROR"], keeping: ["DELIVERY"])
        for attempt in attempts {
            func column(_ name: String) -> String { attempt[name] ?? "" }
            table.add([
                LocalTime.described(column("executed_at"), now: now), column("delivery"), column("attempt"),
                column("status"), column("duration_ms"), column("error"),
            ])
        }
        if !table.isEmpty { text += "\n\(table.text(on: terminal))" }
        let isErased = event[key: "erased"] != nil
        let body = isErased ? "(erased)" : event[key: "body"]?.string ?? "(base64) \(string("body_base64"))"
        return text + "\n" + Table.shown(body, keepingLines: true) + "\n"
    }
}
