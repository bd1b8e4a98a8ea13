import Platform
import Testing

@testable import Delivery
@testable import Relay

/// What is counted, and how it is written for a scrape.
struct MetricsTests {
    @Test func aHistogramCountsEachDurationUpToItsBounds() {
        var histogram = Histogram(.attempt)
        for milliseconds: Int64 in [0, 1, 2, 100, 101, 3_600_000] { histogram.add(microseconds: milliseconds * 1000) }
        histogram.add(microseconds: -5)
        let counts = Dictionary(uniqueKeysWithValues: histogram.upToBounds.map { ($0.seconds, $0.count) })
        #expect(counts[0.001] == 3)
        #expect(counts[0.0025] == 4)
        #expect(counts[0.1] == 5)
        #expect(counts[60] == 6)
        #expect(histogram.count == 7)
        #expect(histogram.sumSeconds == 3600.204)
    }

    @Test func aQuantileLiesWithinItsBound() throws {
        var histogram = Histogram(.attempt)
        #expect(histogram.quantile(0.5) == nil)
        histogram.add(microseconds: 20_000, times: 99)
        histogram.add(microseconds: 900_000)
        #expect(try (0.01...0.025).contains(#require(histogram.quantile(0.5))))
        #expect(try (0.5...1).contains(#require(histogram.quantile(1))))
        var beyond = Histogram(.attempt)
        beyond.add(microseconds: 3_600_000_000)
        #expect(beyond.quantile(0.99) == 60)
    }

    @Test func everyScaleHasRoomForItsBoundsAndOneMore() {
        for scale in [Histogram.Scale.answer, .attempt, .delivery] {
            var histogram = Histogram(scale)
            histogram.add(microseconds: .max)
            #expect(histogram.count == 1)
            #expect(scale.bounds == scale.bounds.sorted())
        }
    }

    @Test func theLastHourForgetsWhatIsOlder() {
        var hour = RecentHour()
        hour.count(succeeded: true, now: 0)
        hour.count(succeeded: false, now: 59 * 60_000)
        #expect(hour.upTo(now: 59 * 60_000).first == .init(succeeded: 1))
        #expect(hour.upTo(now: 59 * 60_000).last == .init(failed: 1))
        #expect(hour.upTo(now: 60 * 60_000).reduce(0) { $0 + $1.succeeded } == 0)
        #expect(hour.upTo(now: 60 * 60_000).reduce(0) { $0 + $1.failed } == 1)
        hour.count(succeeded: true, now: 500 * 60_000)
        #expect(hour.upTo(now: 500 * 60_000).filter { $0 != .init() } == [.init(succeeded: 1)])
        #expect(hour.upTo(now: 900 * 60_000).allSatisfy { $0 == .init() })
    }

    @Test func aLabelIsEscapedAndACounterEndsInTotal() {
        var text = Exposition(.prometheus)
        text.counter("a_b", "Help.") { $0.add(["x": "q\"b\\n\nl"], 3) }
        text.gauge("nothing", "Never written.") { _ in }
        text.end()
        #expect(
            String(decoding: text.bytes, as: UTF8.self)
                == "# HELP a_b_total Help.\n# TYPE a_b_total counter\na_b_total{x=\"q\\\"b\\\\n\\nl\"} 3\n")
    }

    @Test func openMetricsNamesTheFamilyWithoutTotalAndSaysWhereItEnds() {
        var text = Exposition(.init(accept: "application/openmetrics-text; version=1.0.0,text/plain;q=0.5"))
        text.counter("a_b", "Help.") { $0.add(3) }
        text.end()
        #expect(
            String(decoding: text.bytes, as: UTF8.self)
                == "# HELP a_b Help.\n# TYPE a_b counter\na_b_total 3\n# EOF\n")
    }

    @Test func everyFailureHasACause() {
        func cause(_ reason: String) -> FailureCause? { FailureCause(.broken(reason: reason)) }
        #expect(cause("timeout connecting: x") == .timeout)
        #expect(cause("timeout: not done after 5 ms, its process group was killed") == .timeout)
        #expect(cause("DNS: x") == .dns)
        #expect(cause("TLS: x") == .tls)
        #expect(cause("connection refused: x") == .connection)
        #expect(cause("killed by signal 9") == .signal)
        #expect(cause("write /a: No space left on device") == .disk)
        #expect(cause("something new") == .other)
        #expect(FailureCause(.answered(.init(status: 503))) == .http5xx)
        #expect(FailureCause(.answered(.init(status: 401))) == .credentials)
        #expect(FailureCause(.answered(.init(status: 410))) == .http4xx)
        #expect(FailureCause(.exited(code: 3, output: [])) == .exit)
        #expect(FailureCause(.written) == nil)
        #expect(FailureCause(.cancelled) == nil)
    }

    @Test func aTallyTellsCausesOfAttemptsFromThoseOfDeliveries() {
        var tally = TargetTally()
        let now = Moment(wall: 0, steady: 0)
        let down = AttemptEnding.answered(.init(status: 500))
        tally.count(.retrying(nextAttemptAt: 1), down, took: 5, age: 5, now: now)
        tally.count(.failed, down, took: 5, age: 9, now: now)
        tally.count(.succeeded, .written, took: 5, age: 70, now: now)
        #expect(tally.failedAttempts[.http5xx] == 2)
        #expect(tally.failedDeliveries[.http5xx] == 1)
        #expect(tally.deliveries.count == 1)
        #expect(tally.attempts.count == 3)
        #expect(tally.recentAttempts.count == 3)
        tally.count(.succeeded, .written, took: 5, age: 70, now: Moment(wall: 0, steady: 3_600_000))
        #expect(tally.recentAttempts.count == 1)
    }

    @Test func aRouteThatStaysKeepsItsCount() {
        var tally = DoorTally()
        tally.takeUp(sources: ["s"], routes: ["a", "b"], edition: 0)
        let board = Switchboard(Configuration.sample(routes: ["a", "b"]), queues: [])
        let both = RoutingDecision(0, [0, 1], on: board, edition: 0)
        tally.count(both, times: 3)
        tally.takeUp(sources: ["s"], routes: ["b"], edition: 1)
        #expect(tally.routed.map(\.count) == [3])
        tally.count(both, times: 2)
        #expect(tally.routed.map(\.count) == [5])
        #expect(tally.accepted.map(\.count) == [5])
        var sum = DoorTally()
        sum.add(tally)
        sum.add(tally)
        #expect(sum.routed.map(\.count) == [10])
    }
}

extension Configuration {
    /// A configuration of one source and these routes, which take everything and go nowhere.
    static func sample(routes: [String]) -> Configuration {
        var configuration = Configuration()
        configuration.sources = [SourceConfiguration(name: "s", path: "/s")]
        configuration.routes = routes.map { RouteConfiguration(name: $0) }
        return configuration
    }
}
