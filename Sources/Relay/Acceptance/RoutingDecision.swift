import Delivery
import Spool

/// What follows from the routes that matched an event, with all that is the same each time they match: made once.
struct RoutingDecision {
    /// The source's place.
    let source: Int
    /// The routes whose patterns matched, by place.
    let matched: [Int]
    /// The queues that are owed the event.
    let owed: [QueueID]
    /// What the answer says behind the event's number.
    let answer: [UInt8]
    /// The beginning of the event's attributes: source and routes.
    let attributes: [UInt8]

    init(_ source: Int, _ matched: [Int], on board: Switchboard) {
        self.source = source
        self.matched = matched
        let decision = board.router.decide(source: source, matching: matched)
        owed = decision.owed
        let routes = decision.routes.map { board.router.routes[$0].name }
        answer = Answers.decision(routes: routes, targets: decision.targets.map { board.router.targets[$0].name })
        var attributes = [EventAttributes.version]
        for (tag, text) in [(EventAttributes.Tag.source, board.sources[source].settings.name)]
            + routes.map({ (.route, $0) })
        {
            Array(text.utf8).withUnsafeBytes { EventAttributes.append(tag, $0, to: &attributes) }
        }
        self.attributes = attributes
    }
}
