import Dispatch
import Platform
import Spool
import Synchronization

/// The log on a cluster with a spool on this machine's disk before it: while the brokers can't be reached, events are taken into the
/// spool, and carried into the cluster in order when they are back. Until all of them are there, new ones go the same way.
///
/// Queues have the spool's numbers, so that a relay starts without a broker. May be used from any thread: what changes is in `state`.
public final class BufferedLog: EventLog {
    /// Something that the daemon's log should say.
    public enum Notice: Sendable {
        /// Events are taken into the spool, for this reason.
        case buffering(String)
        /// So many events of the spool are in the cluster now, and new ones go there at once.
        case emptied(events: Int)
        /// An event can't be carried into the cluster, and stays.
        case stays(event: EventNumber, reason: String)
        /// What the spool and the brokers have to say.
        case spool(Spool.Notice)
        case cluster(JetStreamLog.Notice)
    }

    /// A queue, by the spool's number.
    struct Known {
        var name: String
        var order = DeliveryOrder.whenDue
        var receiver: (any DeliveryReceiver)?
        /// What was asked for before there was anybody to ask.
        var credit = 0
    }

    struct State {
        var cluster: JetStreamLog?
        var queues: [QueueID: Known] = [:]
        /// The cluster's numbers of the queues that have one.
        var remotes: [QueueID: QueueID] = [:]
        /// Which targets keep an order, and whether the cluster has not heard of it.
        var orders: [KeptOrder] = []
        var ordersAreNew = false
        /// Who hears of words.
        var hear: (@Sendable (String, QueueWord) -> Void)?
        /// Who hears of queues that others empty.
        var hearOfEmptying: (@Sendable (String, Bool) -> Void)?
        /// Whether events go into the spool.
        var isBuffering = true
        var reason = "no broker has been reached yet"
        /// Batches on their way into the spool, and all that ever went there.
        var underWay = 0
        var batches = 0
        /// All of the spool's events up to this one are in the cluster, but for those that stay.
        var carried = EventNumber(rawValue: 0)
        var stay = 0
        var isStopping = false
    }

    /// What events in the spool are called by those who ask: no stream comes so far, and JSON's numbers go further.
    static let firstNumber: UInt64 = 1 << 52
    /// For how long an event's sender waits for the brokers before the spool takes it, in milliseconds.
    static let directMilliseconds: Int64 = 2_000
    /// How long brokers may take to answer whoever carries, in milliseconds, and how soon they are asked again.
    private static let patienceMilliseconds: Int64 = 2_000
    private static let pauseMilliseconds = 500

    let spool: Spool
    private let settings: ClusterSettings
    private let notice: @Sendable (Notice) -> Void
    let state = Mutex(State())
    private let bell = DispatchSemaphore(value: 0)
    private let thread = Mutex<LoopThread?>(nil)

    /// Opens the spool, and begins to look for the brokers.
    /// - Throws: what keeps the spool from opening; `SpoolError.locked` if another process has it.
    public init(
        _ settings: ClusterSettings, _ spoolSettings: SpoolSettings, notice: @escaping @Sendable (Notice) -> Void
    ) throws(SpoolError) {
        var spoolSettings = spoolSettings
        spoolSettings.commit = .byThread
        spool = try Spool(spoolSettings) { notice(.spool($0)) }
        var settings = settings
        settings.patienceMilliseconds = BufferedLog.patienceMilliseconds
        self.settings = settings
        self.notice = notice
        let carried = try Crossing.carried(in: settings.path)
        state.withLock { $0.carried = carried }
        let made = LoopThread(name: "carrier") { [weak self] in self?.carry() }
        guard let made else { throw .elsewhere(reason: "the process may have no more threads") }
        thread.withLock { $0 = made }
    }

    /// The queue of a target's name. The cluster's number for it is asked for when it can be.
    public func queue(named name: String) throws(SpoolError) -> QueueID {
        let queue = try spool.queue(named: name)
        state.withLock { if $0.queues[queue] == nil { $0.queues[queue] = Known(name: name) } }
        bell.signal()
        return queue
    }

    /// The cluster sees to the order, and the buffer keeps that of acceptance.
    public var keepsOrder: Bool { true }
    /// Each message has an acknowledgement of its own.
    public var takesOneBatchAtATime: Bool { false }

    /// Keeps the order of these targets; the cluster hears of it at once if it is there, else as soon as it is.
    public func keepOrder(of targets: [KeptOrder]) throws(SpoolError) {
        let cluster = state.withLock { state in
            state.orders = targets
            state.ordersAreNew = true
            return state.cluster
        }
        if let cluster, cluster.board.isConnected { try order(cluster) }
        bell.signal()
    }

    /// Has the cluster keep the orders.
    private func order(_ cluster: JetStreamLog) throws(SpoolError) {
        let orders = state.withLock { $0.ordersAreNew ? $0.orders : nil }
        guard let orders else { return }
        try cluster.keepOrder(of: orders)
        state.withLock { $0.ordersAreNew = false }
    }

    /// Begins to hand out a queue's deliveries, as soon as the brokers are there.
    public func attach(_ queue: QueueID, order: DeliveryOrder, to receiver: any DeliveryReceiver) {
        state.withLock { state in
            state.queues[queue]?.order = order
            state.queues[queue]?.receiver = receiver
            state.queues[queue]?.credit = 0
            guard let remote = state.remotes[queue] else { return }
            state.cluster?.attach(remote, order: order, to: receiver)
        }
    }

