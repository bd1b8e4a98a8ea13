import NATS
import Spool

@testable import Cluster

/// A step that keeps the promise, left out: a simulation that does not find each of these proves nothing.
enum ClusterOmission: String, CaseIterable {
    case resend = "what has no answer is sent again"
    case messageID = "a message that comes again has the same id"
    case lookUp = "a message that comes again is looked up"
    case recordFirst = "a failure is written down before the message ends"
    case outcomeFirst = "a message ends when its outcome is known"
    case keepAlive = "what is in hand is kept"
    case renewal = "messages are asked for again on a new connection"
    case follows = "how a delivery stands is written over what it follows only"
}

/// A relay on a cluster: the log's own parts, joined as `JetStreamLog` joins them. On the simulation's one thread.
final class SimulatedRelay: @unchecked Sendable {
    /// What it has the world do.
    struct World {
        /// Sends what a client says; `false` without a connection.
        var send: ([UInt8]) -> Bool
        var handOut: ([OwedDelivery]) -> Void
        /// Looks up how a delivery stands, and then calls back.
        var lookUp: (EventNumber, @escaping (Shelf.Found) -> Void) -> Void
    }

    static let queue = QueueID(rawValue: 1)

    let name: String
    var world: World!
    var now: Int64
    var isConnected = false
    private(set) var shelf = Shelf(queue: queue)
    private let publisher = Publisher()
    private let confirmations = Confirmations()
    private let omission: ClusterOmission?
    private var nextMessage: UInt64 = 1
    private var keepAliveAt: Int64 = 0

    init(_ name: String, now: Int64, without omission: ClusterOmission?) {
        self.name = name
        self.now = now
        self.omission = omission
        shelf.attach()
    }

    /// Publishes an event; `told` is called once.
    func commit(_ payload: [UInt8], key: String?, _ told: @escaping (PublishAnswer) -> Void) {
        let once = Once(told)
        publish([("e", payload)], key: key, deadline: now + ClusterSettings.commitMilliseconds) { round in
            if let answer = round.answers[0] { once.told(answer) }
        }
    }

    func request(_ count: Int) { decide { $0.request(count, now: self.now, &$1) } }
    func settle(_ outcome: Outcome) { decide { $0.settle(outcome, wall: self.now, &$1) } }

    func connected() {
        isConnected = true
        if omission != .resend { publisher.reconnected(now: now) { self.world.send($0) } }
        confirm(all: true)
        if omission != .renewal { decide { $0.renew(now: self.now, &$1) } }
    }

    func tick() {
        if omission != .resend { publisher.tick(now: now) { self.world.send($0) } }
        guard isConnected else { return }
        confirm(all: false)
        if omission != .renewal, shelf.isSilent(now: now, after: 5_000) { decide { $0.renew(now: self.now, &$1) } }
        if now >= keepAliveAt, omission != .keepAlive {
            keepAliveAt = now + ModelledStream.ackWait / 4
            decide { $0.keepAlive(&$1) }
        }
    }

    // What comes from the brokers.

    func answered(_ number: UInt64, _ answer: PublishAnswer) {
        publisher.answered(number, answer, now: now)
        publisher.tell()
    }

    func confirmed(_ number: UInt64) { confirmations.confirmed(number) }
    func heard(_ generation: Int) { if generation == shelf.generation { shelf.heard(now: now) } }
    func pullEnded(_ left: Int, _ generation: Int) {
        if generation == shelf.generation { decide { $0.pullEnded(left, now: self.now, &$1) } }
    }

    func arrived(_ reply: String) {
        guard let mark = DeliveryMark(reply) else { return }
        let arrival = Shelf.Arrival(
            reply: reply, message: mark.sequence, isRepeated: omission != .lookUp && mark.deliveries > 1,
            event: EventNumber(rawValue: mark.sequence), isOwed: true)
        decide { $0.arrived(arrival, now: self.now, &$1) }
        guard omission == .outcomeFirst else { return }
        say { $0.publish(reply, Acknowledgement.done.payload) }
    }

