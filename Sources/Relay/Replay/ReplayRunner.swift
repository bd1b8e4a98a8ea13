import CPlatform
import Delivery
import Dispatch
import EventJSON
import Spool

/// Runs replays: looks through the spool from each job's cursor on and owes what its pattern takes to its targets, as fast as
/// its rate allows and its targets keep up with. A job is kept after every step, so that a restart goes on where it was, or another
/// relay of the cluster; what the last step handed over may then be handed over twice, with the same `webhook-id`.
///
/// Where relays share the jobs, each sees all of them, and may pause, resume and cancel any. One relay runs a job, and says that it
/// does by changing it from time to time: whose relay has not done so for a while, or has taken its leave, another one takes over.
///
/// Unchecked: everything but what never changes belongs to its serial queue, on which it works and is asked.
final class ReplayRunner: @unchecked Sendable {
    /// Jobs that are not over at most, and jobs that are over and still shown.
    static let jobLimit = 16
    static let shownLimit = 64
    /// How often it is looked for what other relays have changed, how often one says of a job that it runs it, and after how long
    /// without a word another one takes it over, in milliseconds.
    private static let lookMilliseconds = 1_000
    private static let tellMilliseconds: Int64 = 3_000
    private static let silentMilliseconds: Int64 = 12_000
    /// How often a change is tried that others are faster with.
    private static let tries = 20

    /// A job at work, or one that another relay works on.
    struct Work {
        var job: ReplayJob
        /// Of what is kept of it.
        var version: UInt64
        var matcher: StoredEventMatcher
        var bucket: TokenBucket?
        var isScheduled = false
        /// Whether it has come further than is kept.
        var isAhead = false
        /// When it was kept, or seen to be another one, by the steady clock.
        var changedAt: Int64
    }

    let log: any EventLog
    private let book: any ReplayBook
    let notice: @Sendable (String, KeyValuePairs<String, String>) -> Void
    let now: @Sendable () -> Int64
    private let queue = DispatchQueue(label: "hookswitch.replays")
    var works: [Int: Work] = [:]
    /// The last change that was looked at.
    private var version: UInt64 = 0
    private var isPrepared = false
    private var isStopping = false

    /// `now` is the steady clock, in milliseconds.
    init(
        log: any EventLog, book: any ReplayBook,
        now: @escaping @Sendable () -> Int64 = { hs_monotonic_ns() / 1_000_000 },
        notice: @escaping @Sendable (String, KeyValuePairs<String, String>) -> Void
    ) {
        self.log = log
        self.book = book
        self.now = now
        self.notice = notice
    }

    /// Goes on with what a former run left, and looks after what others leave.
    func start() { queue.async { self.look() } }

    /// Ends the work; nothing is handed over any more when this returns, and others may take over what is left.
    func stop() {
        queue.sync {
            isStopping = true
            guard book.relay != nil else { return }
            for work in works.values where work.job.state == .running && isMine(work.job) {
                var job = work.job
                job.relay = nil
                _ = try? book.keep(job, after: work.version)
            }
        }
    }

    /// Begins a job; answers it, or why it is none.
    func begin(_ request: ReplayRequest, now: Int64) throws(BodyFault) -> ReplayJob {
        let matcher = try StoredEventMatcher(request.match)
        let begun = queue.sync {
            Result { () throws(SpoolError) -> ReplayJob? in
                try catchUp()
                guard works.values.count(where: { !$0.job.isOver }) < ReplayRunner.jobLimit else { return nil }
                for id in prune(to: ReplayRunner.shownLimit - 1) { try book.forget(id) }
                var job = ReplayJob(
                    id: 0, since: request.since, until: request.until, match: request.match, to: request.to,
                    rate: request.rate, isDryRun: request.isDryRun, createdAt: now)
                job.relay = book.relay
                for _ in 0..<ReplayRunner.tries {
                    job.id = (works.keys.max() ?? 0) + 1
                    if let version = try book.keep(job, after: 0) {
                        works[job.id] = work(job, version, matcher)
                        schedule(job.id, afterMilliseconds: 0)
                        return job
                    }
                    try catchUp()
                }
                throw .elsewhere(reason: "other relays begin replays, too: try again")
            }
        }
        do throws(SpoolError) { if let job = try begun.get() { return job } } catch {
            throw BodyFault(message: error.described, hint: Problem.askTheBrokers, status: 503)
        }
        throw BodyFault(
            message: "\(ReplayRunner.jobLimit) replays are under way", hint: "cancel one, or wait for its end")
    }

    /// All jobs by number, those included that other relays have begun.
    /// - Throws: `SpoolError.elsewhere` if it can't be told what there are.
    func jobs() throws(SpoolError) -> [ReplayJob] {
        try queue.sync {
            Result { () throws(SpoolError) -> [ReplayJob] in
                if book.relay != nil { try catchUp() }
                return works.values.map(\.job).sorted { $0.id < $1.id }
            }
        }.get()
    }

