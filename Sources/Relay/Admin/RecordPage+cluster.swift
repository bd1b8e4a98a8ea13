import Cluster
import Spool

/// A page of what all relays of a cluster wrote, as the brokers have it: newest first in the order in which they got it.
extension RecordPage {
    /// Lines are looked for so much longer before a moment than it says, in milliseconds: relays and brokers have clocks of their own.
    private static let clockSlackMilliseconds: Int64 = 600_000

    /// Reads a page. A cursor is a message's number and a line's place in it. Blocks as long as the brokers take.
    init(_ query: RecordQuery, of stream: RecordStream, routes: @escaping (EventNumber) -> [String]) throws(SpoolError)
    {
        var sieve = Sieve(query, routes: routes)
        relays = []
        guard let bounds = try stream.bounds() else {
            newer = RecordPages.Cursor(inode: 1, offset: 0)
            return
        }
        newer = RecordPages.Cursor(inode: bounds.upperBound + 1, offset: 0)
        if let after = query.after {
            try forwards(from: after, upTo: bounds, query, &sieve, stream)
        } else {
            try backwards(from: query.before ?? newer, downTo: bounds, query, &sieve, stream)
        }
        searchedTo = sieve.lastExecutedAt
    }

    private mutating func backwards(
        from place: RecordPages.Cursor, downTo bounds: ClosedRange<UInt64>, _ query: RecordQuery, _ sieve: inout Sieve,
        _ stream: RecordStream
    ) throws(SpoolError) {
        let since = query.filter.since.flatMap { Since.milliseconds($0, now: 0) }
        let first =
            try since.map { moment throws(SpoolError) in
                try stream.first(since: moment - RecordPage.clockSlackMilliseconds, in: bounds)
            } ?? bounds.lowerBound
        guard let first else { return }
        var left = RecordPage.budgetBytes
        // Behind the place there is at most a part of its message.
        var end = min(place.offset > 0 ? place.inode : place.inode - min(place.inode, 1), bounds.upperBound)
        while end >= first {
            let start = max(first, end - min(end, UInt64(RecordStream.window) - 1))
            for batch in try stream.batches(start...end).reversed() {
                var lines = Array(batch.lines.split(separator: 0x0A))
                if batch.number == place.inode { lines.removeLast(max(0, lines.count - place.offset)) }
                while let line = lines.popLast() {
                    take(line, of: batch.relay, query, &sieve)
                    guard self.lines.count == query.limit || sieve.isSpent else { continue }
                    let isMore = !lines.isEmpty || batch.number > first
                    older = isMore ? RecordPages.Cursor(inode: batch.number, offset: lines.count) : nil
                    return
                }
                left -= batch.lines.count
                guard left > 0 || batch.number == first else {
                    older = RecordPages.Cursor(inode: batch.number, offset: 0)
                    return
                }
            }
            guard start > first else { return }
            end = start - 1
        }
    }

    private mutating func forwards(
        from place: RecordPages.Cursor, upTo bounds: ClosedRange<UInt64>, _ query: RecordQuery, _ sieve: inout Sieve,
        _ stream: RecordStream
    ) throws(SpoolError) {
        defer {
            lines.reverse()
            relays?.reverse()
        }
        var next = max(place.inode, bounds.lowerBound)
        var left = RecordPage.budgetBytes
        while next <= bounds.upperBound {
            let end = min(bounds.upperBound, next + UInt64(RecordStream.window) - 1)
            for batch in try stream.batches(next...end) {
                let skipped = batch.number == place.inode ? place.offset : 0
                for (index, line) in batch.lines.split(separator: 0x0A).enumerated().dropFirst(skipped) {
                    take(line, of: batch.relay, query, &sieve)
                    guard lines.count == query.limit || sieve.isSpent else { continue }
                    newer = RecordPages.Cursor(inode: batch.number, offset: index + 1)
                    return
                }
                left -= batch.lines.count
                guard left > 0 else {
                    newer = RecordPages.Cursor(inode: batch.number + 1, offset: 0)
                    return
                }
            }
            next = end + 1
        }
    }

    private mutating func take(
        _ line: ArraySlice<UInt8>, of relay: String, _ query: RecordQuery, _ sieve: inout Sieve
    ) {
        guard query.relay == nil || query.relay == relay, line.withUnsafeBytes({ sieve.passes($0) }) else { return }
        lines.append(Array(line))
        relays?.append(relay)
    }
}
