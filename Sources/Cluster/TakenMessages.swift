import Dispatch
import Synchronization

/// Messages of a queue that is emptied, on their way from the client's thread to the one that empties it.
final class TakenMessages: Sendable {
    struct Taken: Sendable {
        var share: Share
        var arrival: Shelf.Arrival
    }

    private static let pause: DispatchTimeInterval = .milliseconds(100)

    private let taken = Mutex<[Taken]>([])
    private let kept = Mutex<[Taken]>([])
    private let bell = DispatchSemaphore(value: 0)

    /// One has come.
    func put(_ arrival: Shelf.Arrival, of share: Share) {
        taken.withLock { $0.append(Taken(share: share, arrival: arrival)) }
        bell.signal()
    }

    /// What has come; waits for it for a moment.
    func take() -> [Taken] {
        _ = bell.wait(timeout: .now() + TakenMessages.pause)
        return taken.withLock { $0.takeAll() }
    }

    /// These are not to go: they are given back at the end.
    func keep(_ some: [Taken]) { kept.withLock { $0 += some } }

    /// All that nothing was done with.
    func rest() -> [Taken] { kept.withLock { $0.takeAll() } + taken.withLock { $0.takeAll() } }
}

extension [TakenMessages.Taken] {
    fileprivate mutating func takeAll() -> Self {
        defer { self = [] }
        return self
    }
}
