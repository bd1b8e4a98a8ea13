import CPlatform
import NATS
import Spool
import Synchronization

/// What is known of the cluster: seen from any thread, written on the client's.
final class StatusBoard: Sendable {
    /// What one consumer has of a queue.
    struct Part: Sendable {
        var waiting = 0
        var oldestReceivedAt: Int64?
        var reach = JetStreamLog.Reach()
    }

    /// What one queue holds.
    struct Queue: Sendable {
        var name: String
        var failed = 0
        /// What keeps no order, and the partitions of what does.
        var parts: [Partition?: Part] = [nil: Part()]

        var waiting: Int { parts.values.reduce(0) { $0 + $1.waiting } }
        var oldestReceivedAt: Int64? { parts.values.compactMap(\.oldestReceivedAt).min() }
        /// The slots that its order has, or had.
        var slots: Set<Int> { Set(parts.keys.compactMap { $0?.slot }) }
    }

    private struct State {
        var queues: [QueueID: Queue] = [:]
        var bytes = 0
        var events = 0
        var closed: String? = "no broker has been reached yet"
        var closedSince: Int64 = 0
        var lastTarget: UInt64 = 0
        var standings: UInt64 = 0
        var server: ServerInfo?
    }

    /// For how long a connection may be away before the log is called closed: a new one stands within this time, mostly.
    private static let patienceMilliseconds: Int64 = 3_000

    private let state = Mutex(State())

    func note(connectedTo server: ServerInfo) {
        state.withLock {
            $0.closed = nil
            $0.server = server
        }
    }

    /// The broker that the connection leads to, or led to last.
    var server: ServerInfo? { state.withLock { $0.server } }

    /// Notes why there is no connection; answers whether that is news.
    func note(closed reason: String) -> Bool {
        state.withLock { state in
            let isNews = state.closed == nil || state.closedSince == 0
            if isNews { state.closedSince = hs_monotonic_ns() / 1_000_000 }
            state.closed = reason
            return isNews
        }
    }

    /// Whether a connection stands, and why none does.
    var isConnected: Bool { disconnection == nil }
    var disconnection: String? { state.withLock { $0.closed } }

    func note(bytes: Int, events: Int) {
        state.withLock {
            $0.bytes = bytes
            $0.events = events
        }
    }

    /// Notes a target's number. `isInOrder` if all smaller ones are known.
    func note(_ queue: QueueID, named name: String, isInOrder: Bool = true) {
        state.withLock {
            if $0.queues[queue] == nil { $0.queues[queue] = Queue(name: name) }
            if isInOrder { $0.lastTarget = max($0.lastTarget, UInt64(queue.rawValue)) }
        }
    }

    /// What is known of the part of a queue that a message stands in, by its subject.
    func part(of queue: QueueID, in subject: String) -> Part {
        state.withLock { state in
            guard let known = state.queues[queue] else { return Part() }
            let share = Subjects.share(of: queue, in: subject, slots: known.slots)
            return known.parts[share.partition] ?? Part()
        }
    }

    /// The part of a queue that a message stands in, by its subject.
    func share(of queue: QueueID, in subject: String) -> Share {
        Subjects.share(of: queue, in: subject, slots: state.withLock { $0.queues[queue]?.slots } ?? [])
    }

    func change(_ queue: QueueID, _ change: (inout Queue) -> Void) {
        state.withLock { state in
            guard var known = state.queues[queue] else { return }
            change(&known)
            state.queues[queue] = known
        }
    }

    /// Whether the standings have changed since they were counted.
    func isNews(standings: UInt64) -> Bool {
        state.withLock { state in
            let isNews = state.standings != standings
            state.standings = standings
            return isNews
        }
    }

    var lastTarget: UInt64 { state.withLock { $0.lastTarget } }
    var queues: [QueueID: Queue] { state.withLock { $0.queues } }

    func queue(named name: String) -> QueueID? { state.withLock { $0.queues.first { $0.value.name == name }?.key } }

    var status: SpoolStatus {
        state.withLock { state in
            let queues = state.queues.sorted { $0.key < $1.key }.map { id, queue in
                SpoolStatus.Queue(
                    id: id, name: queue.name, waiting: queue.waiting, failed: queue.failed,
                    oldestReceivedAt: queue.oldestReceivedAt)
            }
            let isAway = hs_monotonic_ns() / 1_000_000 - state.closedSince > StatusBoard.patienceMilliseconds
            return SpoolStatus(
                queues: queues, bytes: state.bytes, events: state.events, corrupt: 0, syncSeconds: 0,
                closed: isAway ? state.closed : nil)
        }
    }
}
