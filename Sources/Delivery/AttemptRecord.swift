import EventJSON
import Platform
import Spool

/// One attempt's outcome as a line of `audit.ndjson` or `failures.ndjson`: the columns of the sender's own audit log.
public struct AttemptRecord: Sendable {
    /// What an attempt led to.
    public enum Status: Sendable, Equatable {
        case succeeded, failed
        /// To be tried again at a moment in milliseconds since 1970.
        case retrying(nextAttemptAt: Int64)

        /// As the line says it.
        public var name: String {
            switch self {
            case .succeeded: "SUCCEEDED"
            case .failed: "FAILED"
            case .retrying: "RETRYING"
            }
        }
    }

    /// What it led to.
    public var status: Status
    /// The event.
    public var event: EventNumber
    /// The event's source.
    public var source: String
    /// The columns that came with the event.
    public var columns: EventColumns
    /// The target's name.
    public var target: String
    /// Where the attempt went: a URL, a path, a command.
    public var place: String
    /// When the attempt began, in milliseconds since 1970.
    public var executedAt: Int64
    /// Attempts made, this one included.
    public var attempt: UInt32
    /// How long it took, in milliseconds.
    public var durationMilliseconds: Int64
    /// How it ended.
    public var ending: AttemptEnding
    /// When the event came, in milliseconds since 1970; `nil` if that can't be read. No column.
    public var receivedAt: Int64?

    /// Writes the line, without its end. Columns in the order of SPEC.md section 7; one that the event lacks is `null`.
    public func write(to line: inout JSONWriter) {
        line.object { line in
            line.member("status", status.name)
            columns.write(.type, as: "type", to: &line)
            columns.write(.id, as: "webhook_id", to: &line)
            line.member("source", source)
            columns.write(.sourceObject, as: "source_object", to: &line)
            columns.write(.channel, as: "channel", to: &line)
            line.member("target", target)
            line.member("target_url", place)
            columns.write(.requestID, as: "request_id", to: &line)
            columns.write(.eventCreatedAt, as: "event_created_at", to: &line)
            line.member("executed_at", CivilDate.iso8601(executedAt))
            line.member("delivery", event.description + "/" + target)
            line.member("attempt", attempt)
            line.member("duration_ms", durationMilliseconds)
            if let fault = ending.fault { line.member("error", fault) }
            writeResponse(to: &line)
            switch status {
            case .succeeded: break
            case .failed where ending == .erased: break
            case .retrying(let next): line.member("next_attempt_at", CivilDate.iso8601(next))
            case .failed: line.member("retry", "hookswitch retry \(event)/\(target)")
            }
        }
    }

    private func writeResponse(to line: inout JSONWriter) {
        switch ending {
        case .answered(let answer):
            line.member("response") {
                $0.object {
                    $0.member("status", answer.status)
                    $0.member("body") { $0.string(utf8: answer.body) }
                }
            }
        case .exited(let code, let output):
            line.member("response") {
                $0.object {
                    $0.member("exit", code)
                    $0.member("output") { $0.string(utf8: output) }
                }
            }
        case .broken(_, let output) where !output.isEmpty:
            line.member("response") { $0.object { $0.member("output") { $0.string(utf8: output) } } }
        case .broken, .unfit, .written, .cancelled: break
        }
    }
}