    private func confirm(all: Bool) {
        say { confirmations.resend(inbox: name + ".a", now: now, all: all, to: &$0) }
    }

    private func say(_ write: (inout ProtocolWriter) -> Void) {
        var writer = ProtocolWriter()
        write(&writer)
        if !writer.bytes.isEmpty { _ = world.send(writer.bytes) }
    }

    private func decide(_ input: (inout Shelf, inout Shelf.Effects) -> Void) {
        var effects = Shelf.Effects()
        input(&shelf, &effects)
        say { writer in
            for (reply, what) in effects.acknowledge {
                if what == .done || what == .term {
                    confirmations.send(reply, what, inbox: name + ".a", now: now, to: &writer)
                } else {
                    writer.publish(reply, what.payload)
                }
            }
            if effects.pull > 0 {
                writer.publish("pull", reply: "\(name).n.\(shelf.generation)", Array(String(effects.pull).utf8))
            }
        }
        for (record, last) in effects.write { write(record, after: last) }
        for arrival in effects.lookUp {
            world.lookUp(arrival.event) { [weak self] found in
                guard let self else { return }
                decide { $0.lookedUp(arrival, found, wall: self.now, now: self.now, &$1) }
            }
        }
        if !effects.handOut.isEmpty { world.handOut(effects.handOut) }
    }

    private func write(_ record: ClusterRecord, after last: UInt64) {
        if omission == .recordFirst { decide { $0.written(record, wall: self.now, &$1) } }
        var messages = [("s", record.bytes)]
        if record.state == .failed { messages.append(("f", record.bytes)) }
        publish(messages, key: nil, after: omission == .follows ? nil : last, deadline: .max) { [weak self] round in
            guard let self, round.left == 0 else { return }
            if case .refused(let fault)? = round.answers[0], fault.isWrongLast { return compare(record) }
            end(record, isWritten: round.answers.allSatisfy { $0?.number != nil })
        }
    }

    private func end(_ record: ClusterRecord, isWritten: Bool) {
        decide { isWritten ? $0.written(record, wall: self.now, &$1) : $0.unwritten(record, &$1) }
    }

    private func compare(_ record: ClusterRecord) {
        world.lookUp(record.delivery.event) { [weak self] found in
            guard let self else { return }
            guard case .event(let last, let number) = found else { return end(record, isWritten: false) }
            switch record.refused(by: last) {
            case .isStored: end(record, isWritten: true)
            case .again: write(record, after: number)
            case .isOvertaken: end(record, isWritten: false)
            }
        }
    }

    private func publish(
        _ messages: [(subject: String, payload: [UInt8])], key: String?, after last: UInt64? = nil, deadline: Int64,
        _ told: @escaping (Publisher.Round) -> Void
    ) {
        var writer = ProtocolWriter()
        var ends: [Int] = []
        let first = nextMessage
        for message in messages {
            var headers = omission == .messageID ? [] : [("Nats-Msg-Id", key ?? "\(name)-\(nextMessage)")]
            if message.subject == "s", let last { headers.append((Client.expectedLast, String(last))) }
            writer.publish(
                message.subject, reply: "\(name).p.\(nextMessage)", headers: headers,
                payloadCount: message.payload.count
            ) { $0 += message.payload }
            ends.append(writer.bytes.count)
            nextMessage += 1
        }
        let callBack = Told(told)
        let round = Publisher.Round(writer.bytes, ends: ends, first: first, deadline: deadline) { round, _ in
            callBack.told(round)
        }
        publisher.publish(round, now: now) { self.world.send($0) }
    }

    // Unchecked: the simulation has one thread.
    private final class Told: @unchecked Sendable {
        let told: (Publisher.Round) -> Void
        init(_ told: @escaping (Publisher.Round) -> Void) { self.told = told }
    }

    private final class Once {
        private var tell: ((PublishAnswer) -> Void)?
        init(_ tell: @escaping (PublishAnswer) -> Void) { self.tell = tell }
        func told(_ answer: PublishAnswer) {
            tell?(answer)
            tell = nil
        }
    }
}
