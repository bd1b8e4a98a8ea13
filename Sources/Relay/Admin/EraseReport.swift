import EventJSON
import Spool

/// What came of a request to erase events, one object an event, and what nobody can reach from here.
public struct EraseReport: Sendable {
    /// In the order in which they were asked for.
    public var results: [(event: EventNumber, result: EraseResult)]

    /// A report on these events.
    public init(_ asked: [EventNumber], _ results: [EventNumber: EraseResult]) {
        self.results = asked.map { ($0, results[$0] ?? .noSuchEvent) }
    }

    /// The events that hold nothing any more.
    public var erased: Int {
        results.count {
            switch $0.result {
            case .erased, .wasErased: true
            case .noSuchEvent, .damaged: false
            }
        }
    }

    /// One object.
    public func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("erased", erased)
            writer.member("results") { writer in
                writer.array { writer in
                    for (event, result) in results {
                        writer.object {
                            $0.member("event", event.rawValue)
                            $0.member("result", result.described)
                            if case .erased(let cancelled) = result { $0.member("cancelled", cancelled) }
                        }
                    }
                }
            }
        }
    }

    /// What holds or may hold something of an event and is not the spool's to change, beside the copies in `damaged`.
    public static let unreached = [
        "what targets were sent already, what they wrote, and an attempt that is under way",
        "the lines of audit.ndjson and failures.ndjson: they have no body, but an event's columns and the beginning of each answer",
        "copies of overwritten blocks that the file system, its snapshots, the drive or a backup keep",
    ]
}

extension EraseResult {
    fileprivate var described: String {
        switch self {
        case .erased: "erased"
        case .wasErased: "was erased before"
        case .damaged(let position):
            "its record is damaged and was left as it is: \(Damage.File.segment(position.segment).path) still has what is left of it at byte \(position.offset), and so may a copy in damaged/"
        case .noSuchEvent: "the event is not, or no longer, in the spool"
        }
    }
}
