import NATS
import Spool
import TestSupport

@testable import Cluster

/// Relays that share a modelled stream, senders and a target, by a seed: what is said is lost, delayed and overtaken, leaders change,
/// connections break, relays die. One thread, and a clock of its own in milliseconds.
final class ClusterSimulation: @unchecked Sendable {
    /// What a sender wants taken, until it is.
    private struct Wish {
        var name: UInt64
        var key: String?
        /// The messages of the stream that it was told of.
        var told: [UInt64] = []
    }

    private struct Action {
        var at: Int64
        var order: Int
        var body: () -> Void
    }

    private static let chaosUntil: Int64 = 90_000
    private static let end: Int64 = 1_200_000
    private static let credit = 5
    /// What is on its way, or asked for, is there after so long.
    private static let onItsWay: Int64 = 12_000

    private(set) var failures: [String] = []
    private(set) var deliveredTwice = 0
    private var random: SeededGenerator
    private let omission: ClusterOmission?
    /// Without faults every event is delivered once.
    private let isQuiet: Bool
    private var now: Int64 = 0
    private var agenda: [Action] = []
    private var order = 0
    private var stream = ModelledStream()
    private var relays: [SimulatedRelay] = []
    private var incarnations = 0
    private var leaderlessUntil: Int64 = -1
    /// When a relay, or the brokers, could last not be reached.
    private var troubleAt: Int64 = -1_000_000
    private var wishes: [Wish] = []
    private var inHand: [String: Set<UInt64>] = [:]
    private var delivered: [UInt64: Int] = [:]

    init(seed: UInt64, without omission: ClusterOmission? = nil) {
        random = SeededGenerator(seed: seed)
        self.omission = omission
        isQuiet = omission == nil && seed % 8 == 0
    }

    func run() {
        for _ in 0..<2 { begin() }
        for name in 0..<UInt64(5 + below(25)) {
            wishes.append(Wish(name: name, key: onceIn(2) ? "key-\(name)" : nil))
            after(Int64(below(60_000))) { self.send(Int(name)) }
        }
        if !isQuiet {
            for _ in 0..<(1 + below(12)) { after(Int64(below(Int(ClusterSimulation.chaosUntil)))) { self.trouble() } }
        }
        every(250) {
            for relay in self.relays { relay.tick() }
            self.flush()
        }
        while let action = agenda.popLast(), failures.isEmpty, !isOver {
            now = action.at
            for relay in relays { relay.now = now }
            action.body()
        }
        if failures.isEmpty { judge() }
    }

    private var isOver: Bool {
        now > ClusterSimulation.end
            || (now > ClusterSimulation.chaosUntil && stream.isFinished && wishes.allSatisfy { !$0.told.isEmpty }
                && relays.allSatisfy { $0.shelf.held.isEmpty })
    }

    private func judge() {
        for wish in wishes where wish.told.isEmpty { fail("event \(wish.name) was never taken") }
        for (number, delivery) in stream.deliveries.enumerated() where delivery.endedAt == nil {
            fail("message \(number + 1) never came to its end")
        }
        for wish in wishes {
            for sequence in wish.told {
                let isGivenUp =
                    stream.failures.contains(sequence) && stream.standing(of: sequence)?.record.state == .failed
                if delivered[sequence] == nil && !isGivenUp {
                    fail("message \(sequence) is lost: its sender was told 202")
                }
            }
        }
        for (event, all) in stream.written {
            for (one, next) in zip(all, all.dropFirst()) where next.record.state != .done {
                if next.record.progress.attempts <= one.record.progress.attempts {
                    fail("of \(event) an older standing was written over a newer one")
                }
            }
        }
        deliveredTwice = delivered.values.count { $0 > 1 }
        if isQuiet && deliveredTwice > 0 { fail("\(deliveredTwice) delivered twice, and nothing went wrong") }
        if isQuiet && stream.events.count != wishes.count {
            fail("\(stream.events.count) messages of \(wishes.count) events")
        }
    }

    // The senders.

