import Dispatch
import Glibc
import NATS
import Spool
import Synchronization

/// A queue that one relay empties, to move or to give up what it holds: it says so to the others, which let go of what they have in
/// hand and take nothing until it has come to its end, or has not been heard of for some seconds.
///
/// The word goes from relay to relay by the brokers and is not kept: one that does not hear it keeps what it has in hand.
extension JetStreamLog {
    /// For how long others stand aside that hear nothing more, in milliseconds, and how often they are told.
    private static let asideMilliseconds: Int64 = 6_000
    private static let announceMilliseconds: Int64 = 1_000
    /// How soon one that stands aside looks again whether it still has to.
    private static let lookMicroseconds: UInt32 = 20_000

    /// What is emptied.
    struct Emptied: Sendable {
        /// Until when another relay empties a queue, by the steady clock.
        var others: [QueueID: Int64] = [:]
        /// When the others were last told of a queue that this one empties.
        var told: [QueueID: Int64] = [:]
        var hear: (@Sendable (_ target: String, _ givingUp: Bool) -> Void)?
    }

    /// Has this relay take all that a queue's consumers hand out, but what is under way here, and the others let go of it. With
    /// `givingUp` they try nothing again that they have under way.
    func empty(_ queue: QueueID, except kept: Set<EventNumber>, into hands: TakenMessages, givingUp: Bool) {
        announceEmptying(queue, givingUp: givingUp)
        performAndWait { [self] in
            takers[queue] = hands
            for share in entries[queue]?.shares ?? [] { decide(share) { $0.standAside(except: kept, &$1) } }
        }
    }

    /// Ends it: what was not taken is given back.
    func fill(_ queue: QueueID, from hands: TakenMessages) {
        performAndWait { [self] in
            takers[queue] = nil
            var writer = ProtocolWriter()
            for taken in hands.rest() {
                writer.publish(taken.arrival.reply, Acknowledgement.again(afterMilliseconds: 0).payload)
            }
            if !writer.bytes.isEmpty { client.send(writer.bytes) }
            for share in entries[queue]?.shares ?? [] { decide(share) { $0.comeBack(now: steady(), &$1) } }
        }
        emptied.withLock { $0.told[queue] = nil }
        say("\(salt) 0", of: queue)
    }

    /// Says that this relay empties a queue, unless it has just been said.
    func announceEmptying(_ queue: QueueID, givingUp: Bool) {
        let now = steady()
        let isDue = emptied.withLock { emptied in
            let isDue = emptied.told[queue].map { now - $0 >= JetStreamLog.announceMilliseconds } ?? true
            if isDue { emptied.told[queue] = now }
            return isDue
        }
        if isDue { say("\(salt) \(JetStreamLog.asideMilliseconds)\(givingUp ? " drop" : "")", of: queue) }
    }

    private func say(_ words: String, of queue: QueueID) {
        client.perform { [self] in
            var writer = ProtocolWriter()
            writer.publish(subjects.emptying(queue), Array(words.utf8))
            client.send(writer.bytes)
        }
    }

    /// Another relay, or this one, says that it empties a queue. On the client's thread.
    func heardOfEmptying(_ message: Message) {
        let words = String(decoding: message.payload, as: UTF8.self).split(separator: " ")
        guard let queue = subjects.queue(ofWord: message.subject), words.count >= 2, words[0] != salt,
            let milliseconds = Int64(words[1]), milliseconds <= JetStreamLog.asideMilliseconds
        else { return }
        let now = steady()
        let hear = emptied.withLock { emptied in
            let isNew = emptied.others[queue] ?? 0 <= now && milliseconds > 0
            emptied.others[queue] = now + milliseconds
            return isNew ? emptied.hear : nil
        }
        if let name = board.queues[queue]?.name { hear?(name, words.count > 2) }
    }

    /// Does something on the client's thread, and waits for it, unless that thread has come to its end.
    private func performAndWait(_ work: @escaping @Sendable () -> Void) {
        let bell = DispatchSemaphore(value: 0)
        client.perform {
            work()
            bell.signal()
        }
        _ = bell.wait(timeout: .now() + .milliseconds(Int(JetStreamLog.asideMilliseconds)))
    }

    /// Hears of queues that others empty.
    public func followEmptying(_ hear: @escaping @Sendable (_ target: String, _ givingUp: Bool) -> Void) {
        emptied.withLock { $0.hear = hear }
    }

    /// Lets go of what a queue has in hand but `kept`, and comes back when the other relay is done.
    public func standAside(_ target: String, except kept: Set<EventNumber>) {
        guard let queue = board.queue(named: target) else { return }
        performAndWait { [self] in
            for share in entries[queue]?.shares ?? [] { decide(share) { $0.standAside(except: kept, &$1) } }
        }
        while emptied.withLock({ $0.others[queue] ?? 0 }) > steady() { usleep(JetStreamLog.lookMicroseconds) }
        performAndWait { [self] in
            for share in entries[queue]?.shares ?? [] { decide(share) { $0.comeBack(now: steady(), &$1) } }
        }
    }
}
