import EventJSON
import Testing

@testable import Delivery

struct SpanTests {
    private let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    private func acceptance(_ traceparent: String?) -> Span? {
        Span.acceptance(
            of: 7, from: "shop", taken: ["a", "b"], webhookID: "evt_1", traceparent: traceparent,
            endedAt: 2_000_000_000, nanoseconds: 1500)
    }

    @Test func theSendersTraceGoesOn() throws {
        let span = try #require(acceptance(trace))
        #expect(span.traceID == "0af7651916cd43dd8448eb211c80319c")
        #expect(span.parentID == "b7ad6b7169203331")
        #expect(span.spanID == TraceContext.acceptanceSpanID(webhookID: "evt_1"))
        #expect(span.endedAt - span.startedAt == 1500)
    }

    @Test func withoutOneATraceBegins() throws {
        for none in [nil, "zz-1"] {
            let span = try #require(acceptance(none))
            #expect(span.traceID == TraceContext.traceID(webhookID: "evt_1"))
            #expect(span.parentID == nil)
        }
    }

    @Test func whatTheSenderDoesNotSampleIsNotToldOf() {
        #expect(acceptance("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00") == nil)
    }

    @Test func anAttemptIsPartOfItsEventsAcceptanceAndTheParentOfWhatTheEndpointDoes() throws {
        var attempt = Attempt.of(3, number: 2) { $0.headers = [.init(name: "traceparent", value: trace)] }
        attempt.isTraced = true
        let report = AttemptReport(
            event: attempt.event.number, ending: .answered(.init(status: 503)), place: "http://h/x", endedAt: .now)
        let span = try #require(Span.attempt(attempt, report, isHTTP: true, milliseconds: 12))
        let id = attempt.event.attributes.webhookID
        #expect(span.parentID == TraceContext.acceptanceSpanID(webhookID: id))
        #expect(span.kind == .client)
        #expect(span.fault == "HTTP 503")
        #expect(span.attributes.contains(.init(key: "http.response.status_code", value: .number(503))))
        #expect(span.attributes.contains(.init(key: "error.type", value: .text("http_5xx"))))
        #expect(span.endedAt - span.startedAt == 12_000_000)
        let composer = try #require(
            RequestComposer(try .http("http://h/x"), options: .plain()))
        let request = try #require(composer.request(attempt, tag: 1, owner: Nobody()))
        let passed = request.headers.fields.first { $0.name == "traceparent" }?.value
        #expect(passed == "00-0af7651916cd43dd8448eb211c80319c-\(span.spanID)-01")
    }

    @Test func aLongTextIsCut() throws {
        var span = try #require(acceptance(nil))
        span.add("url.full", String(repeating: "x", count: 5000))
        #expect(span.attributes.last?.value == .text(String(repeating: "x", count: 1024)))
    }

    private final class Nobody: TransferOwner {
        func ended(_ reports: [TransferReport]) {}
    }
}
