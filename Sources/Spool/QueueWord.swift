/// A word given by hand of a target's queue: that it waits, or goes on.
public struct QueueWord: Hashable, Sendable {
    /// Whether the queue waits.
    public var isPaused: Bool
    /// What the configuration said of it then. Where it says something else by now, it has spoken last.
    public var overConfigured: Bool

    /// A word, and what it was given over.
    public init(isPaused: Bool, overConfigured: Bool) {
        self.isPaused = isPaused
        self.overConfigured = overConfigured
    }
}

/// Where words are given that all heed who share a log. May be used from any thread.
public protocol SharedWords: AnyObject, Sendable {
    /// Gives a word: all who share the log heed it within seconds, and when they start. Durable when it returns.
    func give(_ word: QueueWord, of target: String) throws(SpoolError)

    /// The last word of each target, as far as it is known here.
    func lastWords() -> [String: QueueWord]

    /// Has `hear` told of each word from now on, whoever gave it, the last ones at once.
    func follow(_ hear: @escaping @Sendable (_ target: String, _ word: QueueWord) -> Void)

    /// Has `hear` told of each target whose queue another one begins to empty, and whether it gives up what it holds: `standAside` is
    /// then called.
    func followEmptying(_ hear: @escaping @Sendable (_ target: String, _ givingUp: Bool) -> Void)

    /// Gives back what a queue has in hand but `kept`, and takes nothing of it until the other one is done. Blocks until then.
    func standAside(_ target: String, except kept: Set<EventNumber>)
}
