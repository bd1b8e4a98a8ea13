import Cluster
import Delivery
import HTTPServer
import Spool

/// What the rooms notice, as entries of the log.
struct Notices: Sendable {
    let log: Log

    func hear(_ notice: Spool.Notice) {
        switch notice {
        case .damage(let damage, let isCopied): hear(damage, isCopied)
        case .torn(let torn, let isCopied): hear(torn: torn, isCopied)
        case .unsynced(let numbers):
            log.write(
                .error, "events that were accepted and not yet synced are gone, as spool.sync allows",
                ["first_event": "\(numbers.lowerBound)", "last_event": "\(numbers.upperBound - 1)"])
        case .closed(let reason):
            log.write(.error, "the door is closed: new events are refused with 503", ["reason": reason])
        case .opened:
            log.write(.info, "the door is open again")
        case .stalled:
            log.write(.error, "the spool's disk does not answer: new events are refused with 503 until it does")
        case .answering(let seconds):
            log.write(.info, "the spool's disk answers again", ["after_seconds": "\(Int(seconds))"])
        case .journal(let error):
            log.write(
                .error, "outcomes could not be written and are tried again; a restart now would deliver some twice",
                ["reason": error.described])
        case .journalWritten:
            log.write(.info, "outcomes are written again")
        case .retention(let error):
            log.write(.warning, "a finished segment could not be removed", ["reason": error.described])
        }
    }

    func hear(_ damage: Damage, _ isCopied: Bool) {
        let (key, value) = Notices.place(of: damage)
        guard let numbers = damage.numbers else {
            return log.write(
                .error, Notices.message(on: damage),
                [
                    key: value, "from": "\(damage.range.lowerBound)", "to": "\(damage.range.upperBound)",
                    "copy": isCopied ? "damaged/" : "none",
                ])
        }
        let deliveries = damage.deliveries.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        log.write(
            .error, "events that were accepted are missing from the spool, and what was still owed of them is lost",
            [
                "first_event": "\(numbers.lowerBound)", "last_event": "\(numbers.upperBound - 1)", key: value,
                "from": "\(damage.range.lowerBound)", "to": "\(damage.range.upperBound)",
                "copy": isCopied ? "damaged/" : "none",
                "deliveries_known": deliveries.isEmpty ? "none" : deliveries.joined(separator: ", "),
            ])
    }

    private static func message(on damage: Damage) -> String {
        switch damage.file {
        case .segment: "damaged bytes in the spool were stepped over"
        case .journal:
            "outcomes are damaged or missing in the spool: deliveries whose outcome stood there are made again"
        case .notes where damage.isMended:
            "the notes are damaged or missing in one of their two files in the spool; the other one counts"
        case .notes:
            """
            the notes in the spool are damaged in both of their files: what was paused by hand, which breakers are open and how \
            far replays are may be forgotten; look at `hookswitch status` and pause again what has to wait
            """
        }
    }

    private func hear(torn: Damage, _ isCopied: Bool) {
        let (key, value) = Notices.place(of: torn)
        log.write(
            .info,
            "bytes at the end of a file of the spool were left out: a write that was cut short",
            [
                key: value, "from": "\(torn.range.lowerBound)", "to": "\(torn.range.upperBound)",
                "copy": isCopied ? "damaged/" : "none",
            ])
    }

    private static func place(of damage: Damage) -> (key: String, value: String) {
        if case .segment(let first) = damage.file { return ("segment", "\(first)") }
        return ("file", damage.file.path)
    }

    func hear(_ notice: JetStreamLog.Notice) {
        switch notice {
        case .connected(let server): log.write(.info, "connected to a broker", ["server": server])
        case .disconnected(let reason): log.write(.warning, "no connection to the brokers", ["reason": reason])
        case .denied(let denial):
            log.write(
                .error, "the brokers don't allow what the relay needs",
                ["reason": denial.fault.reason, "advice": DurabilityConcern.permissions])
        case .shortMessages(let limit):
            log.write(
                .warning, "the brokers may take shorter messages than the door takes bodies",
                ["max_payload": "\(limit)", "advice": "set max_payload of the brokers above limits.body by 64 KiB"])
        case .waiting(let reason):
            log.write(.warning, "waits for the brokers", ["reason": reason])
        case .concern(let concern):
            log.write(concern.isFault ? .error : .warning, concern.message, ["advice": concern.advice])
        }
    }

    /// Says that events wait in a directory from which nothing is delivered.
    func warnOfSpool(at path: String) {
        guard let waiting = try? SpoolReader(path: path).waiting, waiting > 0 else { return }
        log.write(
            .error, "deliveries wait in a spool on this machine's disk, and are not made",
            ["spool": path, "deliveries": "\(waiting)", "advice": "stop, then `hookswitch spool move --to cluster`"])
    }

    func hear(_ notice: BufferedLog.Notice) {
        switch notice {
        case .buffering(let reason):
            log.write(.warning, "events are taken into the spool on this machine's disk", ["reason": reason])
        case .emptied(let events):
            log.write(.info, "what stood in the spool is in the cluster now", ["events": "\(events)"])
        case .stays(let event, let reason):
            log.write(
                .error, "an event can't be carried into the cluster and stays in the spool",
                ["event": "\(event)", "reason": reason])
        case .spool(let notice): hear(notice)
        case .cluster(let notice): hear(notice)
        }
    }

    func hear(_ notice: DeliveryNotice) {
        let level: Log.Level =
            switch notice.level {
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
        if let target = notice.target {
            log.write(level, notice.message, ["target": target])
        } else {
            log.write(level, notice.message)
        }
    }

    func hear(_ notice: EventLoop.Notice) {
        switch notice {
        case .outOfDescriptors:
            log.write(
                .error, "no descriptor is left for new connections; accepting pauses",
                ["advice": "raise the limit of open files (ulimit -n, LimitNOFILE=)"])
        case .outOfConnections:
            log.write(
                .warning, "the limit of connections is reached and none is idle: new ones are answered 503",
                ["advice": "raise limits.connections"])
        }
    }
}
