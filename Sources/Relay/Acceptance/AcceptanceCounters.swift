import HTTPServer
import Synchronization

/// What the door has taken and refused since the start, over all its loops. May be used from any thread.
///
/// Each loop has a tally of its own, whose lock it takes once a round and which nobody else asks for but a scrape.
public final class AcceptanceCounters: Sendable {
    /// One loop's tally.
    final class LoopTally: Sendable {
        private let tally = Mutex(DoorTally())

        /// Counts what a round brought.
        func record(_ count: (inout DoorTally) -> Void) { tally.withLock { count(&$0) } }

        /// A copy at this moment.
        var current: DoorTally { tally.withLock { $0 } }
    }

    private let loops = Mutex<[LoopTally]>([])
    private let refusalCounts = Mutex<[RefusalCounts]>([])

    /// Nothing yet.
    public init() {}

    /// A tally for one more loop, and where the loop itself counts what it refuses.
    func makeTally(for loop: EventLoop) -> LoopTally {
        let tally = LoopTally()
        loops.withLock { $0.append(tally) }
        refusalCounts.withLock { $0.append(loop.refusals) }
        return tally
    }

    /// What all loops have taken together.
    var total: DoorTally {
        loops.withLock { $0 }.reduce(into: DoorTally()) { $0.add($1.current) }
    }

    /// Refusals by status, over all loops.
    var refusalsByStatus: [Int: Int] {
        refusalCounts.withLock { $0 }.reduce(into: [:]) { $0.merge($1.byStatus, uniquingKeysWith: +) }
    }
}
