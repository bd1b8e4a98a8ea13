import Cluster
import Delivery
import HTTPServer
import Spool

/// What the rooms notice, as entries of the log.
struct Notices: Sendable {
    let log: Log

    func hear(_ notice: Spool.Notice) {
        switch notice {
        case .damage(let segment, let range):
            log.write(
                .error, "damaged bytes in the spool were stepped over; a copy is in its `damaged` directory",
                ["segment": "\(segment)", "from": "\(range.lowerBound)", "to": "\(range.upperBound)"])
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
        case .retention(let error):
            log.write(.warning, "a finished segment could not be removed", ["reason": error.described])
        }
    }

    func hear(_ notice: JetStreamLog.Notice) {
        switch notice {
        case .connected(let server): log.write(.info, "connected to a broker", ["server": server])
        case .disconnected(let reason): log.write(.warning, "no connection to the brokers", ["reason": reason])
        case .shortMessages(let limit):
            log.write(
                .warning, "the brokers may take shorter messages than the door takes bodies",
                ["max_payload": "\(limit)", "advice": "set max_payload of the brokers above limits.body by 64 KiB"])
        case .concern(let concern):
            log.write(concern.isFault ? .error : .warning, concern.message, ["advice": concern.advice])
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
