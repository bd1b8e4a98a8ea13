import Delivery
import EventJSON
import Platform
import Spool

/// What operators can ask of the running relay, whichever way they come: control socket, listener, signal.
/// May be called from any thread but a dispatch queue of the spool's; a call may take as long as the disk does.
final class Operations: Sendable {
    /// What became of one delivery that was to be sent again.
    struct RetryResult {
        var delivery: DeliveryName
        var result: String
        var isRetried: Bool
        /// Whether its target lets nothing out for now.
        var isHeldUp = false
    }

    let log: any EventLog
    let engine: DeliveryEngine
    let reporter: Reporter
    let memories: TargetMemories
    let replays: ReplayRunner
    /// Hears what is done by hand, for the daemon's log.
    let notice: @Sendable (String, KeyValuePairs<String, String>) -> Void
    let counters: AcceptanceCounters
    let now: @Sendable () -> Int64
    /// The directory that audit and failures are written to.
    let spoolPath: String
    /// This relay as one of a cluster's; `nil` where the spool is a directory.
    let member: ClusterMember?
    /// In milliseconds since 1970.
    let startedAt: Int64
    let syncName: String
    /// What a power cut may take of what was answered 202.
    let mayLose: String

    /// Deliveries reopened at a time.
    private static let batch = 1000
    /// Results listed in one answer; the counts are of all.
    private static let listedResults = 1000

    init(
        log: any EventLog, engine: DeliveryEngine, reporter: Reporter, memories: TargetMemories,
        replays: ReplayRunner, counters: AcceptanceCounters, spool: SpoolSettings, member: ClusterMember?,
        startedAt: Int64,
        notice: @escaping @Sendable (String, KeyValuePairs<String, String>) -> Void,
        now: @escaping @Sendable () -> Int64
    ) {
        self.log = log
        self.engine = engine
        self.reporter = reporter
        self.memories = memories
        self.replays = replays
        self.notice = notice
        self.counters = counters
        self.now = now
        spoolPath = spool.path
        self.member = member
        self.startedAt = startedAt
        syncName = member != nil ? "jetstream" : spool.sync.name
        mayLose = member != nil ? "what most brokers have not synced, if all lose power at once" : spool.sync.mayLose
    }

    /// Why new events are refused; `nil` if they are taken.
    var closed: String? { log.status().closed }

    /// `status --json`: every target with its queue, and the spool.
    func writeStatus(to writer: inout JSONWriter) {
        let spool = log.status()
        let workers = Dictionary(engine.status().map { ($0.queue, $0) }) { one, _ in one }
        writer.object { writer in
            writer.member("targets") { writer in
                writer.object { writer in
                    for queue in spool.queues {
                        // The name of a target that was never in force long enough to be owed anything is no news.
                        let worker = workers[queue.id]
                        guard worker != nil || queue.waiting > 0 || queue.failed > 0 else { continue }
                        writer.member(queue.name) { write(queue, worker, to: &$0) }
                    }
                }
            }
            writer.member("spool") { write(spool, to: &$0) }
            writer.member("door") {
                let door = counters.total
                $0.object {
                    $0.member("accepted", door.accepted.reduce(0) { $0 + $1.count })
                    $0.member("duplicates", door.duplicates)
                    $0.member("refused", counters.refusalsByStatus.values.reduce(0, +))
                }
            }
            writer.member("version", hookswitchVersion)
        }
    }

    private func write(_ queue: SpoolStatus.Queue, _ worker: TargetStatus?, to writer: inout JSONWriter) {
        let age = queue.oldestReceivedAt.map { max(0, now() - $0) } ?? 0
        writer.object {
            $0.member("waiting", queue.waiting)
            $0.member("in_flight", worker?.inFlight ?? 0)
            $0.member("failed", queue.failed)
            $0.member("oldest_seconds", Double(age) / 1000)
            $0.member("breaker", worker?.breaker.rawValue ?? Breaker.State.closed.rawValue)
            $0.member("paused", worker?.paused ?? false)
            if let worker { $0.member("concurrency", worker.concurrency) }
            if worker == nil { $0.member("orphaned", true) }
            if let worker {
                $0.member("succeeded", worker.succeeded)
                $0.member("retried", worker.retried)
                let heldSeconds = worker.heldSeconds(at: now())
                if heldSeconds > 0 { $0.member("held_seconds", heldSeconds) }
                if let error = worker.lastError { $0.member("last_error", error) }
            }
        }
    }

