import CPlatform
import NATS
import Spool

/// The lines of the relays' records of attempts: streams of their own, which no event waits for.
extension JetStreamLog {
    /// The part of `spool.max_size` that each of the two streams may hold: a twentieth.
    private static let sizeDivisor = 20
    /// How long the brokers have to take lines, in milliseconds, before their publisher is told that they did not.
    private static let recordMilliseconds: Int64 = 30_000
    /// What a message takes beside its lines, in bytes.
    private static let headersBytes = 1 << 10
    static let relayHeader = "Hookswitch-Relay"
    private static let placeHeader = "Hookswitch-Place"

    /// Makes the stream of a kind, or gives it these settings. Blocks; not on the client's thread.
    /// - Throws: `SpoolError.elsewhere` with the reason.
    public func prepare(_ kind: RecordKind) throws(SpoolError) {
        var stream = StreamSettings(
            name: subjects.recordStream(kind), subjects: [subjects.records(kind)], replicas: settings.replicas)
        stream.maxAge = settings.retain.wholeMilliseconds * 1_000_000
        stream.maxBytes = settings.maxSizeBytes / JetStreamLog.sizeDivisor
        stream.discardsOld = true
        try prepare(stream)
    }

    func prepare(_ stream: StreamSettings) throws(SpoolError) {
        do throws(NATSFault) { try make(stream) } catch {
            throw .elsewhere(reason: "the stream \(stream.name) can't be made: \(error.reason)")
        }
    }

    /// Up to which place of its file a relay's lines have come; `nil` if the stream has none of them. Blocks; not on the
    /// client's thread.
    /// - Throws: `SpoolError.elsewhere` with the reason.
    public func lastPlace(_ kind: RecordKind, of relay: RelayIdentity) throws(SpoolError) -> String? {
        do throws(NATSFault) {
            let last = try client.message(
                .last(of: subjects.records(kind, of: relay)), of: subjects.recordStream(kind))
            return last?.message.headers?[JetStreamLog.placeHeader]
        } catch {
            throw .elsewhere(reason: "the stream \(subjects.recordStream(kind)) can't be read: \(error.reason)")
        }
    }

    /// The most lines that one message may hold, in bytes.
    public var recordLimitBytes: Int {
        max(0, (board.server?.payloadLimitBytes ?? 0) - JetStreamLog.headersBytes)
    }

    /// Publishes lines that end at a place of the relay's file. The same lines at the same place once more are the same message, for as long
    /// as the stream remembers it. Calls back on the client's thread: `nil` once they are stored, else the reason why they are not.
    public func publish(
        _ lines: [UInt8], of kind: RecordKind, by relay: RelayIdentity, upTo place: String,
        _ done: @escaping @Sendable (String?) -> Void
    ) {
        let number = nextMessage.add(1, ordering: .relaxed).oldValue
        var writer = ProtocolWriter()
        writer.reserve(lines.count + JetStreamLog.headersBytes)
        let headers = [
            ("Nats-Msg-Id", "\(relay.id)-\(place)-\(lines.withUnsafeBytes { hs_crc32c(0, $0.baseAddress, $0.count) })"),
            (JetStreamLog.relayHeader, relay.name),
            (JetStreamLog.placeHeader, place),
        ]
        writer.publish(
            subjects.records(kind, of: relay), reply: "\(client.inbox).p.\(number)", headers: headers,
            payloadCount: lines.count
        ) { $0 += lines }
        let bytes = writer.bytes
        client.perform { [self] in
            let round = Publisher.Round(
                bytes, ends: [bytes.count], first: number, deadline: steady() + JetStreamLog.recordMilliseconds
            ) { round, _ in
                switch round.answers[0] {
                case .stored, .repeated: done(nil)
                case .refused(let fault): done(fault.reason)
                case nil: done("the brokers did not say whether they have it")
                }
            }
            publisher.publish(round, now: steady()) { client.send($0) }
        }
    }
}
