import NATS
import Spool

/// Replays, which all relays see: a bucket of keys and values, one key a replay. All of it blocks.
extension JetStreamLog {
    /// A replay as it was kept last.
    public struct KeptReplay: Sendable {
        /// Its number.
        public var id: Int
        /// What tells this state of it from any other: later ones are greater.
        public var version: UInt64
        /// What was kept of it.
        public var note: [UInt8]
    }

    /// Makes the bucket.
    /// - Throws: `SpoolError.elsewhere` with the reason.
    public func prepareReplays() throws(SpoolError) { try prepare(bucket(subjects.replayStream, subjects.replays)) }

    /// What was kept of replays since a version, the oldest first.
    public func replays(after version: UInt64) throws(SpoolError) -> [KeptReplay] {
        var found: [KeptReplay] = []
        var last = version
        while let next = try message(.next(of: subjects.replays, after: last), of: subjects.replayStream) {
            last = next.sequence
            guard let id = next.message.subject.split(separator: ".").last.flatMap({ Int($0) }) else { continue }
            found.append(KeptReplay(id: id, version: next.sequence, note: next.message.payload))
        }
        return found
    }

    /// Keeps a replay whose last state has this version, 0 for none; answers the new version, `nil` if another relay was faster.
    public func keep(_ note: [UInt8], ofReplay id: Int, after version: UInt64) throws(SpoolError) -> UInt64? {
        do throws(NATSFault) { return try client.publish(subjects.replay(id), note, after: version) } catch {
            if error.isWrongLast { return nil }
            throw .elsewhere(reason: "the brokers: \(error.reason)")
        }
    }

    /// Forgets a replay.
    public func forgetReplay(_ id: Int) throws(SpoolError) {
        try answer(JetStreamAPI.purge(subjects.replayStream), "{\"filter\":\"\(subjects.replay(id))\"}")
    }
}
