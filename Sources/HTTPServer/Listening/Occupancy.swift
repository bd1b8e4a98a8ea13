import Synchronization

/// What all loops of a server hold together, measured against its limits. May be used from any thread.
public final class Occupancy: Sendable {
    private let limits: ServerLimits
    private let connections = Atomic(0)
    private let bytes = Atomic(0)
    private let stopping = Atomic(false)
    private let addresses = Mutex<[PeerAddress: Int]>([:])

    /// Nothing yet.
    public init(_ limits: ServerLimits) { self.limits = limits }

    /// Connections open at this moment.
    public var openConnections: Int { connections.load(ordering: .relaxed) }
    /// Bytes held for requests at this moment.
    public var heldBytes: Int { bytes.load(ordering: .relaxed) }

    /// Whether the loops end: from then on each keeps what it accepts.
    public var isStopping: Bool { stopping.load(ordering: .relaxed) }
    func beginStopping() { stopping.store(true, ordering: .relaxed) }

    /// Takes a place for one more connection. False if there is none.
    func enter() -> Bool {
        guard connections.add(1, ordering: .relaxed).newValue > limits.connections else { return true }
        leave()
        return false
    }

    func leave() { connections.subtract(1, ordering: .relaxed) }

    /// Takes one of an address's places. False if it has as many connections as one may have.
    func enter(_ peer: PeerAddress) -> Bool {
        guard let limit = limits.connectionsPerAddress else { return true }
        return addresses.withLock {
            guard $0[peer, default: 0] < limit else { return false }
            $0[peer, default: 0] += 1
            return true
        }
    }

    func leave(_ peer: PeerAddress) {
        guard limits.connectionsPerAddress != nil else { return }
        addresses.withLock {
            $0[peer, default: 1] -= 1
            if $0[peer] == 0 { $0[peer] = nil }
        }
    }

    /// Whether so many bytes more are within the limit.
    func canHold(_ more: Int) -> Bool { heldBytes + more <= limits.memoryBytes }

    /// Counts bytes that are held from now on, or, below zero, no longer.
    func hold(_ more: Int) { bytes.add(more, ordering: .relaxed) }
}
