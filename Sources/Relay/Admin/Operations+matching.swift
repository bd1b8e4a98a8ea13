import Cluster
import Spool

extension Operations {
    /// Deliveries handed over at a time.
    private static let handful = 1000
    /// Deliveries remembered, so that one that failed twice counts once.
    private static let rememberedLimit = 200_000

    /// Hands over the deliveries whose failure's line matches, in handfuls. Reads the file backwards from where it ends now, piece by
    /// piece: what fails meanwhile is not among them.
    func forEachFailure(
        matching query: RecordQuery, _ take: ([DeliveryName]) throws(SpoolError) -> Void
    ) throws(SpoolError) {
        if query.isOfAll { return try forEachFailureOfAll(matching: query, take) }
        let pages = RecordPages(directory: spoolPath, stem: "failures")
        var sieve = RecordPage.Sieve(query, routes: { self.routes(of: $0) })
        var seen: Set<DeliveryName> = []
        var cursor: RecordPages.Cursor? = try read { () throws(FileReadError) in try pages.newest }
        while let from = cursor {
            var names: [DeliveryName] = []
            cursor = try read { () throws(FileReadError) in
                try pages.older(
                    than: from, since: query.filter.since, budgetBytes: RecordPage.budgetBytes
                ) { line, _ in
                    if let name = sieve.delivery(in: line), !seen.contains(name) {
                        names.append(name)
                        if seen.count < Operations.rememberedLimit { seen.insert(name) }
                    }
                    return names.count < Operations.handful ? .more : .enough
                }
            }
            if !names.isEmpty { try take(names) }
        }
    }

    private func read<Answer>(_ work: () throws(FileReadError) -> Answer) throws(SpoolError) -> Answer {
        do throws(FileReadError) { return try work() } catch {
            throw .elsewhere(reason: "\(error.path): \(error.reason)")
        }
    }

    /// The same of what all relays of the cluster gave up, as the brokers have it.
    private func forEachFailureOfAll(
        matching query: RecordQuery, _ take: ([DeliveryName]) throws(SpoolError) -> Void
    ) throws(SpoolError) {
        guard let member else { throw .elsewhere(reason: "the spool is a directory: there are no other relays") }
        let stream = RecordStream(of: try member.cluster(), .failures)
        var seen: Set<DeliveryName> = []
        var query = query
        repeat {
            let page = try RecordPage(query, of: stream) { self.routes(of: $0) }
            var all = RecordFilter()
            let names = page.lines.compactMap { line in
                line.withUnsafeBytes { all.take($0)?["delivery"].flatMap { DeliveryName($0) } }
            }.filter { seen.count >= Operations.rememberedLimit || seen.insert($0).inserted }
            if !names.isEmpty { try take(names) }
            query.before = page.older
        } while query.before != nil
    }
}
