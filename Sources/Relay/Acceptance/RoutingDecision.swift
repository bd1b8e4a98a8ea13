import Delivery
import HTTPServer
import Spool

/// What follows from the routes that matched an event, with all that is the same each time they match: made once, then shared.
final class RoutingDecision: Sendable {
    /// The source's place.
    let source: Int
    /// The routes whose patterns matched, by place.
    let matched: [Int]
    /// The routes that took it, by place.
    let routes: [Int]
    /// The queues that are owed the event.
    let owed: [QueueID]
    /// What the answer says behind the event's number.
    let answer: [UInt8]
    /// What is answered instead, if the source says so.
    let fixedAnswer: Response?
    /// The beginning of the event's attributes: source and routes.
    let attributes: [UInt8]
    /// The board's edition, in which the places have their meaning, and the names, which mean the same in every one.
    let edition: Int
    let sourceName: String
    let routeNames: [String]

    init(_ source: Int, _ matched: [Int], on board: Switchboard, edition: Int) {
        self.source = source
        self.matched = matched
        self.edition = edition
        let decision = board.router.decide(source: source, matching: matched)
        owed = decision.owed
        routes = decision.routes
        routeNames = decision.routes.map { board.router.routes[$0].name }
        fixedAnswer = board.sources[source].settings.answer?.response
        sourceName = board.sources[source].settings.name
        answer = Answers.decision(routes: routeNames, targets: decision.targets.map { board.router.targets[$0].name })
        var attributes = [EventAttributes.version]
        for (tag, text) in [(EventAttributes.Tag.source, sourceName)] + routeNames.map({ (.route, $0) }) {
            Array(text.utf8).withUnsafeBytes { EventAttributes.append(tag, $0, to: &attributes) }
        }
        self.attributes = attributes
    }
}
