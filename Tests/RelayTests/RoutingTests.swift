import Testing

@testable import Relay
@testable import Spool

/// Which targets an event goes to.
struct RoutingTests {
    private func router(_ routes: [Router.Route], unmatched: [Int] = []) -> Router {
        Router(
            routes: routes,
            targets: ["a", "b", "c"].enumerated().map { .init(name: $1, queue: QueueID(rawValue: UInt16($0 + 1))) },
            unmatched: unmatched)
    }

    @Test func aTargetThatTwoRoutesNameIsOwedOnce() {
        let router = router([
            .init(name: "x", targets: [1, 0], final: false), .init(name: "y", targets: [0, 2], final: false),
        ])
        let decision = router.decide(source: 0, matching: [0, 1])
        #expect(decision.targets == [1, 0, 2])
        #expect(decision.owed.map(\.rawValue) == [2, 1, 3])
    }

    @Test func behindAFinalRouteThatTakesTheEventNoneIsAsked() {
        let router = router([.init(name: "x", targets: [0], final: true), .init(name: "y", targets: [1], final: false)])
        #expect(router.decide(source: 0, matching: [0, 1]).routes == [0])
        #expect(router.decide(source: 0, matching: [1]).routes == [1])
    }

    @Test func aRouteTakesEventsOfItsSourcesAlone() {
        let router = router([
            .init(name: "x", targets: [0], sources: [1], final: true), .init(name: "y", targets: [1], final: false),
        ])
        #expect(router.decide(source: 0, matching: [0, 1]).routes == [1])
        #expect(router.decide(source: 1, matching: [0, 1]).routes == [0])
    }

    @Test func whatNoRouteTakesGoesToTheUnmatchedTargets() {
        let router = router([.init(name: "x", targets: [0], final: false)], unmatched: [2])
        let decision = router.decide(source: 0, matching: [Int]())
        #expect(decision.routes.isEmpty)
        #expect(decision.targets == [2])
    }

    @Test func theReportSaysWhyARouteDoesNotTakeAnEvent() throws {
        let text = configuration(
            sources: #"{"s": {"path": "/s"}, "t": {"path": "/t"}}"#,
            routes: """
                [{"name": "off", "active": false, "to": ["t"]},
                 {"name": "other", "from": ["t"], "to": ["t"]},
                 {"name": "type", "match": {"type": ["order"]}, "to": ["t"]},
                 {"name": "source", "match": {"@source": ["s"], "type": ["b"]}, "to": ["t"], "final": true},
                 {"name": "late", "to": ["t"]}]
                """)
        var explainer = RouteExplainer(try #require(try reading(text).configuration))
        let report = try explainer.report(on: Array(#"{"type":"b"}"#.utf8), from: 0)
        #expect(report.routes == ["source"])
        #expect(report.targets == ["t"])
        #expect(
            report.not == [
                .init(route: "off", because: "the route is not active"),
                .init(route: "other", because: "the event comes from s; the route takes events from t"),
                .init(route: "type", because: #"`type` is "b", which is not in ["order"]"#),
                .init(route: "late", because: "the route source before it took the event and is final"),
            ])
    }
}
