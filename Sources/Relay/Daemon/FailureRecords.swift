import Delivery
import Dispatch
import EventJSON
import Spool
import Synchronization

/// Passes failures on: each record of a delivery given up becomes an event of its own, owed to the `on_failure` targets of
/// the target that failed. May be used from any thread.
///
/// A failure of such an event makes no further one, so that no loop can arise.
final class FailureRecords: Sendable {
    private let log: any EventLog
    private let now: @Sendable () -> Int64
    private let notify: @Sendable (DeliveryNotice) -> Void
    /// When it was last said that a target's failures could not be passed on.
    private let saidAt = Mutex<[String: Int64]>([:])
    /// Between two such notices of one target, in milliseconds.
    private static let noticeMilliseconds: Int64 = 60_000
    /// What leaves a cluster's stream meanwhile; `nil` where an event stays for as long as it is owed.
    private let unrecorded: Mutex<Unrecorded?>
    /// Who gets whose failures.
    private let queues = Mutex<[String: [QueueID]]>([:])

    /// `retain` is how long a cluster's stream keeps an event whatever becomes of it; `nil` where it stays for as long as it is owed.
    init(
        log: any EventLog, retain: Duration?, now: @escaping @Sendable () -> Int64,
        notify: @escaping @Sendable (DeliveryNotice) -> Void
    ) {
        self.log = log
        unrecorded = Mutex(retain.map { Unrecorded(retainMilliseconds: Int64($0 / .milliseconds(1))) })
        self.now = now
        self.notify = notify
    }

    /// Works by a configuration whose targets have their queues.
    func follow(_ configuration: Configuration) {
        let queueOf = Dictionary(configuration.targets.map { ($0.name, $0.queue) }) { one, _ in one }
        let new = Dictionary(
            configuration.targets.map { target in
                (target.name, (target.onFailure ?? configuration.onFailure).compactMap { queueOf[$0] })
            }
        ) { one, _ in one }
        queues.withLock { $0 = new }
    }

    /// Makes events of failures, then calls back with whether they are durable: at once if there is nothing to pass on.
    func pass(_ records: [AttemptRecord], _ done: @escaping @Sendable (Bool) -> Void) {
        let owed = queues.withLock { $0 }
        var failures: [(line: [UInt8], record: AttemptRecord, queues: [QueueID])] = []
        for record in records where record.source != EventAttributes.failureSource {
            guard let queues = owed[record.target], !queues.isEmpty else { continue }
            var line = JSONWriter()
            record.write(to: &line)
            failures.append((line.bytes, record, queues))
        }
        guard !failures.isEmpty else { return done(true) }
        let bodies = LentBodies(count: failures.reduce(0) { $0 + $1.line.count })
        var batch = CommitBatch()
        batch.isOwn = true
        for failure in failures {
            var attributes: [UInt8] = []
            FailureRecords.attributes(of: failure.record).encode(into: &attributes)
            batch.append(
                receivedAt: now(), owed: failure.queues, attributes: attributes, body: bodies.lend(failure.line))
        }
        let fates = FailureFates(bodies, count: batch.count)
        let records = failures.map(\.record)
        let nextAt = now() + DeliveryEngine.unwrittenFailureWaitMilliseconds
        let targets = Set(failures.map(\.record.target))
        log.commit(batch) { [self] outcome in
            guard fates.ended(outcome) else { return }
            if let reason = fates.refusal {
                for target in targets { say(reason, of: target) }
                for record in records { note(record, nextAt: nextAt) }
            }
            done(fates.refusal == nil)
        }
    }

    /// Failures since the start whose events left a cluster's stream unrecorded, by target; `nil` where none can.
    var unrecordedCounts: [String: Int]? { unrecorded.withLock { $0?.counts } }

    /// Takes note of a failure whose record was not taken, and is tried again at a moment.
    private func note(_ record: AttemptRecord, nextAt: Int64) {
        let now = now()
        guard let wait = unrecorded.withLock({ $0?.note(record, nextAt: nextAt, now: now) }) else { return }
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(Int(wait))) {
            [self, target = record.target] in
            guard let message = unrecorded.withLock({ $0?.say(target, now: self.now()) }) else { return }
            notify(DeliveryNotice(level: .error, target: target, message: message))
        }
    }

    private func say(_ reason: String, of target: String) {
        let now = now()
        let isDue = saidAt.withLock { saidAt in
            let isDue = abs(now - (saidAt[target] ?? .min / 2)) >= FailureRecords.noticeMilliseconds
            if isDue { saidAt[target] = now }
            return isDue
        }
        guard isDue else { return }
        notify(
            DeliveryNotice(
                level: .error, target: target,
                message: "its failures' records are not taken for its `on_failure` targets (\(reason)): "
                    + "these deliveries are tried again in a minute, as long as their events are kept"))
    }

    private static func attributes(of record: AttemptRecord) -> EventAttributes {
        var attributes = EventAttributes()
        attributes.source = EventAttributes.failureSource
        attributes.webhookID = "failure_\(record.event)_\(record.target)_\(record.executedAt)"
        attributes.headers = [.init(name: "content-type", value: "application/json")]
        attributes.columns = record.columns
        return attributes
    }
}

/// What became of a batch's events, of which a log may tell one after the other. May be used from any thread.
private final class FailureFates: Sendable {
    private let bodies: LentBodies
    private let state: Mutex<(left: Int, refusal: String?)>

    init(_ bodies: LentBodies, count: Int) {
        self.bodies = bodies
        state = Mutex((count, nil))
    }

    /// Why one of them was not taken; `nil` if every one was.
    var refusal: String? { state.withLock { $0.refusal } }

    /// Takes note of an outcome; answers whether all are known now.
    func ended(_ outcome: CommitOutcome) -> Bool {
        let fates: [Fate]
        switch outcome {
        case .committed(let all): fates = all
        case .partly(let known): fates = known.map(\.fate)
        case .refused(let refusal):
            state.withLock { $0 = (0, refusal.reason) }
            return true
        // It is told once more.
        case .givenUp: return false
        }
        return state.withLock { state in
            state.left -= fates.count
            for case .refused(let refusal) in fates { state.refusal = refusal.reason }
            return state.left == 0
        }
    }
}
