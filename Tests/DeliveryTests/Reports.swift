import Spool
import Synchronization

@testable import Delivery

/// What a transport has reported, for a test to wait for.
final class Reports: Sendable {
    private let reports = Mutex<[AttemptReport]>([])

    /// Where a transport reports to.
    var sink: AttemptSink { { [self] in for report in $0 { reports.withLock { $0.append(report) } } } }

    /// All so far, in their order.
    var all: [AttemptReport] { reports.withLock { $0 } }

    /// Waits until so many have come.
    func wait(for count: Int, within limit: Duration = .seconds(60)) async throws -> [AttemptReport] {
        try await eventually("\(count) reports", within: limit) { all.count >= count }
        return all
    }

    /// Waits for an event's report.
    func ending(of event: EventNumber, within limit: Duration = .seconds(60)) async throws -> AttemptEnding {
        try await eventually("the report of \(event)", within: limit) { all.contains { $0.event == event } }
        return all.first { $0.event == event }?.ending ?? .cancelled
    }
}

/// What tests set up around a transport. It ends with its last use, and its transport with it: who waits for reports keeps it.
protocol Reporting: AnyObject, Sendable {
    var reports: Reports { get }
}

extension Reporting {
    /// Waits until so many have come.
    func wait(for count: Int) async throws -> [AttemptReport] {
        defer { withExtendedLifetime(self) {} }
        return try await reports.wait(for: count)
    }

    /// Waits for an event's report.
    func ending(of event: EventNumber) async throws -> AttemptEnding {
        defer { withExtendedLifetime(self) {} }
        return try await reports.ending(of: event)
    }
}
