import Dispatch
import Synchronization

/// Sends spans to a collector, in batches and when there is time: whoever records one never waits. May be used from any thread.
///
/// Unchecked: `wakeAt`, `toldAt` and `tag` belong to its own serial queue; the rest is immutable, or has a lock.
public final class SpanExporter: TransferOwner, @unchecked Sendable {
    /// How long a request may take, in milliseconds.
    static let timeoutMilliseconds: Int64 = 10_000
    /// How long the relay's end waits for the last spans, in seconds.
    static let endSeconds = 2
    /// How often it is said that spans are dropped, in milliseconds.
    static let noticeMilliseconds: Int64 = 60_000

    private let loop: TransferLoop
    private let options: DeliveryOptions
    private let queue = DispatchQueue(label: "hookswitch.spans")
    private let isWanted = Atomic(false)
    private let state = Mutex(State())
    private let connection = ConnectionProfile(ConnectionSettings())
    private var wakeAt: Int64 = .max
    private var toldAt: Int64 = .min / 2
    private var tag: UInt64 = 0

    private struct State {
        var spans = SpanQueue()
        var settings: TraceSettings?
        var whenEmpty: DispatchSemaphore?
    }

    init(_ loop: TransferLoop, _ options: DeliveryOptions) {
        self.loop = loop
        self.options = options
    }

    /// Whether spans are wanted: nobody need make one that is not.
    public var isOn: Bool { isWanted.load(ordering: .relaxed) }

    /// What has become of spans.
    public var tally: SpanTally { state.withLock { $0.spans.tally } }

    /// Sends to this collector from now on; `nil` ends it, and what is left goes to the former one.
    public func apply(_ settings: TraceSettings?) {
        state.withLock { $0.settings = settings ?? $0.settings }
        isWanted.store(settings != nil, ordering: .relaxed)
    }

    /// Takes spans, if they are wanted and there is room.
    public func record(_ spans: [Span]) {
        guard isOn, !spans.isEmpty else { return }
        let now = Moment.now.steady
        if state.withLock({ $0.spans.add(spans, now: now) }) { queue.async { self.work() } }
    }

    /// Sends what is left, for a moment at the most. Blocks; not to be called on a dispatch queue.
    func finish() {
        let ended = DispatchSemaphore(value: 0)
        let isEmpty = state.withLock { state in
            state.spans.end()
            state.whenEmpty = ended
            return state.spans.isEmpty
        }
        if isEmpty { return }
        queue.async { self.work() }
        _ = ended.wait(timeout: .now() + .seconds(SpanExporter.endSeconds))
    }

    func ended(_ reports: [TransferReport]) {
        queue.async {
            for report in reports {
                let fault = self.state.withLock { $0.spans.ended(report.ending, now: report.endedAt) }
                if let fault { self.tell(fault, now: report.endedAt.steady) }
            }
            self.work()
        }
    }

    /// Sends a batch if it is time, and comes again when it is.
    private func work() {
        let now = Moment.now.steady
        let (batch, settings, next) = state.withLock { state in
            let batch = state.spans.next(now: now)
            if state.spans.isEmpty { state.whenEmpty?.signal() }
            return (batch, state.settings, state.spans.wakeAt)
        }
        if let batch, let settings { loop.submit(.start([request(batch, settings)])) }
        guard let next, next < wakeAt || wakeAt <= now else { return }
        wakeAt = next
        queue.asyncAfter(deadline: .now() + .milliseconds(Int(max(next - now, 1)))) {
            self.wakeAt = .max
            self.work()
        }
    }

    private func request(_ spans: [Span], _ settings: TraceSettings) -> TransferRequest {
        var lines = HeaderLines()
        lines.add("user-agent", options.userAgent)
        lines.add("content-type", "application/json")
        for header in settings.headers { lines.add(header.name, header.value) }
        lines.leaveOut("expect")
        tag += 1
        let version = options.userAgent.split(separator: "/").last.map(String.init) ?? ""
        return TransferRequest(
            tag: tag, url: Array(settings.url.utf8), method: "POST", headers: lines,
            body: SpanDocument.body(spans, version: version), timeoutMilliseconds: SpanExporter.timeoutMilliseconds,
            connection: connection, place: EndpointURL.withoutCredentials(settings.url), owner: self)
    }

    private func tell(_ fault: String, now: Int64) {
        guard now - toldAt >= SpanExporter.noticeMilliseconds else { return }
        toldAt = now
        options.notify(
            DeliveryNotice(level: .warning, target: nil, message: "the collector (`otlp`) did not take spans: \(fault)")
        )
    }
}
