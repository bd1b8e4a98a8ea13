/// Decides what becomes of spans: kept for the next batch, sent, sent again, or dropped and counted. A plain value: time and
/// answers come in, milliseconds by the steady clock.
///
/// One batch is under way at a time. What does not fit meanwhile is dropped: nothing ever waits for the collector.
struct SpanQueue {
    /// How many spans wait at the most, the batch under way not counted.
    static let limit = 4096
    /// How many spans go out together at the most.
    static let batchLimit = 512
    /// How long a span waits for others, in milliseconds.
    static let lingerMilliseconds: Int64 = 1000
    /// How often a batch is sent before it is dropped.
    static let triesLimit = 4
    /// How long after the first failure a batch goes out again, in milliseconds; doubled each time.
    static let firstPauseMilliseconds: Int64 = 1000

    private var waiting: [Span] = []
    /// Sent, or to be sent again.
    private var batch: [Span] = []
    private var isUnderWay = false
    private var tries = 0
    private var dueAt: Int64 = 0
    private var isEnding = false
    private(set) var tally = SpanTally()

    /// Whether nothing is left.
    var isEmpty: Bool { waiting.isEmpty && batch.isEmpty }

    /// When `next` has something to send; `nil` while there is nothing, or a batch under way.
    var wakeAt: Int64? {
        if isUnderWay || isEmpty { return nil }
        return isEnding || batch.isEmpty && waiting.count >= SpanQueue.batchLimit ? 0 : dueAt
    }

    /// Takes spans. True if `wakeAt` has become earlier.
    mutating func add(_ spans: [Span], now: Int64) -> Bool {
        let before = wakeAt
        if isEmpty { dueAt = now + SpanQueue.lingerMilliseconds }
        let room = SpanQueue.limit - waiting.count
        waiting.append(contentsOf: spans.prefix(room))
        tally.drop(spans.count - room, .queueFull)
        return wakeAt.map { $0 < before ?? .max } ?? false
    }

    /// The batch to send now; `nil` if it is not time.
    mutating func next(now: Int64) -> [Span]? {
        guard let wakeAt, wakeAt <= now else { return nil }
        if batch.isEmpty {
            batch = Array(waiting.prefix(SpanQueue.batchLimit))
            waiting.removeFirst(batch.count)
        }
        isUnderWay = true
        tries += 1
        return batch
    }

    /// The batch's request has ended. The fault, if spans were dropped for it.
    mutating func ended(_ ending: AttemptEnding, now: Moment) -> String? {
        isUnderWay = false
        dueAt = now.steady + SpanQueue.lingerMilliseconds
        if case .answered(let answer) = ending, (200...299).contains(answer.status) {
            let rejected = min(SpanDocument.rejected(answer.body), batch.count)
            tally.sent += batch.count - rejected
            let fault = rejected > 0 ? "\(rejected) of \(batch.count) were rejected" : nil
            return drop(rejected, .refused, fault)
        }
        guard SpanQueue.mayBeSentAgain(ending) else { return drop(batch.count, .refused, ending.fault) }
        if tries < SpanQueue.triesLimit && !isEnding {
            var pause = SpanQueue.firstPauseMilliseconds << Int64(tries - 1)
            if case .answered(let answer) = ending, let wish = answer.retryAfter {
                pause = max(pause, wish.milliseconds(from: now.wall))
            }
            dueAt = now.steady + pause
            return nil
        }
        if isEnding {
            tally.drop(waiting.count, .unreachable)
            waiting = []
        }
        return drop(batch.count, .unreachable, ending.fault)
    }

    /// Sends what is left without waiting, once: the relay ends.
    mutating func end() { isEnding = true }

    private mutating func drop(_ count: Int, _ loss: SpanTally.Loss, _ fault: String?) -> String? {
        tally.drop(count, loss)
        batch = []
        tries = 0
        return fault
    }

    /// What the protocol calls retryable (OTLP, "Retryable Response Codes"), and a request without an answer.
    private static func mayBeSentAgain(_ ending: AttemptEnding) -> Bool {
        switch ending {
        case .answered(let answer): [429, 502, 503, 504].contains(answer.status)
        case .broken: true
        default: false
        }
    }
}
