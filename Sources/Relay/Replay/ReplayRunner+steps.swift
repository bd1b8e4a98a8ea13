import Delivery
import Spool

/// How a job gets on. On the runner's queue.
extension ReplayRunner {
    /// Events looked at, and handed over, in one step.
    private static let lookLimit = 1000
    private static let stepLimit = 256
    /// A job rests while one of its targets has so many deliveries waiting.
    static let waitingLimit = 10_000
    /// How long a job rests then, and at least between two steps of one with a rate, in milliseconds.
    private static let restMilliseconds = 200
    private static let paceMilliseconds = 20
    /// How far behind a job's `until` an event may stand of which a clock set back says otherwise, in milliseconds.
    private static let clockSlackMilliseconds: Int64 = 60_000

    /// Does the next part of a job, and keeps how far it has come.
    func step(_ id: Int) {
        if works[id]?.isAhead == true {
            keep(id)
            // The brokers are away: what would be handed over now could be handed over again.
            if works[id]?.isAhead == true { return schedule(id, afterMilliseconds: 5 * ReplayRunner.restMilliseconds) }
        }
        guard var work = works[id] else { return }
        if let obstacle = obstacle(for: work.job) {
            works[id]?.job.obstacle = obstacle
            return schedule(id, afterMilliseconds: ReplayRunner.restMilliseconds)
        }
        work.job.obstacle = nil
        var deliveries: [DeliveryID] = []
        var isAtEnd = false
        do throws(SpoolError) {
            isAtEnd = try look(&work, queues(of: work.job), &deliveries)
            if !work.job.isDryRun && !deliveries.isEmpty {
                let results = try log.owe(deliveries).values
                work.job.handedOver += results.count { $0 == .reopened }
                work.job.waited += results.count { $0 == .wasOwed }
            }
        } catch {
            works[id]?.job.obstacle = error.described
            return schedule(id, afterMilliseconds: 5 * ReplayRunner.restMilliseconds)
        }
        if isAtEnd {
            work.job.state = .done
            if !work.job.isDryRun {
                notice("a replay is done", ["replay": "\(id)", "handed_over": "\(work.job.handedOver)"])
            }
        }
        works[id] = work
        keep(id)
        schedule(id, afterMilliseconds: work.bucket == nil ? 0 : ReplayRunner.paceMilliseconds)
    }

    /// Looks through the next events; answers whether there are no more.
    private func look(
        _ work: inout Work, _ targets: [QueueID], _ deliveries: inout [DeliveryID]
    ) throws(SpoolError) -> Bool {
        var taken = 0
        for _ in 0..<ReplayRunner.lookLimit {
            let after = EventNumber(rawValue: work.job.cursor)
            guard let number = try log.retained(after: after, since: work.job.since) else { return true }
            if let event = try event(number) {
                if event.receivedAt > work.job.until + ReplayRunner.clockSlackMilliseconds { return true }
                let attributes = (try? EventAttributes(decoding: event.attributes)) ?? EventAttributes()
                if (work.job.since...work.job.until).contains(event.receivedAt),
                    attributes.source != EventAttributes.failureSource
                {
                    let isTaken = work.matcher.takes(event, attributes)
                    // Not counted before there is a token for it: the next step comes by it again.
                    if isTaken, !work.job.isDryRun, work.bucket?.take(now: now()) == false { return false }
                    work.job.seen += 1
                    if isTaken {
                        work.job.matched += 1
                        taken += 1
                        deliveries += targets.map { DeliveryID(event: number, queue: $0) }
                    }
                }
            }
            work.job.cursor = number.rawValue
            if taken == ReplayRunner.stepLimit { return false }
        }
        return false
    }

    /// An event; `nil` if it can't be read: it is passed over, and its damage is counted where it is read.
    private func event(_ number: EventNumber) throws(SpoolError) -> StoredEvent? {
        do throws(SpoolError) { return try log.event(number) } catch {
            if case .elsewhere = error { throw error }
            return nil
        }
    }

    private func queues(of job: ReplayJob) -> [QueueID] {
        let known = Dictionary(log.status().queues.map { ($0.name, $0.id) }) { one, _ in one }
        return job.to.compactMap { known[$0] }
    }

    private func obstacle(for job: ReplayJob) -> String? {
        guard !job.isDryRun else { return nil }
        let queues = log.status().queues
        if let unknown = job.to.first(where: { name in !queues.contains { $0.name == name } }) {
            return "there is no target \"\(unknown)\" here"
        }
        for queue in queues where job.to.contains(queue.name) {
            if queue.waiting >= ReplayRunner.waitingLimit {
                return
                    "\(queue.name) has \(queue.waiting) deliveries waiting; it goes on below \(ReplayRunner.waitingLimit)"
            }
        }
        return nil
    }
}
