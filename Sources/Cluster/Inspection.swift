import CPlatform
import Glibc
import NATS
import Spool
import Synchronization

/// A look at the brokers that changes nothing there.
public enum Inspection {
    /// How long they may take to answer, in milliseconds, and how soon they are asked again.
    private static let patienceMilliseconds: Int64 = 10_000
    private static let pauseMicroseconds: UInt32 = 200_000

    /// What there is to be said of the stream and its brokers. Blocks.
    /// - Throws: `SpoolError.elsewhere` if none of the brokers answers.
    public static func concerns(_ settings: ClusterSettings) throws(SpoolError) -> [DurabilityConcern] {
        let owner = Onlooker()
        do throws(NATSFault) {
            let client = try Client(settings.client)
            guard client.start(owner: owner) else { throw NATSFault(.later, "the process may have no more threads") }
            defer { client.stop() }
            return try look(client, settings, owner)
        } catch {
            let fault = owner.fault ?? error
            // They are there, and don't let the relay do what it must.
            if fault.kind == .ours { return [.notAllowed(fault.reason)] }
            throw .elsewhere(reason: "the brokers: \(fault.reason)")
        }
    }

    private static func look(
        _ client: Client, _ settings: ClusterSettings, _ owner: Onlooker
    ) throws(NATSFault) -> [DurabilityConcern] {
        let stream = Subjects(name: settings.name).eventStream
        let end = hs_monotonic_ns() / 1_000_000 + patienceMilliseconds
        while true {
            do throws(NATSFault) {
                let answer = try JetStreamAPI.answer(client.call(JetStreamAPI.stream(stream), []))
                return DurabilityConcern.all(
                    of: APIAnswer(root: answer), wanted: settings.replicas, server: owner.server)
            } catch {
                if error.code == NATSFault.streamNotFound {
                    // Who may not ask for the account's limits can still be told the rest.
                    let account = try? JetStreamAPI.answer(client.call(JetStreamAPI.account, []))
                    return DurabilityConcern.all(
                        before: stream, of: settings, server: owner.server, account: account.map(APIAnswer.init))
                }
                guard error.kind != .ours, hs_monotonic_ns() / 1_000_000 < end else { throw error }
                usleep(pauseMicroseconds)
            }
        }
    }
}

/// Who only remembers which broker is there, or why none is.
final class Onlooker: ClientOwner {
    private let last = Mutex<(server: ServerInfo?, fault: NATSFault?)>((nil, nil))

    var fault: NATSFault? { last.withLock { $0.fault } }
    var reason: String? { fault?.reason }
    var server: ServerInfo? { last.withLock { $0.server } }

    func connected(to server: ServerInfo) { last.withLock { $0 = (server, nil) } }
    func disconnected(_ fault: NATSFault) { last.withLock { $0.fault = fault } }
    func denied(_ denial: Denial) {}
    func received(_ message: Message) {}
    func receivedAll() {}
    func tick(now: Int64) {}
}