    /// Ends the handing out.
    public func detach(_ queue: QueueID) {
        state.withLock { state in
            state.queues[queue]?.receiver = nil
            guard let remote = state.remotes[queue] else { return }
            state.cluster?.detach(remote)
        }
    }

    /// Adds credit.
    public func request(_ queue: QueueID, count: Int) {
        state.withLock { state in
            guard let remote = state.remotes[queue] else {
                state.queues[queue]?.credit += count
                return
            }
            state.cluster?.request(remote, count: count)
        }
    }

    /// Takes note of outcomes: what was handed out came from the cluster.
    public func settle(_ outcomes: [Outcome], told: Int64) {
        let (cluster, remote) = state.withLock { ($0.cluster, $0.remotes) }
        let translated = outcomes.compactMap { outcome in
            remote[outcome.delivery.queue].map {
                Outcome(
                    DeliveryID(event: outcome.delivery.event, queue: $0), outcome.result, progress: outcome.progress)
            }
        }
        cluster?.settle(translated, told: told)
    }

    /// Lets go of the brokers, then of the spool: what had no answer is in it.
    public func close() {
        let cluster = state.withLock { state in
            state.isStopping = true
            return state.cluster
        }
        cluster?.giveUpPublishing()
        bell.signal()
        thread.withLock { $0.take() }?.join()
        state.withLock { $0.cluster }?.close()
        spool.close()
    }

    /// Says why events go into the spool from now on, if they did not before.
    func buffer(because reason: String) {
        let isNews = state.withLock { state in
            defer {
                state.isBuffering = true
                state.reason = reason
            }
            return !state.isBuffering
        }
        if isNews { notice(.buffering(reason)) }
    }

    /// The spool has taken a batch.
    func buffered() {
        state.withLock {
            $0.underWay -= 1
            $0.batches += 1
        }
        bell.signal()
    }

    // On the carrier's thread from here on.

    private func carry() {
        var crossing: Crossing?
        var moved = 0
        while !state.withLock({ $0.isStopping }) {
            do throws(SpoolError) {
                let cluster = try connected()
                try order(cluster)
                try resolve(cluster)
                let made =
                    if let crossing { crossing } else { try Crossing(from: spool, in: settings.path, to: cluster) }
                crossing = made
                let (batches, stays) = state.withLock { ($0.batches, $0.stay) }
                let looked = try made.step()
                note(made, stays)
                moved += looked
                if looked == 0 {
                    if isEmptied(at: batches) && moved > 0 {
                        notice(.emptied(events: moved))
                        moved = 0
                    }
                    _ = bell.wait(timeout: .now() + .milliseconds(BufferedLog.pauseMilliseconds))
                }
            } catch {
                state.withLock { $0.reason = error.described }
                _ = bell.wait(timeout: .now() + .milliseconds(BufferedLog.pauseMilliseconds))
            }
        }
    }

    /// Whether nothing stands in the spool, or is on its way there, since `batches` were counted: then the cluster takes what comes.
    private func isEmptied(at batches: Int) -> Bool {
        state.withLock { state in
            guard state.batches == batches, state.underWay == 0, state.queues.count == state.remotes.count,
                !state.ordersAreNew,
                state.cluster?.board.isConnected == true
            else { return false }
            state.isBuffering = false
            return true
        }
    }

    private func note(_ crossing: Crossing, _ before: Int) {
        let kept = crossing.tally.kept
        state.withLock {
            $0.carried = crossing.carried
            $0.stay = kept.count
        }
        for kept in kept.dropFirst(before) { notice(.stays(event: kept.event, reason: kept.reason)) }
    }

    private func connected() throws(SpoolError) -> JetStreamLog {
        if let cluster = state.withLock({ $0.cluster }) { return cluster }
        let notice = self.notice
        let cluster = try JetStreamLog(besides: spool, settings) { notice(.cluster($0)) }
        let (hear, hearOfEmptying) = state.withLock { state in
            state.cluster = cluster
            return (state.hear, state.hearOfEmptying)
        }
        if let hear { cluster.follow(hear) }
        if let hearOfEmptying { cluster.followEmptying(hearOfEmptying) }
        return cluster
    }

    /// Has the cluster give numbers to the queues that have none, and hands over what was asked for meanwhile.
    private func resolve(_ cluster: JetStreamLog) throws(SpoolError) {
        let unknown = state.withLock { state in state.queues.filter { state.remotes[$0.key] == nil } }
        for (queue, known) in unknown {
            let remote = try cluster.queue(named: known.name)
            state.withLock { state in
                guard var known = state.queues[queue] else { return }
                state.remotes[queue] = remote
                if let receiver = known.receiver {
                    cluster.attach(remote, order: known.order, to: receiver)
                    cluster.request(remote, count: known.credit)
                }
                known.credit = 0
                state.queues[queue] = known
            }
        }
    }
}

extension BufferedLog.State {
    /// The spool's numbers by the cluster's.
    var locals: [QueueID: QueueID] {
        Dictionary(remotes.map { ($0.value, $0.key) }) { one, _ in one }
    }
}