    /// Changes a job's state; answers it, or `nil` if there is none. One that is over stays so; one that is resumed is this relay's.
    /// - Throws: `SpoolError.elsewhere` if the others can't be told.
    func set(_ id: Int, _ state: ReplayJob.State) throws(SpoolError) -> ReplayJob? {
        try queue.sync {
            Result { () throws(SpoolError) -> ReplayJob? in
                for _ in 0..<ReplayRunner.tries {
                    try catchUp()
                    guard let work = works[id] else { return nil }
                    guard !work.job.isOver, work.job.state != state else { return work.job }
                    var job = work.job
                    job.state = state
                    job.obstacle = nil
                    if state == .running { job.relay = book.relay }
                    guard let version = try book.keep(job, after: work.version) else { continue }
                    note(job, version)
                    notice("a replay is \(state.rawValue)", ["replay": "\(id)"])
                    schedule(id, afterMilliseconds: 0)
                    return job
                }
                throw .elsewhere(reason: "other relays change replay \(id), too: try again")
            }
        }.get()
    }

    // On its queue from here on.

    /// Whether this relay is to run a job.
    private func isMine(_ job: ReplayJob) -> Bool { job.relay?.id == book.relay?.id }

    /// Looks what others have changed, says of what runs here that it does, and takes over what nobody runs.
    private func look() {
        guard !isStopping else { return }
        // The brokers may be away: they are asked again.
        try? catchUp()
        guard book.relay != nil else { return }
        for (id, work) in works where work.job.state == .running || work.isAhead {
            let silence = now() - work.changedAt
            if isMine(work.job) {
                if work.isAhead || silence >= ReplayRunner.tellMilliseconds { keep(id) }
            } else if work.job.state == .running, work.job.relay == nil || silence >= ReplayRunner.silentMilliseconds {
                takeOver(work)
            }
        }
        queue.asyncAfter(deadline: .now() + .milliseconds(ReplayRunner.lookMilliseconds)) { [weak self] in self?.look()
        }
    }

    private func takeOver(_ work: Work) {
        var job = work.job
        job.relay = book.relay
        guard let version = try? book.keep(job, after: work.version) else { return }
        note(job, version)
        notice(
            "a replay that no relay runs is taken over",
            ["replay": "\(job.id)", "from": work.job.relay?.name ?? "", "cursor": "\(job.cursor)"])
        schedule(job.id, afterMilliseconds: 0)
    }

    /// Takes note of what has been changed since it was last looked.
    private func catchUp() throws(SpoolError) {
        if !isPrepared { try book.prepare() }
        isPrepared = true
        for kept in try book.changes(since: version) {
            version = max(version, kept.version)
            adopt(kept)
        }
        if book.relay != nil { _ = prune(to: ReplayRunner.shownLimit) }
    }

    private func adopt(_ kept: KeptReplay) {
        let id = kept.job.id
        guard works[id]?.version ?? 0 < kept.version else { return }
        if let known = works[id], isMine(known.job), isMine(kept.job) {
            // Somebody has paused it, say; how far it is this relay knows best.
            works[id]?.job.state = kept.job.state
            works[id]?.version = kept.version
            works[id]?.isAhead = known.isAhead || known.job.cursor != kept.job.cursor
        } else {
            guard let matcher = try? StoredEventMatcher(kept.job.match) else { return }
            let isScheduled = works[id]?.isScheduled ?? false
            works[id] = work(kept.job, kept.version, matcher)
            works[id]?.isScheduled = isScheduled
        }
        schedule(id, afterMilliseconds: 0)
    }

    /// Keeps how far a job has come, for as long as it is this relay's.
    func keep(_ id: Int) {
        for _ in 0..<ReplayRunner.tries {
            guard let work = works[id], isMine(work.job) else { return }
            do throws(SpoolError) {
                if let version = try book.keep(work.job, after: work.version) { return note(work.job, version) }
                works[id]?.isAhead = true
                try catchUp()
            } catch {
                works[id]?.isAhead = true
                works[id]?.job.obstacle = error.described
                return
            }
        }
    }

    private func note(_ job: ReplayJob, _ version: UInt64) {
        works[job.id]?.job = job
        works[job.id]?.version = version
        works[job.id]?.isAhead = false
        works[job.id]?.changedAt = now()
    }

    /// Lets go of the oldest jobs that are over, down to so many, and answers their numbers.
    private func prune(to count: Int) -> [Int] {
        let over = works.values.map(\.job).filter(\.isOver).map(\.id).sorted().dropLast(count)
        for id in over { works[id] = nil }
        return Array(over)
    }

    private func work(_ job: ReplayJob, _ version: UInt64, _ matcher: StoredEventMatcher) -> Work {
        Work(
            job: job, version: version, matcher: matcher, bucket: job.rate.map { TokenBucket($0, now: now()) },
            changedAt: now())
    }

    func schedule(_ id: Int, afterMilliseconds wait: Int) {
        guard !isStopping, let work = works[id], !work.isScheduled, work.job.state == .running, isMine(work.job) else {
            return
        }
        works[id]?.isScheduled = true
        queue.asyncAfter(deadline: .now() + .milliseconds(wait)) { [weak self] in
            guard let self else { return }
            works[id]?.isScheduled = false
            guard !isStopping, let work = works[id], work.job.state == .running, isMine(work.job) else { return }
            step(id)
        }
    }
}
