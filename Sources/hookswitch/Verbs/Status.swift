import EventJSON
import Platform
import Relay

extension Verb {
    static let status = Verb(
        name: "status", summary: "shows targets with their backlog, and the spool", options: [config, json]
    ) { arguments throws(Failure) in
        let daemon = ControlSocket(spoolPath: try ConfigurationFile(arguments).spoolPath())
        let answer = try daemon.ask("/api/v1/status")
        guard !arguments.has("--json") else {
            StandardStream.output.write(answer + [0x0A])
            return ExitCode.ok
        }
        do throws(JSONSyntaxError) {
            StandardStream.output.write(Verb.statusText(try JSONDocument(answer).root))
        } catch {
            throw Failure(ExitCode.failure, "the daemon's answer can't be read: \(error.message)")
        }
        return ExitCode.ok
    }

    private static func statusText(_ root: JSONValue) -> String {
        var table = Table(["TARGET", "WAITING", "IN FLIGHT", "FAILED", "OLDEST", "BREAKER", "DELIVERED", "LAST ERROR"])
        for member in root[key: "targets"]?.members ?? [] {
            let target = member.value
            func number(_ key: String) -> String { target[key: key].map { text(of: $0) } ?? "0" }
            var breaker = target[key: "breaker"]?.string ?? ""
            if target[key: "paused"].map(text) == "true" { breaker += ", paused" }
            if target[key: "orphaned"] != nil { breaker = "not configured" }
            table.add([
                member.key, number("waiting"), number("in_flight"), number("failed"), age(number("oldest_seconds")),
                breaker, number("succeeded"), target[key: "last_error"]?.string ?? "",
            ])
        }
        let spool = root[key: "spool"]
        func number(_ key: String) -> String { spool?[key: key].map { text(of: $0) } ?? "0" }
        var line =
            "\nspool: \(number("events")) events, \(size(number("bytes"))), sync \(spool?[key: "sync"]?.string ?? "")"
        line += ", the last took \(milliseconds(number("sync_seconds")))"
        if number("corrupt") != "0" { line += ", \(number("corrupt")) damaged records" }
        if let closed = spool?[key: "closed"]?.string { line += "\nnew events are refused: \(closed)" }
        return table.text + line + "\n"
    }

    /// A value as a cell shows it.
    static func text(of value: JSONValue) -> String {
        switch value.content {
        case .string(let text): text
        case .number(let text): text
        case .bool(let flag): flag ? "true" : "false"
        case .null, .array, .object: ""
        }
    }

    private static func milliseconds(_ seconds: String) -> String {
        let microseconds = Int(((Double(seconds) ?? 0) * 1e6).rounded())
        return "\(microseconds / 1000).\(microseconds / 100 % 10) ms"
    }

    private static func age(_ text: String) -> String {
        let seconds = Int(Double(text) ?? 0)
        switch seconds {
        case 0..<120: return seconds == 0 ? "" : "\(seconds) s"
        case 120..<7200: return "\(seconds / 60) min"
        case 7200..<172_800: return "\(seconds / 3600) h"
        default: return "\(seconds / 86400) d"
        }
    }

    private static func size(_ text: String) -> String {
        var value = Double(text) ?? 0
        for unit in ["B", "KiB", "MiB", "GiB"] {
            if value < 1024 { return "\(Int(value.rounded())) \(unit)" }
            value /= 1024
        }
        return "\(Int(value.rounded())) TiB"
    }
}
