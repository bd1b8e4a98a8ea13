import EventJSON
import NATS
import Spool

/// The relays of the cluster and its brokers. Everything that asks blocks, and is not for the client's thread.
extension JetStreamLog {
    /// For how long a relay that has gone silent is still shown.
    private static let shownSeconds: Int64 = 86_400
    /// After how long a broker counts as lost that has not all that the leader has, in nanoseconds.
    private static let lostNanoseconds = 5_000_000_000
    /// How many relays are shown at most.
    private static let relayLimit = 1000

    /// What a relay said of itself last.
    public struct RelayNote: Sendable {
        /// The relay's `RelayIdentity.id`.
        public var id: String
        /// When, in milliseconds since 1970 by the brokers' clock.
        public var at: Int64
        /// A JSON object.
        public var document: [UInt8]

        /// What a relay said.
        public init(id: String, at: Int64, document: [UInt8]) {
            self.id = id
            self.at = at
            self.document = document
        }
    }

    /// A broker that keeps the events.
    public struct Broker: Sendable {
        /// Its name.
        public var name: String
        /// Whether it leads: the others follow it.
        public var isLeader = false
        /// Whether it has all that the leader has.
        public var isCurrent = true
        /// Whether the leader has lost it, or has not heard of it for some seconds.
        public var isOffline = false
        /// How many operations it lags behind.
        public var lag = 0
    }

    /// Makes the stream of the relays' notes.
    public func prepareRelays() throws(SpoolError) {
        var stream = StreamSettings(
            name: subjects.relayStream, subjects: [subjects.relays], replicas: settings.replicas)
        stream.maxAge = JetStreamLog.shownSeconds * 1_000_000_000
        stream.maxPerSubject = 1
        try prepare(stream)
    }

    /// Tells the others how this relay is. One that gets lost is followed by the next.
    public func announce(_ document: [UInt8], by relay: RelayIdentity) {
        client.perform { [self] in
            var writer = ProtocolWriter()
            writer.publish(subjects.relay(relay.id), document)
            client.send(writer.bytes)
        }
    }

    /// Takes back what was announced: the relay ends in good order, and nobody need miss it.
    public func leave(_ relay: RelayIdentity) {
        client.perform { [self] in
            var writer = ProtocolWriter()
            let filter = "{\"filter\":\"\(subjects.relay(relay.id))\"}"
            writer.publish(JetStreamAPI.purge(subjects.relayStream), reply: "\(client.inbox).l", Array(filter.utf8))
            client.send(writer.bytes)
        }
    }

    /// What all relays said last.
    public func relays() throws(SpoolError) -> [RelayNote] {
        var notes: [RelayNote] = []
        var last: UInt64 = 0
        do throws(NATSFault) {
            while notes.count < JetStreamLog.relayLimit {
                let found = try client.message(.next(of: subjects.relays, after: last), of: subjects.relayStream)
                guard let found else { break }
                last = found.sequence
                let id = String(found.message.subject.split(separator: ".").last ?? "")
                // Whoever speaks while the notes are read comes twice.
                notes.removeAll { $0.id == id }
                notes.append(
                    RelayNote(id: id, at: found.message.storedAt ?? 0, document: found.message.payload))
            }
        } catch {
            throw .elsewhere(reason: "the relays' notes can't be read: \(error.reason)")
        }
        return notes
    }

    /// The brokers that keep the events, as the stream's leader sees them.
    public func brokers() throws(SpoolError) -> [Broker] {
        let info: APIAnswer
        do throws(NATSFault) { info = try ask(JetStreamAPI.stream(subjects.eventStream), []) } catch {
            throw .elsewhere(reason: "the brokers: \(error.reason)")
        }
        return JetStreamLog.brokers(of: info, server: connectedBroker?.name)
    }

    /// The broker that this relay is connected to, or was last.
    public var connectedBroker: (name: String, version: String)? { board.server.map { ($0.name, $0.version) } }

    /// The brokers that a `STREAM.INFO` names. One that is alone names nobody: it is the one that answered.
    static func brokers(of info: APIAnswer, server: String?) -> [Broker] {
        let cluster = info.root[key: "cluster"]
        let followers = cluster?[key: "replicas"]?.array ?? []
        let leader = cluster?[key: "leader"]?.string ?? ""
        let first = leader.isEmpty ? followers.isEmpty ? server : nil : leader
        var brokers = [first].compactMap(\.self).map { Broker(name: $0, isLeader: true) }
        for follower in followers {
            guard let name = follower[key: "name"]?.string else { continue }
            let isCurrent = follower[key: "current"]?.isTrue == true
            // A leader takes its time to call one of them lost.
            let isUnheard = !isCurrent && (follower[key: "active"]?.integer ?? 0) > lostNanoseconds
            brokers.append(
                Broker(
                    name: name, isCurrent: isCurrent,
                    isOffline: isUnheard || follower[key: "offline"]?.isTrue == true,
                    lag: follower[key: "lag"]?.integer ?? 0))
        }
        return brokers.sorted { $0.name < $1.name }
    }
}
