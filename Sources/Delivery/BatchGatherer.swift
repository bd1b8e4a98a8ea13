/// Decides when events go, and how many together. A plain value: attempts and time come in, batches come out.
///
/// A batch goes when it is full, by number or by bytes, or when its first event has lingered long enough; so many requests
/// are under way at once as the target's `concurrency` says. A target that finds a batch too large (413) gets it in halves,
/// and the next ones no larger; each that it takes whole lets them grow by one event again.
struct BatchGatherer {
    private var settings: BatchSettings
    private var concurrency: Int
    private var waiting: [(item: BatchItem, since: Int64)] = []
    private var head = 0
    private var underWay = 0
    private var isHastened = false
    /// How many events a batch has now, at the most.
    private(set) var limit: Int

    init(_ settings: BatchSettings, concurrency: Int) {
        self.settings = settings
        self.concurrency = max(1, concurrency)
        limit = settings.maxEvents
    }

    /// Events that wait.
    var count: Int { waiting.count - head }

    /// Works by new settings from now on.
    mutating func update(_ settings: BatchSettings, concurrency: Int) {
        if settings.maxEvents != self.settings.maxEvents { limit = settings.maxEvents }
        self.settings = settings
        self.concurrency = max(1, concurrency)
    }

    /// Takes an event in, `now` by the steady clock in milliseconds.
    mutating func add(_ item: BatchItem, now: Int64) { waiting.append((item, now)) }

    /// Nothing more comes: no batch waits for it any longer.
    mutating func hasten() { isHastened = true }

    /// The next batch, if one is to go; it is under way until `ended`.
    mutating func next(now: Int64) -> [BatchItem]? {
        guard count > 0, underWay < concurrency else { return nil }
        var bytes = 0
        var end = head
        while end < waiting.count, end - head < limit {
            bytes += waiting[end].item.content.count + 1
            if bytes > settings.maxBytes && end > head { break }
            end += 1
        }
        let isFull = end < waiting.count || end - head >= limit || bytes >= settings.maxBytes
        guard isFull || isHastened || now >= waiting[head].since + settings.linger.milliseconds else { return nil }
        let batch = waiting[head..<end].map(\.item)
        head = end
        if head == waiting.count || head > 1024 {
            waiting.removeFirst(head)
            head = 0
        }
        underWay += 1
        return batch
    }

    /// When a batch goes though it is not full, by the steady clock; `nil` if none waits, or no request may start.
    func wakeAt() -> Int64? {
        count > 0 && underWay < concurrency ? waiting[head].since + settings.linger.milliseconds : nil
    }

    /// A request has ended.
    mutating func ended() { underWay -= 1 }

    /// A request that has ended goes out once more.
    mutating func restarted() { underWay += 1 }

    /// The target took a batch of so many.
    mutating func accepted(_ count: Int) {
        if count >= limit { limit = min(limit + 1, settings.maxEvents) }
    }

    /// The target found a batch too large. Its halves are to go at once, in place of the one that ended; the answer is empty
    /// if there is nothing to halve.
    mutating func tooLarge(_ batch: [BatchItem]) -> [[BatchItem]] {
        guard batch.count > 1 else { return [] }
        let half = (batch.count + 1) / 2
        limit = max(1, min(limit, half))
        underWay += 2
        return [Array(batch[..<half]), Array(batch[half...])]
    }

    /// Gives up all that waits.
    mutating func drain() -> [Attempt] {
        let attempts = waiting[head...].map(\.item.attempt)
        waiting = []
        head = 0
        return attempts
    }
}