    /// An event with its deliveries; `nil` if it is not, or no longer, in the spool.
    func report(on number: EventNumber) throws(SpoolError) -> EventReport? {
        guard let event = try log.event(number) else { return nil }
        return EventReport(event, try log.deliveries(of: number))
    }

    /// The routes that took an event; none if it is not, or no longer, in the spool, or can't be read.
    func routes(of number: EventNumber) -> [String] {
        do throws(SpoolError) { return try report(on: number)?.attributes.routes ?? [] } catch { return [] }
    }

    /// Takes events' attributes and bodies from the disk.
    func erase(_ events: [EventNumber]) throws(SpoolError) -> EraseReport {
        EraseReport(events, try log.erase(events))
    }

    /// Sends deliveries again, and writes what became of each.
    func retry(_ request: RetryRequest, to writer: inout JSONWriter) throws(SpoolError) {
        var retried = 0
        var heldUp = 0
        var listed: [RetryResult] = []
        /// Where a part of the failures ends, if it is as long as was asked for.
        var partEnd: EventNumber?
        func note(_ results: [RetryResult]) {
            retried += results.count { $0.isRetried }
            heldUp += results.count { $0.isHeldUp }
            listed += results.prefix(max(0, Operations.listedResults - listed.count))
        }
        let queues = log.status().queues
        switch request.selection {
        case .named(let names, let failedOnly):
            for start in stride(from: 0, to: names.count, by: Operations.batch) {
                let part = names[start..<min(names.count, start + Operations.batch)]
                note(try reopen(Array(part), among: queues, failedOnly: failedOnly, isDryRun: request.isDryRun))
            }
        case .matching(let query):
            try forEachFailure(matching: query) { names throws(SpoolError) in
                note(try reopen(names, among: queues, failedOnly: true, isDryRun: request.isDryRun))
            }
        case .failed(let target, let after, let limit):
            for queue in queues where target == nil || queue.name == target {
                var last = after
                var left = limit
                while left > 0 {
                    let events = try log.failed(queue.id, after: last, limit: min(left, Operations.batch))
                    guard let end = events.last else { break }
                    last = end
                    left -= events.count
                    if left == 0 { partEnd = end }
                    let names = events.map { DeliveryName(event: $0, target: queue.name) }
                    note(try reopen(names, among: queues, failedOnly: true, isDryRun: request.isDryRun))
                }
            }
        }
        writer.object { writer in
            writer.member("dry_run", request.isDryRun)
            writer.member("retried", retried)
            writer.member("held_up", heldUp)
            if let partEnd { writer.member("after", partEnd.rawValue) }
            writer.member("results") { writer in
                writer.array { writer in
                    for result in listed {
                        writer.object {
                            $0.member("delivery", "\(result.delivery)")
                            $0.member("result", result.result)
                        }
                    }
                }
            }
        }
    }

