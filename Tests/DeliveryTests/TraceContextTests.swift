import Testing

@testable import Delivery

struct TraceContextTests {
    @Test(arguments: [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true),
        ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what", true),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what", false),
        ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false),
        ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false), ("", false), ("00-1-2-01", false),
    ]) func aParentIsPassedOnOnlyIfItIsOne(parent: String, isOne: Bool) {
        #expect(TraceContext.isValid(parent) == isOne)
    }

    @Test func anEventsAttemptsShareATraceAndHaveSpansOfTheirOwn() {
        let parents = (1...100).flatMap { event in
            (1...3).map { TraceContext.parent(webhookID: "evt_\(event)", target: "crm", attempt: UInt32($0)) }
        }
        #expect(parents.allSatisfy { TraceContext.isValid($0) })
        #expect(Set(parents.map { $0.prefix(35) }).count == 100)
        #expect(Set(parents.map { $0.dropFirst(36) }).count == 300)
    }

    /// FNV-1a and SplitMix64's mix as Python computes them.
    @Test func aTraceIsTheSameInEveryVersion() {
        #expect(
            TraceContext.parent(webhookID: "evt_1", target: "crm", attempt: 2)
                == "00-ecf66b6c7578cd2d4b54633ae8fc64b7-314c35188eb3fc82-01")
        let (trace, span) = (
            TraceContext.traceID(webhookID: "evt_1"),
            TraceContext.spanID(webhookID: "evt_1", target: "crm", attempt: 2)
        )
        #expect("00-\(trace)-\(span)-01" == TraceContext.parent(webhookID: "evt_1", target: "crm", attempt: 2))
    }
}
