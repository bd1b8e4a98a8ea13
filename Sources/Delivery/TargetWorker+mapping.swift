import Spool

extension AttemptEnding {
    /// What an ending tells of the target: it works, it doesn't, or (`nil`) nothing. An exit that is final is an answer about
    /// the event, as a 4xx is.
    func targetIsUp(finalExits: Set<Int32>) -> Bool? {
        switch self {
        case .written: true
        case .exited(let code, _): code == 0 || finalExits.contains(code)
        case .broken: false
        case .unfit, .cancelled: nil
        case .answered(let answer):
            switch answer.judged {
            case 401, 403, 407, 408, 500...599: false
            default: true
            }
        }
    }

    /// Nothing is left of the event that could be sent, now or by a retry.
    static let erased = AttemptEnding.unfit(reason: "the event was erased")

    /// The event's record can't be read: again later if the disk failed, never if the record is damaged, and not by us if it is
    /// another relay's by now.
    static func unreadable(_ error: any Error) -> AttemptEnding {
        switch error as? SpoolError {
        case .damaged(let segment, let offset, let reason):
            .unfit(reason: "the event's record in the spool is damaged (segment \(segment), byte \(offset)): \(reason)")
        case .erased: .erased
        case .takenOver: .cancelled
        case let other?: .broken(reason: "the event can't be read from the spool: \(other)")
        case nil: .unfit(reason: "the event's record in the spool is not understood: \(error)")
        }
    }
}

extension AttemptReport {
    /// What it tells of the target; nothing, if another report of the same request does.
    func tellsOfTarget(finalExits: Set<Int32>) -> Bool? {
        isShared ? nil : ending.targetIsUp(finalExits: finalExits)
    }
}

extension AttemptRecord {
    /// The record of an attempt that has ended: the `number`th that was made.
    init(_ attempt: Attempt, _ report: AttemptReport, _ status: Status, number: UInt32) {
        self.init(
            status: status, event: report.event, source: attempt.event.attributes.source,
            columns: attempt.event.attributes.columns, target: attempt.target, place: report.place,
            executedAt: attempt.startedAt.wall, attempt: number,
            durationMilliseconds: report.endedAt.steady - attempt.startedAt.steady, ending: report.ending,
            receivedAt: attempt.event.receivedAt > 0 ? attempt.event.receivedAt : nil)
    }

    /// The record of one that the relay's end cut off: nobody knows what came of it. It doesn't count, so that the next one, when there is
    /// a relay again, has the same number. One that was dropped meanwhile has no next one.
    static func cutOff(_ attempt: Attempt, _ report: AttemptReport, isDropped: Bool) -> AttemptRecord {
        var report = report
        report.ending = .broken(reason: isDropped ? "dropped by hand" : "cut off by the stop")
        return AttemptRecord(
            attempt, report, isDropped ? .failed : .retrying(nextAttemptAt: report.endedAt.wall),
            number: attempt.number)
    }
}

extension TargetQueue.Settlement {
    /// What the record says; `nil` where no attempt was made.
    var recordStatus: AttemptRecord.Status? {
        switch state {
        case .done: .succeeded
        case .failed: .failed
        case .later(let notBefore, _): .retrying(nextAttemptAt: notBefore)
        case .untried: nil
        }
    }
}

extension TargetSettings {
    /// How many events are gathered for batches at the most, those under way included.
    static let gatheredEventsLimit = 1024

    /// A file takes many lines in one write and one sync, and a batch many events, so that they are offered many; the others
    /// as many as configured.
    var gatheredConcurrency: Int {
        if case .file = kind { return max(concurrency, FileTransport.gatheredLines) }
        guard let batch else { return concurrency }
        return min(concurrency * batch.maxEvents, max(TargetSettings.gatheredEventsLimit, batch.maxEvents))
    }

    /// Exit codes that are final.
    var finalExits: Set<Int32> {
        if case .command(let command) = kind { command.finalExits } else { [] }
    }
}

extension Event {
    /// An event from its record.
    public convenience init(_ stored: StoredEvent) throws(EventAttributes.CodingError) {
        self.init(
            number: stored.number, receivedAt: stored.receivedAt,
            attributes: try EventAttributes(decoding: stored.attributes), body: stored.body)
    }

    /// What stands for an event whose record can't be read.
    convenience init(unreadable number: EventNumber) {
        self.init(number: number, receivedAt: 0, attributes: EventAttributes(), body: [])
    }
}
