import EventJSON
import Spool

/// Makes one HTTP request of each attempt, and gives them to the transfer loop.
///
/// Unchecked: `composer` belongs to the target's queue, on which `start` and `update` are called; the rest never changes.
final class HTTPTransport: Transport, TransferOwner, @unchecked Sendable {
    private let sink: AttemptSink
    private let loop: TransferLoop
    private let options: DeliveryOptions
    private var composer: RequestComposer

    init?(_ settings: TargetSettings, loop: TransferLoop, options: DeliveryOptions, sink: @escaping AttemptSink) {
        guard let composer = RequestComposer(settings, options: options) else { return nil }
        self.composer = composer
        self.loop = loop
        self.options = options
        self.sink = sink
    }

    func start(_ attempts: [Attempt]) {
        var requests: [TransferRequest] = []
        var unfit: [AttemptReport] = []
        requests.reserveCapacity(attempts.count)
        for attempt in attempts {
            if let request = composer.request(attempt, tag: attempt.event.number.rawValue, owner: self) {
                requests.append(request)
            } else {
                unfit.append(.notJSON(attempt, composer.fixedPlace))
            }
        }
        if !requests.isEmpty { loop.submit(.start(requests)) }
        if !unfit.isEmpty { sink(unfit) }
    }

    func update(_ settings: TargetSettings) {
        composer = RequestComposer(settings, options: options) ?? composer
    }

    func cancel() { loop.submit(.cancel(self)) }

    func ended(_ reports: [TransferReport]) {
        sink(
            reports.map {
                AttemptReport(
                    event: EventNumber(rawValue: $0.tag), ending: $0.ending, place: $0.place, endedAt: $0.endedAt)
            })
    }
}

extension AttemptReport {
    /// The event can't be delivered: a placeholder or a batch needs JSON.
    static func notJSON(_ attempt: Attempt, _ place: String) -> AttemptReport {
        AttemptReport(
            event: attempt.event.number,
            ending: .unfit(reason: "the event's body is not JSON, which this target's body or placeholders need"),
            place: place, endedAt: .now)
    }
}
