import Platform

/// What one loop's door has taken since the start. A plain value.
struct DoorTally: Sendable {
    /// Something counted under a name of the configuration's.
    struct Named: Sendable {
        var name: String
        var count: Int
    }

    /// Events answered 202, by source.
    private(set) var accepted: [Named] = []
    /// Events taken, by route.
    private(set) var routed: [Named] = []
    /// Events that no route took.
    private(set) var unrouted = 0
    /// Repetitions answered 202.
    private(set) var duplicates = 0
    /// From having an event's last byte to its 202.
    private(set) var answers = Histogram(.answer)
    private var edition = -1

    /// Counts by these names from now on; what was counted under one that stays goes on.
    mutating func takeUp(sources: [String], routes: [String], edition: Int) {
        accepted = DoorTally.kept(accepted, under: sources)
        routed = DoorTally.kept(routed, under: routes)
        self.edition = edition
    }

    private static func kept(_ old: [Named], under names: [String]) -> [Named] {
        let known = Dictionary(old.map { ($0.name, $0.count) }) { one, _ in one }
        return names.map { Named(name: $0, count: known[$0] ?? 0) }
    }

    /// Counts events that were decided on in the same way and are now answered.
    mutating func count(_ decision: RoutingDecision, times: Int) {
        if decision.edition == edition {
            accepted[decision.source].count += times
            for route in decision.routes { routed[route].count += times }
        } else {
            // The configuration has changed while these were on their way to the disk.
            DoorTally.count(decision.sourceName, times, in: &accepted)
            for name in decision.routeNames { DoorTally.count(name, times, in: &routed) }
        }
        if decision.routes.isEmpty { unrouted += times }
    }

    private static func count(_ name: String, _ times: Int, in list: inout [Named]) {
        guard let place = list.firstIndex(where: { $0.name == name }) else { return }
        list[place].count += times
    }

    /// Counts a repetition.
    mutating func countDuplicate() { duplicates += 1 }

    /// Counts how long a round's answers took.
    mutating func count(answers: Int, microseconds: Int64) {
        self.answers.add(microseconds: microseconds, times: answers)
    }

    /// Adds what another loop has counted.
    mutating func add(_ other: DoorTally) {
        DoorTally.add(other.accepted, to: &accepted)
        DoorTally.add(other.routed, to: &routed)
        unrouted += other.unrouted
        duplicates += other.duplicates
        answers.add(other.answers)
    }

    private static func add(_ other: [Named], to list: inout [Named]) {
        // Mostly both loops count by the same configuration.
        guard !list.elementsEqual(other, by: { $0.name == $1.name }) else {
            for place in list.indices { list[place].count += other[place].count }
            return
        }
        var places = Dictionary(list.indices.map { (list[$0].name, $0) }) { one, _ in one }
        for entry in other {
            if let place = places[entry.name] {
                list[place].count += entry.count
            } else {
                places[entry.name] = list.count
                list.append(entry)
            }
        }
    }
}
