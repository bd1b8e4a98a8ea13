import Testing

@testable import Delivery

struct SpanQueueTests {
    private func spans(_ count: Int) -> [Span] {
        (0..<count).map {
            Span(
                traceID: "\($0)", spanID: "\($0)", parentID: nil, name: "accept s", kind: .server, startedAt: 0,
                endedAt: 1)
        }
    }

    private func answer(_ status: Int, _ body: String = "{}", retryAfter: RetryAfter? = nil) -> AttemptEnding {
        .answered(.init(status: status, body: Array(body.utf8), retryAfter: retryAfter))
    }

    private func moment(_ now: Int64) -> Moment { Moment(wall: now, steady: now) }

    @Test func aFewWaitASecondForOthers() {
        var queue = SpanQueue()
        #expect(queue.add(spans(2), now: 100) == true)
        let isEarlier = queue.add(spans(1), now: 600)
        #expect(!isEarlier)
        #expect(queue.next(now: 1099) == nil)
        #expect(queue.wakeAt == 1100)
        #expect(queue.next(now: 1100)?.count == 3)
        #expect(queue.wakeAt == nil)
    }

    @Test func aFullBatchGoesOutAtOnceAndOneAtATime() {
        var queue = SpanQueue()
        #expect(queue.add(spans(600), now: 0) == true)
        #expect(queue.next(now: 0)?.count == 512)
        _ = queue.add(spans(1000), now: 1)
        #expect(queue.next(now: 5000) == nil)
        #expect(queue.ended(answer(200), now: moment(5000)) == nil)
        #expect(queue.next(now: 5000)?.count == 512)
        #expect(queue.tally == SpanTally(sent: 512))
    }

    @Test func whatDoesNotFitIsDroppedAndCounted() {
        var queue = SpanQueue()
        _ = queue.add(spans(4000), now: 0)
        _ = queue.next(now: 0)
        _ = queue.add(spans(1000), now: 0)
        #expect(queue.tally.dropped == [.queueFull: 392])
    }

    @Test func aBatchThatNobodyTookIsSentAgainFourTimesInAllAndThenDropped() {
        var queue = SpanQueue()
        _ = queue.add(spans(3), now: 0)
        var now: Int64 = 1000
        for pause: Int64 in [1000, 2000, 4000] {
            #expect(queue.next(now: now)?.count == 3)
            #expect(queue.ended(.broken(reason: "connection refused"), now: moment(now)) == nil)
            now += pause
            #expect(queue.wakeAt == now)
        }
        #expect(queue.next(now: now)?.count == 3)
        #expect(queue.ended(.broken(reason: "connection refused"), now: moment(now)) == "connection refused")
        #expect(queue.tally == SpanTally(sent: 0, dropped: [.unreachable: 3]))
        #expect(queue.isEmpty)
    }

    @Test func aBusyCollectorIsGivenTheTimeItAsksFor() {
        var queue = SpanQueue()
        _ = queue.add(spans(1), now: 0)
        _ = queue.next(now: 1000)
        _ = queue.ended(answer(503, retryAfter: .seconds(30)), now: moment(1000))
        #expect(queue.wakeAt == 31_000)
    }

    @Test func whatTheCollectorRefusesIsNotSentAgain() {
        var queue = SpanQueue()
        _ = queue.add(spans(2), now: 0)
        _ = queue.next(now: 1000)
        #expect(queue.ended(answer(400), now: moment(1000)) == "HTTP 400")
        #expect(queue.tally.dropped == [.refused: 2])
        #expect(queue.isEmpty)
    }

    @Test func aPartOfABatchMayBeRefused() {
        var queue = SpanQueue()
        _ = queue.add(spans(5), now: 0)
        _ = queue.next(now: 1000)
        let body = #"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"no"}}"#
        #expect(queue.ended(answer(200, body), now: moment(1000)) == "2 of 5 were rejected")
        #expect(queue.tally == SpanTally(sent: 3, dropped: [.refused: 2]))
    }

    @Test func theEndSendsWhatIsLeftAtOnceAndOnceOnly() {
        var queue = SpanQueue()
        _ = queue.add(spans(600), now: 0)
        queue.end()
        #expect(queue.next(now: 0)?.count == 512)
        #expect(queue.ended(.broken(reason: "connection refused"), now: moment(1)) != nil)
        #expect(queue.isEmpty)
        #expect(queue.tally.dropped == [.unreachable: 600])
    }

    @Test func theEndpointMayHaveThePathOrNot() {
        for endpoint in ["http://c:4318", "http://c:4318/", "http://c:4318/v1/traces"] {
            #expect(TraceSettings(endpoint: endpoint).url == "http://c:4318/v1/traces")
        }
        #expect(TraceSettings(endpoint: "https://c/otlp").url == "https://c/otlp/v1/traces")
    }
}