    private func send(_ index: Int) {
        let relay = relays[below(relays.count)]
        var isAnswered = false
        func again(in wait: Int64) {
            guard !isAnswered else { return }
            isAnswered = true
            after(wait) { self.send(index) }
        }
        relay.commit([UInt8(truncatingIfNeeded: wishes[index].name)], key: wishes[index].key) { [self] answer in
            guard !isAnswered else { return }
            switch answer {
            case .stored(let sequence), .repeated(let sequence):
                isAnswered = true
                wishes[index].told.append(sequence)
                let event = stream.events[Int(sequence) - 1]
                if event != [UInt8(truncatingIfNeeded: wishes[index].name)] { fail("\(sequence) is another event") }
            case .refused: again(in: 1_000)
            }
        }
        // A sender whose relay has died hears nothing.
        after(15_000) { again(in: 0) }
    }

    // The target.

    private func handOut(_ deliveries: [OwedDelivery], by relay: SimulatedRelay) {
        for delivery in deliveries {
            let sequence = delivery.event.rawValue
            check(delivery, sequence, by: relay)
            inHand[relay.name, default: []].insert(sequence)
            if inHand[relay.name, default: []].count > ClusterSimulation.credit { fail("more than was asked for") }
            after(Int64(onceIn(12) ? below(70_000) : 5 + below(2_000))) { self.attempted(delivery, by: relay) }
        }
    }

    private func attempted(_ delivery: OwedDelivery, by relay: SimulatedRelay) {
        let sequence = delivery.event.rawValue
        let attempts = delivery.progress.attempts + 1
        let isDone = onceIn(2)
        let isAlive = relays.contains { $0 === relay }
        // What a relay that died had under way may have come to its target, or not.
        if isDone && (isAlive || onceIn(2)) { delivered[sequence, default: 0] += 1 }
        guard isAlive else { return }
        let result: Outcome.Result =
            isDone ? .done : attempts >= 4 ? .failed : .later(notBefore: now + Int64(500 + below(25_000)))
        inHand[relay.name]?.remove(sequence)
        relay.settle(
            Outcome(
                DeliveryID(event: delivery.event, queue: SimulatedRelay.queue), result,
                progress: Progress(attempts: attempts, since: delivery.progress.since)))
        relay.request(1)
    }

    private func check(_ delivery: OwedDelivery, _ sequence: UInt64, by relay: SimulatedRelay) {
        guard sequence >= 1, sequence <= stream.events.count else { return fail("\(sequence) was invented") }
        let long = now - ClusterSimulation.onItsWay
        if let ended = stream.deliveries[Int(sequence) - 1].endedAt, ended < long {
            fail("\(sequence) is handed out, and had come to its end")
        }
        if let last = stream.written[sequence]?.last, last.at < long {
            let record = last.record
            if record.progress.attempts > delivery.progress.attempts { fail("\(sequence) begins its schedule anew") }
            if record.state == .later, record.notBefore > now + 250 {
                fail("\(sequence) is handed out before its time")
            }
        }
        let others = relays.filter { $0 !== relay && inHand[$0.name]?.contains(sequence) == true }
        if !others.isEmpty, troubleAt < now - ModelledStream.ackWait - ClusterSimulation.onItsWay {
            fail("\(sequence) is with two relays, and nothing went wrong")
        }
    }

    // What goes wrong.

    private func trouble() {
        troubleAt = now
        let index = below(relays.count)
        switch below(3) {
        case 0:
            let long = Int64(100 + below(8_000))
            leaderlessUntil = now + long
            stream.forgetPulls()
            after(long) { self.troubleAt = self.now }
        case 1:
            let relay = relays[index]
            relay.isConnected = false
            after(Int64(50 + below(40_000))) {
                self.troubleAt = self.now
                if self.relays.contains(where: { $0 === relay }) { relay.connected() }
            }
        default:
            relays.remove(at: index)
            begin()
        }
    }

    private func begin() {
        incarnations += 1
        let relay = SimulatedRelay("relay\(incarnations)", now: now, without: omission)
        relay.world = SimulatedRelay.World(
            send: { [unowned self, unowned relay] in self.said($0, by: relay) },
            handOut: { [unowned self, unowned relay] in self.handOut($0, by: relay) },
            lookUp: { [unowned self, unowned relay] in self.lookUp($0, for: relay, $1) })
        relays.append(relay)
        after(Int64(below(2_000))) { [self] in
            guard relays.contains(where: { $0 === relay }) else { return }
            relay.connected()
            relay.request(ClusterSimulation.credit)
        }
    }

    // The way to the brokers and back.

