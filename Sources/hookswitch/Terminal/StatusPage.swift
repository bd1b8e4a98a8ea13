import CPlatform
import EventJSON

/// What `hookswitch status` shows of one answer of the daemon.
struct StatusPage {
    let root: JSONValue
    private let at: Int64

    /// Reads the answer of `GET /api/v1/status`.
    init(_ answer: [UInt8]) throws(Failure) {
        do throws(JSONSyntaxError) { root = try JSONDocument(answer).root } catch {
            throw Failure(ExitCode.failure, "the daemon's answer can't be read: \(error.message)")
        }
        at = hs_wall_ms()
    }

    /// The page's text; with an earlier page also the rates since.
    func text(since before: StatusPage?, on terminal: Terminal) -> String {
        var headings = ["TARGET", "WAITING", "IN FLIGHT", "FAILED", "OLDEST", "BREAKER", "DELIVERED", "LAST ERROR"]
        if before != nil { headings.insert("PER SECOND", at: 7) }
        var table = Table(headings, keeping: ["TARGET", "BREAKER"])
        for member in root[key: "targets"]?.members ?? [] {
            var row = row(member)
            if let before { row.insert(.init(rate(of: member.key, since: before)), at: 7) }
            table.add(row)
        }
        let targets = table.isEmpty ? "no target is configured\n" : table.text(on: terminal)
        return targets + "\n" + spool(since: before, on: terminal) + cluster(on: terminal)
    }

    private func row(_ member: JSONValue.Member) -> [Table.Cell] {
        let target = member.value
        func text(_ key: String) -> String { target[key: key].map(\.plainText) ?? "0" }
        var state = target[key: "breaker"]?.string ?? ""
        var style = state == "closed" ? Terminal.Style.plain : .bad
        if target[key: "paused"].map(\.plainText) == "true" {
            state += ", paused"
            if style == .plain { style = .warning }
        }
        if target[key: "orphaned"] != nil { (state, style) = ("not configured", .warning) }
        return [
            .init(member.key, .strong), .init(text("waiting")), .init(text("in_flight")),
            .init(text("failed"), text("failed") == "0" ? .plain : .bad), .init(StatusPage.age(text("oldest_seconds"))),
            .init(state, style), .init(text("succeeded")), .init(target[key: "last_error"]?.string ?? "", .faint),
        ]
    }

    private func spool(since before: StatusPage?, on terminal: Terminal) -> String {
        let spool = root[key: "spool"]
        func text(_ key: String) -> String { spool?[key: key].map(\.plainText) ?? "0" }
        var line = "spool: \(StatusPage.grouped(text("events"))) events, \(StatusPage.size(text("bytes")))"
        line += ", sync \(text("sync")), the last took \(StatusPage.milliseconds(text("sync_seconds")))"
        if let loss = spool?[key: "may_lose"]?.string { line += ", a power cut may take \(loss)" }
        if text("corrupt") != "0" { line += ", " + terminal.styled("\(text("corrupt")) damaged records", .bad) }
        if let buffer = spool?[key: "buffer"], buffer[key: "events"]?.integer ?? 0 > 0 || buffer[key: "because"] != nil
        {
            let events = StatusPage.grouped(buffer[key: "events"].map(\.plainText) ?? "0")
            let reason = buffer[key: "because"]?.string.map { ": \($0)" } ?? ""
            line += "\n" + terminal.styled("buffer: \(events) events wait here for the cluster\(reason)", .warning)
        }
        let door = root[key: "door"]
        func count(_ key: String) -> String { StatusPage.grouped(door?[key: key].map(\.plainText) ?? "0") }
        line +=
            "\ndoor: \(count("accepted")) accepted, \(count("duplicates")) of them repeated, \(count("refused")) refused"
        if let before, let rate = rate("door", "accepted", since: before) { line += ", \(rate) accepted a second" }
        if let leftOut = spool?[key: "audit_left_out"].map(\.plainText) {
            let text = "\(StatusPage.grouped(leftOut)) lines are missing in the audit log: the disk was short of room"
            line += "\n" + terminal.styled(text, .warning)
        }
        if let closed = spool?[key: "closed"]?.string {
            line += "\n" + terminal.styled("new events are refused: \(closed)", .bad)
        }
        return line + "\n"
    }

    private func rate(of target: String, since before: StatusPage) -> String {
        let former = before.root[key: "targets"]?[key: target]?[key: "succeeded"]?.integer
        guard let former, let now = root[key: "targets"]?[key: target]?[key: "succeeded"]?.integer else { return "" }
        return StatusPage.perSecond(now - former, milliseconds: at - before.at)
    }

    private func rate(_ part: String, _ key: String, since before: StatusPage) -> String? {
        guard let former = before.root[key: part]?[key: key]?.integer, let now = root[key: part]?[key: key]?.integer
        else { return nil }
        return StatusPage.perSecond(now - former, milliseconds: at - before.at)
    }

    private static func perSecond(_ count: Int, milliseconds: Int64) -> String {
        milliseconds > 0 ? Progress.grouped(max(0, Int((Double(count) * 1000 / Double(milliseconds)).rounded()))) : ""
    }

    private static func grouped(_ text: String) -> String { Int(text).map(Progress.grouped) ?? text }

    private static func milliseconds(_ seconds: String) -> String {
        let microseconds = Int(((Double(seconds) ?? 0) * 1e6).rounded())
        return "\(microseconds / 1000).\(microseconds / 100 % 10) ms"
    }

    private static func age(_ text: String) -> String {
        let seconds = Int(Double(text) ?? 0)
        return seconds == 0 ? "" : LocalTime.span(seconds: seconds)
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
