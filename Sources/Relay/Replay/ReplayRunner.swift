import CPlatform
import Delivery
import Dispatch
import EventJSON
import Spool

/// Runs replays: looks through the spool from each job's cursor on and owes what its pattern takes to its targets, as fast as
/// its rate allows and its targets keep up with. A job stands in the notebook after every step, so that a restart goes on
/// where it was; what the last step handed over may then be handed over twice, with the same `webhook-id`.
///
/// Unchecked: everything but what never changes belongs to its serial queue, on which it works and is asked.
final class ReplayRunner: @unchecked Sendable {
    /// Jobs that are not over at most, and jobs that are over and still shown.
    static let jobLimit = 16
    static let shownLimit = 64
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
    private static let prefix = "replay/"

    /// A job at work.
    private struct Work {
        var job: ReplayJob
        var matcher: StoredEventMatcher
        var bucket: TokenBucket?
        var isScheduled = false
        /// Why it does not get on, for people.
        var obstacle: String?
    }

    private let log: any EventLog
    private let notebook: Notebook
    private let notice: @Sendable (String, KeyValuePairs<String, String>) -> Void
    private let queue = DispatchQueue(label: "hookswitch.replays")
    private var works: [Int: Work] = [:]
    private var isStopping = false

    init(
        log: any EventLog, notebook: Notebook,
        notice: @escaping @Sendable (String, KeyValuePairs<String, String>) -> Void
    ) {
        self.log = log
        self.notebook = notebook
        self.notice = notice
    }

    /// Goes on with what a former run left.
    func start() {
        queue.async { [self] in
            for note in notebook.notes(under: ReplayRunner.prefix).values {
                guard let job = ReplayJob(note), let matcher = try? StoredEventMatcher(job.match) else { continue }
                works[job.id] = Work(job: job, matcher: matcher, bucket: bucket(of: job))
                schedule(job.id, afterMilliseconds: 0)
            }
        }
    }

    /// Ends the work; nothing is handed over any more when this returns.
    func stop() { queue.sync { isStopping = true } }

    /// Begins a job; answers it, or why it is none.
    func begin(_ request: ReplayRequest, now: Int64) throws(BodyFault) -> ReplayJob {
        let matcher = try StoredEventMatcher(request.match)
        let begun = queue.sync { () -> ReplayJob? in
            guard works.values.count(where: { !$0.job.isOver }) < ReplayRunner.jobLimit else { return nil }
            let over = works.values.map(\.job).filter(\.isOver).sorted { $0.id < $1.id }
            for job in over.dropLast(ReplayRunner.shownLimit - 1) {
                works[job.id] = nil
                write([ReplayRunner.prefix + "\(job.id)": nil])
            }
            let job = ReplayJob(
                id: (works.keys.max() ?? 0) + 1, since: request.since, until: request.until, match: request.match,
                to: request.to, rate: request.rate, isDryRun: request.isDryRun, createdAt: now)
            works[job.id] = Work(job: job, matcher: matcher, bucket: bucket(of: job))
            keep(job)
            schedule(job.id, afterMilliseconds: 0)
            return job
        }
        guard let begun else {
            throw BodyFault(
                message: "\(ReplayRunner.jobLimit) replays are under way", hint: "cancel one, or wait for its end")
        }
        return begun
    }

    /// All jobs by number, each with what holds it up.
    func jobs() -> [(job: ReplayJob, obstacle: String?)] {
        queue.sync { works.values.map { ($0.job, $0.obstacle) }.sorted { $0.0.id < $1.0.id } }
    }

    /// Changes a job's state; answers it, or `nil` if there is none. One that is over stays so.
    func set(_ id: Int, _ state: ReplayJob.State) -> ReplayJob? {
        queue.sync {
            guard let before = works[id]?.job else { return nil }
            guard !before.isOver, before.state != state else { return before }
            works[id]?.job.state = state
            works[id]?.obstacle = nil
            guard let job = works[id]?.job else { return nil }
            keep(job)
            notice("a replay is \(state.rawValue)", ["replay": "\(id)"])
            schedule(id, afterMilliseconds: 0)
            return job
        }
    }

