import Cluster
import Spool

/// What all relays of a cluster wrote to `audit.ndjson` or `failures.ndjson`, as the brokers have it, whether any relay runs or
/// not. Blocks as long as the brokers take. Owned by one thread.
public struct ClusterRecords {
    /// Why it can't be read.
    public struct Fault: Error, Sendable {
        /// What happened.
        public var message: String

        init(_ error: SpoolError) { message = error.described }
    }

    /// Lines are looked for so much longer before a moment than it says, in milliseconds: relays and brokers have clocks of their own.
    private static let clockSlackMilliseconds: Int64 = 600_000

    private let stream: RecordStream
    /// The number behind the last message that was handed over.
    private var next: UInt64 = 0

    /// The cluster of a configuration, which names one; `kind` is `audit` or `failures`.
    public init?(_ configuration: Configuration, _ kind: String) throws(Fault) {
        guard let settings = configuration.clusterInForce, let kind = RecordKind(rawValue: kind) else { return nil }
        do throws(SpoolError) { stream = try RecordStream(settings, kind) } catch { throw Fault(error) }
    }

    /// Hands over all lines that there are with their relays' names, in the order in which the brokers got them, until the taker has
    /// enough (false). Those that were tried before `since` (as `executed_at` has it) may be left out.
    public mutating func all(since: String?, _ take: (ArraySlice<UInt8>, String) -> Bool) throws(Fault) {
        do throws(SpoolError) {
            guard let bounds = try stream.bounds() else {
                next = 0
                return
            }
            next = try first(since: since, in: bounds) ?? bounds.upperBound + 1
            try more(upTo: bounds.upperBound, take)
        } catch {
            throw Fault(error)
        }
    }

    /// Hands over what has come since.
    public mutating func more(_ take: (ArraySlice<UInt8>, String) -> Bool) throws(Fault) {
        do throws(SpoolError) {
            guard let bounds = try stream.bounds() else { return }
            next = max(next, bounds.lowerBound)
            try more(upTo: bounds.upperBound, take)
        } catch {
            throw Fault(error)
        }
    }

    /// Hands over lines backwards from the newest one, until the taker has enough (false).
    public func backwards(since: String?, _ take: (ArraySlice<UInt8>, String) -> Bool) throws(Fault) {
        do throws(SpoolError) {
            guard let bounds = try stream.bounds(), let first = try first(since: since, in: bounds) else { return }
            var end = bounds.upperBound
            while true {
                let start = max(first, end - min(end, UInt64(RecordStream.window) - 1))
                for batch in try stream.batches(start...end).reversed() {
                    for line in batch.lines.split(separator: 0x0A).reversed() where !take(line, batch.relay) { return }
                }
                guard start > first else { return }
                end = start - 1
            }
        } catch {
            throw Fault(error)
        }
    }

    private func first(since: String?, in bounds: ClosedRange<UInt64>) throws(SpoolError) -> UInt64? {
        guard let moment = since.flatMap({ Since.milliseconds($0, now: 0) }) else { return bounds.lowerBound }
        return try stream.first(since: moment - ClusterRecords.clockSlackMilliseconds, in: bounds)
    }

    private mutating func more(
        upTo last: UInt64, _ take: (ArraySlice<UInt8>, String) -> Bool
    ) throws(SpoolError) {
        while next <= last {
            let end = min(last, next + UInt64(RecordStream.window) - 1)
            for batch in try stream.batches(next...end) {
                for line in batch.lines.split(separator: 0x0A) where !take(line, batch.relay) { return }
            }
            next = end + 1
        }
    }
}
