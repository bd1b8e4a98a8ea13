import Spool

/// Which targets an event goes to: the routes that a matcher found, in order, made into names and queues.
///
/// Immutable; the matching itself is `PatternMatcher`'s.
struct Router: Sendable {
    /// A route that is in force.
    struct Route: Sendable {
        /// Its name.
        var name: String
        /// Its targets, as places in `targets`.
        var targets: [Int]
        /// The sources whose events it is offered, as places in the configuration's list; `nil` for all.
        var sources: Set<Int>?
        /// Whether an event that it takes is not offered to later ones.
        var final: Bool
    }

    /// A target as routing knows it.
    struct Destination: Sendable {
        var name: String
        var queue: QueueID
    }

    /// What an event's routes come to.
    struct Decision {
        /// The routes that took it, as places in `routes`, in order.
        var routes: [Int] = []
        /// The targets it goes to, as places in `targets`, each once, in the order in which routes named them.
        var targets: [Int] = []
        /// The targets' queues.
        var owed: [QueueID] = []
    }

    let routes: [Route]
    let targets: [Destination]
    /// Where events go that no route takes.
    let unmatched: [Int]

    /// Makes a decision of the routes whose patterns match, which come in ascending order.
    func decide(source: Int, matching: some Sequence<Int>) -> Decision {
        var decision = Decision()
        for index in matching {
            let route = routes[index]
            if let sources = route.sources, !sources.contains(source) { continue }
            decision.routes.append(index)
            for target in route.targets where !decision.targets.contains(target) { decision.targets.append(target) }
            if route.final { break }
        }
        if decision.routes.isEmpty { decision.targets = unmatched }
        decision.owed = decision.targets.map { targets[$0].queue }
        return decision
    }
}