    /// Some is lost, some takes long, and overtakes other.
    private func travel(mayBeLost: Bool = true, _ body: @escaping () -> Void) {
        let isRough = !isQuiet && now < ClusterSimulation.chaosUntil
        if isRough && mayBeLost && onceIn(20) { return }
        after(Int64(isRough && onceIn(20) ? below(3_000) : 1 + below(40)), body)
    }

    private func said(_ bytes: [UInt8], by relay: SimulatedRelay) -> Bool {
        guard relay.isConnected else { return false }
        var rest = bytes[...]
        while let said = Said(&rest) {
            let isKeepAlive = said.payload == Acknowledgement.inProgress.payload
            travel(mayBeLost: !isKeepAlive) { self.hear(said) }
        }
        return true
    }

    private func tell(_ inbox: String, _ body: @escaping (SimulatedRelay, [String]) -> Void) {
        let words = inbox.split(separator: ".").map(String.init)
        travel { [self] in
            guard let relay = relays.first(where: { $0.name == words[0] }), relay.isConnected else { return }
            body(relay, words)
        }
    }

    private func hear(_ said: Said) {
        let isLeaderless = leaderlessUntil > now
        switch said.subject {
        case "e", "s", "f":
            let answer: PublishAnswer
            if isLeaderless {
                answer = .refused(NATSFault(.later, "no leader"))
            } else if said.subject == "e" {
                answer = stream.store(said.payload, id: id(of: said), now: now)
            } else if let record = ClusterRecord(said.payload) {
                answer = stream.write(
                    record, after: said.last, asFailure: said.subject == "f", id: id(of: said), now: now)
            } else {
                return fail("a record that is none")
            }
            if isLeaderless && onceIn(2) { return }
            tell(said.reply) { relay, words in relay.answered(UInt64(words[2]) ?? 0, answer) }
        case "pull":
            if isLeaderless { return }
            stream.ask(
                for: Int(String(decoding: said.payload, as: UTF8.self)) ?? 0, reply: said.reply, until: now + 10_000)
            flush()
        default:
            guard !isLeaderless, let mark = DeliveryMark(said.subject) else { return }
            stream.acknowledge(mark.sequence, String(decoding: said.payload, as: UTF8.self), now: now)
            if !said.reply.isEmpty { tell(said.reply) { relay, words in relay.confirmed(UInt64(words[2]) ?? 0) } }
            flush()
        }
    }

    /// A message without an id is another one each time.
    private func id(of said: Said) -> String {
        order += 1
        return said.id.isEmpty ? "none-\(order)" : said.id
    }

    private func flush() {
        guard leaderlessUntil <= now else { return }
        let out = stream.goOut(now: now)
        for message in out.messages {
            tell(message.reply) { relay, _ in
                relay.arrived("$JS.ACK.q.q_1.\(message.count).\(message.sequence).1.1.0")
            }
        }
        for end in out.ends {
            tell(end.reply) { relay, words in relay.pullEnded(end.left, Int(words[2]) ?? -1) }
        }
    }

    private func lookUp(_ event: EventNumber, for relay: SimulatedRelay, _ found: @escaping (Shelf.Found) -> Void) {
        var isAnswered = false
        func answer(_ what: Shelf.Found) {
            guard !isAnswered, relays.contains(where: { $0 === relay }) else { return }
            isAnswered = true
            found(what)
        }
        if relay.isConnected {
            travel { [self] in
                guard leaderlessUntil <= now else { return }
                let standing = stream.standing(of: event.rawValue)
                travel { answer(.event(standing?.record, number: standing?.number ?? 0)) }
            }
        }
        after(5_000) { answer(.fault) }
    }

    // Time and chance.

    private func after(_ milliseconds: Int64, _ body: @escaping () -> Void) {
        order += 1
        let action = Action(at: now + milliseconds, order: order, body: body)
        // The next one stands last.
        var low = 0
        var high = agenda.count
        while low < high {
            let middle = (low + high) / 2
            if (agenda[middle].at, agenda[middle].order) > (action.at, action.order) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        agenda.insert(action, at: low)
    }

    private func every(_ milliseconds: Int64, _ body: @escaping () -> Void) {
        after(milliseconds) { [self] in
            body()
            every(milliseconds, body)
        }
    }

    private func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }
    private func onceIn(_ times: Int) -> Bool { below(times) == 0 }
    private func fail(_ what: String) { failures.append("at \(now) ms: \(what)") }
}
