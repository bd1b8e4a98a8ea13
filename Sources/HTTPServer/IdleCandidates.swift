/// Which idle connection gives way next: the one that has been idle longest. Owned by an event loop.
///
/// Nothing is kept in order while there is room, since a request would pay for that. When a place is wanted, one look at all
/// connections finds the oldest few, and those go one after another if they are still idle then.
struct IdleCandidates {
    private struct Candidate {
        var slot: Int
        var generation: UInt32
        var deadline: Int64
    }

    /// How many one look finds.
    private static let count = 64
    /// When a look has found none, how long it is believed.
    private static let pauseNanoseconds: Int64 = 10_000_000

    private var oldestLast: [Candidate] = []
    private var nextLook: Int64 = 0

    /// The slot of the connection that has been idle longest; `nil` if none is idle.
    mutating func next(among connections: [Connection?], now: Int64) -> Int? {
        for _ in 0..<2 {
            while let candidate = oldestLast.popLast() {
                guard let connection = connections[candidate.slot], connection.generation == candidate.generation,
                    connection.isIdle, connection.deadline == candidate.deadline
                else { continue }
                return candidate.slot
            }
            guard now >= nextLook else { return nil }
            look(at: connections)
            if oldestLast.isEmpty {
                nextLook = now + IdleCandidates.pauseNanoseconds
                return nil
            }
        }
        return nil
    }

    private mutating func look(at connections: [Connection?]) {
        var idle: [Candidate] = []
        for (slot, connection) in connections.enumerated() {
            guard let connection, connection.isIdle else { continue }
            idle.append(Candidate(slot: slot, generation: connection.generation, deadline: connection.deadline))
        }
        idle.sort { $0.deadline < $1.deadline }
        oldestLast = idle.prefix(IdleCandidates.count).reversed()
    }
}
