import EventJSON
import Spool

/// One page of the audit log or of the failures, the newest line first.
struct RecordPage {
    /// The lines, as they stand in the file.
    var lines: [[UInt8]] = []
    /// The names of the relays that wrote them, where they are all relays'.
    var relays: [String]?
    /// Where older lines begin; `nil` if there are none.
    var older: RecordPages.Cursor?
    /// Where newer lines will stand.
    var newer: RecordPages.Cursor
    /// When the oldest line that was looked at was executed, whether it is on the page or not.
    var searchedTo: String?

    /// How much of the files is looked through for one page, in bytes: what is not found within is for the next.
    static let budgetBytes = 32 << 20
    /// How many events are looked up for one page to learn which routes took them.
    static let lookupLimit = 5000

    /// Reads a page. `routes` tells which routes took an event.
    init(_ query: RecordQuery, of pages: RecordPages, routes: @escaping (EventNumber) -> [String]) throws(FileReadError)
    {
        let limit = query.limit
        var sieve = Sieve(query, routes: routes)
        newer = try pages.newest
        if let after = query.after {
            newer = try pages.newer(than: after, budgetBytes: RecordPage.budgetBytes) { line in
                if sieve.passes(line) { lines.append(Array(line)) }
                return lines.count < limit && !sieve.isSpent ? .more : .enough
            }
            lines.reverse()
        } else {
            older = try pages.older(
                than: query.before, since: query.filter.since, budgetBytes: RecordPage.budgetBytes
            ) { line, _ in
                if sieve.passes(line) { lines.append(Array(line)) }
                return lines.count < limit && !sieve.isSpent ? .more : .enough
            }
        }
        searchedTo = sieve.lastExecutedAt
    }

    /// Writes the page as the API answers it.
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("lines") { writer in writer.array { for line in lines { $0.raw(line) } } }
            if let relays { writer.member("relays", relays) }
            writer.member("older", older?.description)
            writer.member("newer", newer.description)
            writer.member("searched_to", searchedTo)
        }
    }
}

extension RecordPage {
    /// Lets the lines pass that a query wants.
    struct Sieve {
        private var filter: RecordFilter
        private let route: String?
        private let routes: (EventNumber) -> [String]
        private var lookups = 0
        /// The event looked up last: its lines mostly stand together.
        private var known: (event: EventNumber, isWanted: Bool)?
        private var last: [UInt8] = []

        init(_ query: RecordQuery, routes: @escaping (EventNumber) -> [String]) {
            filter = query.filter
            route = query.route
            self.routes = routes
        }

        /// Whether so many events were looked up that the rest is for another page.
        var isSpent: Bool { lookups >= RecordPage.lookupLimit }

        /// When the line looked at last was executed.
        var lastExecutedAt: String? {
            var all = RecordFilter()
            return all.take(last)?["executed_at"]
        }

        mutating func passes(_ line: UnsafeRawBufferPointer) -> Bool { delivery(in: line) != nil }

        /// The delivery that a line is about, if it is wanted.
        mutating func delivery(in line: UnsafeRawBufferPointer) -> DeliveryName? {
            last.replaceSubrange(last.indices, with: line)
            guard let record = filter.take(line),
                let name = record["delivery"].flatMap({ DeliveryName($0) })
            else { return nil }
            guard let route else { return name }
            if known?.event != name.event {
                lookups += 1
                known = (name.event, routes(name.event).contains(route))
            }
            return known?.isWanted == true ? name : nil
        }
    }
}
