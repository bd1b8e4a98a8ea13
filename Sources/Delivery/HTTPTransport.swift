import EventJSON
import Spool

/// Makes HTTP requests of attempts, and gives them to the transfer loop.
///
/// Unchecked: `composer` belongs to the target's queue, on which `start` and `update` are called; the rest never changes.
final class HTTPTransport: Transport, @unchecked Sendable {
    let sink: AttemptSink
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
            if let request = composer.request(attempt, owner: self) {
                requests.append(request)
            } else {
                unfit.append(
                    AttemptReport(
                        event: attempt.event.number,
                        ending: .unfit(reason: "the event's body is not JSON, which this target's placeholders need"),
                        place: composer.fixedPlace, endedAt: .now))
            }
        }
        if !requests.isEmpty { loop.submit(.start(requests)) }
        if !unfit.isEmpty { sink(unfit) }
    }

    func update(_ settings: TargetSettings) {
        composer = RequestComposer(settings, options: options) ?? composer
    }

    func cancel() { loop.submit(.cancel(self)) }
}
