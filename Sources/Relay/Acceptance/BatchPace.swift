/// When an event loop hands what it gathered to the log. Logic alone, owned by the loop's thread.
///
/// A log that takes one batch at a time would let a second one wait, and take it with few events in it as soon as the first is done;
/// what a write and a sync cost is shared by the events of a batch. So the second one is gathered until the first has been answered, and on
/// while requests come. But with everybody's events in one batch there is nothing to do until it is durable, since nobody sends
/// before he has his answer. So a batch is handed over when it is full, and full is what leaves as many to be read meanwhile as
/// the disk takes time for: less if the loop ran dry, more if it did not. But no less than three quarters of all: where deliveries
/// have the processor while the loop is dry, there is nothing to be won.
struct BatchPace {
    /// No batch of a loop has more events. What is written past the page cache in one piece is larger.
    static let limit = 512
    /// To split fewer events costs more than it brings.
    static let least = 24
    /// The first batch that is full, and by what part the next one is smaller or larger.
    private static let first = 64
    private static let lessPart = 16
    private static let morePart = 64

    private let isOneAtATime: Bool
    /// Events that were gathered, and those that are with the log.
    private var gathered = 0
    private var withLog = 0
    private var full = BatchPace.first
    /// Whether the loop has found nothing when it last looked, and how many events there were when it was so while some were with the log.
    private var isCalm = false
    private var ranDryWith = 0

    init(isOneAtATime: Bool) { self.isOneAtATime = isOneAtATime }

    /// Whether what was gathered is to be handed over. To be asked behind each event, and when the loop has looked for more.
    var isDue: Bool {
        if isOneAtATime && withLog > 0 { return gathered >= BatchPace.limit }
        return gathered >= full || isCalm && gathered > 0
    }

    /// One more event was gathered.
    mutating func gather() {
        gathered += 1
        isCalm = false
    }

    /// The loop has looked for more: it is calm if there was none.
    mutating func look(isCalm: Bool) {
        self.isCalm = isCalm
        if isCalm && withLog > 0 { ranDryWith = withLog + gathered }
    }

    /// What was gathered was handed over.
    mutating func handOver() {
        withLog += gathered
        gathered = 0
    }

    /// A batch of so many events is not with the log any more.
    mutating func ended(_ count: Int) {
        withLog -= count
        guard isOneAtATime else { return }
        if ranDryWith > 0 {
            full = max(full - full / BatchPace.lessPart, ranDryWith - ranDryWith / 4, BatchPace.least)
        } else {
            full += max(1, full / BatchPace.morePart)
        }
        full = min(full, BatchPace.limit)
        ranDryWith = 0
    }
}