    private func reopen(
        _ names: [DeliveryName], among queues: [SpoolStatus.Queue], failedOnly: Bool, isDryRun: Bool
    ) throws(SpoolError) -> [RetryResult] {
        let known = Dictionary(queues.map { ($0.name, $0.id) }) { one, _ in one }
        var deliveries: [DeliveryID] = []
        var results: [RetryResult] = []
        var byID: [DeliveryID: DeliveryName] = [:]
        for name in names {
            guard let queue = known[name.target] else {
                let near = Spelling.nearest(to: name.target, in: known.keys).map { ": did you mean \"\($0)\"?" } ?? ""
                results.append(RetryResult(delivery: name, result: "there is no such target\(near)", isRetried: false))
                continue
            }
            let delivery = DeliveryID(event: name.event, queue: queue)
            if failedOnly {
                let before = EventNumber(rawValue: name.event.rawValue - 1)
                if try log.failed(queue, after: before, limit: 1) != [name.event] { continue }
            }
            if byID.updateValue(name, forKey: delivery) == nil { deliveries.append(delivery) }
        }
        let outcomes: [DeliveryID: ReopenResult]
        switch (isDryRun, failedOnly) {
        // What is known to have been given up would be sent again: nothing need be read for that.
        case (true, true): outcomes = Dictionary(uniqueKeysWithValues: deliveries.map { ($0, .reopened) })
        case (true, false): outcomes = try preview(deliveries)
        case (false, _): outcomes = try log.reopen(deliveries)
        }
        // What a target has in hand, waiting for its next attempt, the log can't hurry.
        if !isDryRun { engine.hurry(deliveries.filter { outcomes[$0] == .wasOwed }) }
        let obstacles = obstacles()
        for delivery in deliveries {
            guard let name = byID[delivery], let outcome = outcomes[delivery] else { continue }
            let isRetried = outcome == .reopened || outcome == .wasOwed
            var result = isDryRun ? outcome.foreseen : outcome.described
            let obstacle = isRetried ? obstacles(name.target) : nil
            if let obstacle { result = outcome.heldUp(by: obstacle, isDryRun: isDryRun) }
            results.append(
                RetryResult(
                    delivery: name, result: result, isRetried: isRetried, isHeldUp: obstacle != nil))
        }
        return results
    }
}

extension Operations {
    /// What keeps a target, by its name, from being tried now; `nil` for nothing.
    private func obstacles() -> (String) -> String? {
        let standing = Dictionary(engine.status().map { ($0.name, $0) }) { one, _ in one }
        let now = self.now()
        return { name in
            guard let target = standing[name] else { return "the target is not configured" }
            if target.paused { return "the target is paused, until `hookswitch resume \(name)`" }
            if target.heldUntil > now {
                return "the target asked to be left alone (Retry-After) until \(CivilDate.iso8601(target.heldUntil))"
            }
            return target.breaker == .closed ? nil : "the target is down, and its breaker lets out one probe at a time"
        }
    }

    /// What a retry would come to.
    private func preview(_ deliveries: [DeliveryID]) throws(SpoolError) -> [DeliveryID: ReopenResult] {
        var results: [DeliveryID: ReopenResult] = [:]
        for delivery in deliveries {
            guard try log.event(delivery.event) != nil else {
                results[delivery] = .noSuchEvent
                continue
            }
            switch try log.deliveries(of: delivery.event).first(where: { $0.queue == delivery.queue })?.state {
            case nil: results[delivery] = .neverOwed
            case .waiting, .later: results[delivery] = .wasOwed
            case .done, .failed: results[delivery] = .reopened
            }
        }
        return results
    }
}

extension ReopenResult {
    fileprivate func heldUp(by obstacle: String, isDryRun: Bool) -> String {
        let words =
            switch (self == .reopened, isDryRun) {
            case (true, true): "would be owed again, and wait"
            case (true, false): "owed again, and waits"
            case (false, true): "waits, and would go on waiting"
            case (false, false): "waits as before"
            }
        return "\(words): \(obstacle)"
    }

    fileprivate var foreseen: String {
        switch self {
        case .reopened: "would be sent again"
        case .wasOwed: "waits, and would be tried now"
        case .noSuchEvent, .neverOwed: described
        }
    }

    fileprivate var described: String {
        switch self {
        case .reopened: "sent again"
        case .wasOwed: "was waiting, and is tried now"
        case .noSuchEvent: "the event is not, or no longer, in the spool"
        case .neverOwed: "the event was never to go to that target"
        }
    }
}

extension SpoolSettings.Sync {
    /// What a power cut may take of what was answered 202.
    var mayLose: String {
        switch self {
        case .always: "nothing"
        case .interval(let interval): "what was accepted in the last \(Int(interval / .milliseconds(1))) ms"
        case .never: "what the kernel has not written yet: usually the last 30 s"
        }
    }

    /// As `routes.json` spells it.
    var name: String {
        switch self {
        case .always: "always"
        case .interval(let interval): "interval:\(Int(interval / .milliseconds(1)))ms"
        case .never: "never"
        }
    }
}
