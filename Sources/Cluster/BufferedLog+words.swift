import Spool

/// Words that hold on all relays: they are in the cluster, so that none can be given while it can't be reached.
extension BufferedLog: SharedWords {
    /// Where words are given.
    public var words: (any SharedWords)? { self }

    /// Gives a word.
    public func give(_ word: QueueWord, of target: String) throws(SpoolError) {
        let (cluster, reason) = state.withLock { ($0.cluster, $0.reason) }
        guard let cluster else { throw .elsewhere(reason: reason) }
        try cluster.give(word, of: target)
    }

    /// The last word of each target; none before the brokers were reached.
    public func lastWords() -> [String: QueueWord] { state.withLock { $0.cluster }?.lastWords() ?? [:] }

    /// Hears of words from now on, or from when the brokers are reached.
    public func follow(_ hear: @escaping @Sendable (_ target: String, _ word: QueueWord) -> Void) {
        let cluster = state.withLock { state in
            state.hear = hear
            return state.cluster
        }
        cluster?.follow(hear)
    }

    /// Hears of queues that others empty, or will once the brokers are reached.
    public func followEmptying(_ hear: @escaping @Sendable (_ target: String, _ givingUp: Bool) -> Void) {
        let cluster = state.withLock { state in
            state.hearOfEmptying = hear
            return state.cluster
        }
        cluster?.followEmptying(hear)
    }

    /// Lets go of what came from the cluster.
    public func standAside(_ target: String, except kept: Set<EventNumber>) {
        state.withLock { $0.cluster }?.standAside(target, except: kept)
    }
}
