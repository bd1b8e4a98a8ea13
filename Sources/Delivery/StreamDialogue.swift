import EventJSON
import Spool

/// What is said between the relay and a long-lived command: a line an event one way, a line an answer the other, in the same
/// order. A plain value: bytes and time come in, bytes and endings go out; `StreamSession` performs them.
///
///     → {"type":"order.paid", …}
///     ← {"ok":true}                                          delivered
///     ← {"ok":false,"retry":true,"error":"table locked"}     tried again, as it is without `retry`
///     ← {"ok":false,"retry":false,"error":"no such order"}   given up
///
/// Answers carry no number: a line too many would stand for the next event. What is seen not to be an answer ends the dialogue.
struct StreamDialogue {
    /// An event on its way.
    struct Line {
        var event: EventNumber
        /// The event's line with its end.
        var bytes: [UInt8]
    }

    /// How an event ended.
    struct Ending {
        var event: EventNumber
        var ending: AttemptEnding
    }

    /// An answer may be so long, in bytes.
    static let answerLimitBytes = 64 << 10
    /// So much is put together for one write, in bytes.
    static let chunkBytes = 64 << 10
    private static let plainYes = Array(#"{"ok":true}"#.utf8)

    /// Within what time an event must be answered.
    var timeoutMilliseconds: Int64
    /// Whether what comes can be an answer: the process has read from its standard input.
    var isHeard = true
    private var waiting: [Line] = []
    private var waitingHead = 0
    private var unanswered: [(event: EventNumber, sentAt: Int64)] = []
    private var unansweredHead = 0
    private var answer: [UInt8] = []
    /// When the last answer came: the event behind it has its whole time from then on.
    private var answeredAt: Int64 = 0

    /// A dialogue in which each event must be answered in time.
    init(timeoutMilliseconds: Int64) { self.timeoutMilliseconds = timeoutMilliseconds }

    /// Whether an event waits to be written.
    var hasWaiting: Bool { waitingHead < waiting.count }
    /// Whether an answer is missing.
    var isOwedAnswers: Bool { unansweredHead < unanswered.count }
    /// When the first answer that is missing is overdue, by the steady clock in milliseconds.
    var overdueAt: Int64? {
        isOwedAnswers ? max(unanswered[unansweredHead].sentAt, answeredAt) + timeoutMilliseconds : nil
    }

    /// Events to be written.
    mutating func add(_ lines: [Line]) { waiting += lines }

    /// The next bytes to write; empty if nothing waits. From now on their answers are missing.
    mutating func nextChunk(now: Int64) -> [UInt8] {
        var chunk: [UInt8] = []
        while hasWaiting && chunk.count < StreamDialogue.chunkBytes {
            let line = waiting[waitingHead]
            waitingHead += 1
            chunk += line.bytes
            unanswered.append((line.event, now))
        }
        if !hasWaiting {
            waiting.removeAll(keepingCapacity: true)
            waitingHead = 0
        } else if waitingHead > 1024 {
            waiting.removeFirst(waitingHead)
            waitingHead = 0
        }
        return chunk
    }

    /// Bytes came. Answers what ended; throws the reason if this is no dialogue any more.
    mutating func received(_ bytes: UnsafeRawBufferPointer, now: Int64, _ endings: inout [Ending]) throws(Fault) {
        answeredAt = now
        var start = 0
        while start < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
            guard let end = rest.firstIndex(of: 0x0A) else {
                answer += rest
                break
            }
            answer += rest[..<end]
            start += end + 1
            try take(&endings)
            answer.removeAll(keepingCapacity: true)
        }
        guard answer.count <= StreamDialogue.answerLimitBytes else {
            throw Fault(reason: "an answer of more than \(StreamDialogue.answerLimitBytes) bytes")
        }
    }

    /// Why a dialogue can't go on.
    struct Fault: Error { var reason: String }

    private mutating func take(_ endings: inout [Ending]) throws(Fault) {
        let isYes = answer == StreamDialogue.plainYes
        if !isYes && answer.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return }
        guard isOwedAnswers, isHeard else { throw Fault(reason: "it wrote a line that answers no event") }
        let event = unanswered[unansweredHead].event
        unansweredHead += 1
        if unansweredHead == unanswered.count {
            unanswered.removeAll(keepingCapacity: true)
            unansweredHead = 0
        } else if unansweredHead > 1024 {
            unanswered.removeFirst(unansweredHead)
            unansweredHead = 0
        }
        endings.append(Ending(event: event, ending: isYes ? .written : StreamDialogue.ending(of: answer)))
    }

    /// What an answer means.
    private static func ending(of answer: [UInt8]) -> AttemptEnding {
        let root: JSONValue?
        do throws(JSONSyntaxError) { root = try JSONDocument(answer).root } catch { root = nil }
        guard let root, case .bool(let isOK)? = root[key: "ok"]?.content else {
            let shown = String(decoding: answer.prefix(200), as: UTF8.self)
            return .broken(reason: "the command's answer has no \"ok\": \(shown)")
        }
        if isOK { return .written }
        let reason = root[key: "error"]?.string ?? "the command answered that it is not ok"
        if case .bool(false)? = root[key: "retry"]?.content { return .unfit(reason: reason) }
        return .broken(reason: reason)
    }

    /// The process has ended. The first event without an answer is the one to blame; the others that were written count as
    /// not tried. What was not written waits for the next process. But one that ended before it had read anything, otherwise than by
    /// our word, has cost the event that it was started for an attempt: else that would wait for ever for a process that works.
    mutating func ended(_ reason: String, output: [UInt8], byOurWord: Bool = false) -> [Ending] {
        var endings: [Ending] = []
        if !isOwedAnswers, !isHeard, !byOurWord, hasWaiting {
            endings.append(Ending(event: waiting[waitingHead].event, ending: .broken(reason: reason, output: output)))
            waitingHead += 1
        }
        for (place, entry) in unanswered[unansweredHead...].enumerated() {
            endings.append(
                Ending(
                    event: entry.event, ending: place == 0 ? .broken(reason: reason, output: output) : .cancelled))
        }
        unanswered = []
        unansweredHead = 0
        answer = []
        return endings
    }

    /// Everything ends the same way: no process can be had, or the relay stops.
    mutating func abandon(_ ending: AttemptEnding) -> [Ending] {
        let events = unanswered[unansweredHead...].map(\.event) + waiting[waitingHead...].map(\.event)
        self = StreamDialogue(timeoutMilliseconds: timeoutMilliseconds)
        return events.map { Ending(event: $0, ending: ending) }
    }
}