    private func bucket(of job: ReplayJob) -> TokenBucket? {
        job.rate.map { TokenBucket($0, now: hs_monotonic_ns() / 1_000_000) }
    }

    private func schedule(_ id: Int, afterMilliseconds wait: Int) {
        guard !isStopping, let work = works[id], !work.isScheduled, work.job.state == .running else { return }
        works[id]?.isScheduled = true
        queue.asyncAfter(deadline: .now() + .milliseconds(wait)) { [weak self] in
            guard let self else { return }
            works[id]?.isScheduled = false
            guard !isStopping, works[id]?.job.state == .running else { return }
            step(id)
        }
    }

    private func step(_ id: Int) {
        guard var work = works[id] else { return }
        if let obstacle = obstacle(for: work.job) {
            works[id]?.obstacle = obstacle
            return schedule(id, afterMilliseconds: ReplayRunner.restMilliseconds)
        }
        work.obstacle = nil
        var deliveries: [DeliveryID] = []
        let targets = queues(of: work.job)
        let isAtEnd = look(&work, targets, &deliveries)
        do throws(SpoolError) {
            if !work.job.isDryRun && !deliveries.isEmpty {
                let results = try log.owe(deliveries).values
                work.job.handedOver += results.count { $0 == .reopened }
                work.job.waited += results.count { $0 == .wasOwed }
            }
        } catch {
            works[id]?.obstacle = error.described
            return schedule(id, afterMilliseconds: 5 * ReplayRunner.restMilliseconds)
        }
        if isAtEnd {
            work.job.state = .done
            if !work.job.isDryRun {
                notice("a replay is done", ["replay": "\(id)", "handed_over": "\(work.job.handedOver)"])
            }
        }
        works[id] = work
        keep(work.job)
        schedule(id, afterMilliseconds: work.bucket == nil ? 0 : ReplayRunner.paceMilliseconds)
    }

    /// Looks through the next events; answers whether there are no more.
    private func look(_ work: inout Work, _ targets: [QueueID], _ deliveries: inout [DeliveryID]) -> Bool {
        var taken = 0
        for _ in 0..<ReplayRunner.lookLimit {
            let after = EventNumber(rawValue: work.job.cursor)
            guard let number = log.retained(after: after, since: work.job.since) else { return true }
            // An event that can't be read is passed over: its damage is counted where it is read.
            if let event = try? log.event(number) {
                if event.receivedAt > work.job.until + ReplayRunner.clockSlackMilliseconds { return true }
                let attributes = (try? EventAttributes(decoding: event.attributes)) ?? EventAttributes()
                if (work.job.since...work.job.until).contains(event.receivedAt),
                    attributes.source != EventAttributes.failureSource
                {
                    let isTaken = work.matcher.takes(event, attributes)
                    // Not counted before there is a token for it: the next step comes by it again.
                    let now = hs_monotonic_ns() / 1_000_000
                    if isTaken, !work.job.isDryRun, work.bucket?.take(now: now) == false { return false }
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

    private func queues(of job: ReplayJob) -> [QueueID] {
        let known = Dictionary(log.status().queues.map { ($0.name, $0.id) }) { one, _ in one }
        return job.to.compactMap { known[$0] }
    }

    private func obstacle(for job: ReplayJob) -> String? {
        guard !job.isDryRun else { return nil }
        for queue in log.status().queues where job.to.contains(queue.name) {
            if queue.waiting >= ReplayRunner.waitingLimit {
                return
                    "\(queue.name) has \(queue.waiting) deliveries waiting; it goes on below \(ReplayRunner.waitingLimit)"
            }
        }
        return nil
    }

    /// A dry run is worth no note: after a restart it is asked for again.
    private func keep(_ job: ReplayJob) {
        if !job.isDryRun { write([ReplayRunner.prefix + "\(job.id)": job.note]) }
    }

    private func write(_ changes: [String: [UInt8]?]) {
        do throws(SpoolError) { try notebook.change(changes) } catch {
            notice("how far a replay has come could not be written", ["reason": error.described])
        }
    }
}
