import Synchronization

/// Who decides what becomes of a commit: the one who makes it, once it is durable, or the one who watches over it and will not wait
/// any longer. Whoever comes first. May be used from any thread.
final class CommitClaim: Sendable {
    private enum State {
        static let open = 0
        static let kept = 1
        static let givenUp = 2
    }

    private let state = Atomic(State.open)

    /// Claims that it counts; answers `false` if it was given up.
    func keep() -> Bool { claim(State.kept) }

    /// Claims that it does not; answers `false` if it counts already.
    func giveUp() -> Bool { claim(State.givenUp) }

    var isGivenUp: Bool { state.load(ordering: .acquiring) == State.givenUp }

    private func claim(_ wanted: Int) -> Bool {
        state.compareExchange(expected: State.open, desired: wanted, ordering: .acquiringAndReleasing).exchanged
    }
}
