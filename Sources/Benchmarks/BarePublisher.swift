import CPlatform
import Dispatch
import Foundation
import NATS
import Platform

/// The least that storing in a stream costs: the client alone, with so many messages under way at once, each of them stored by
/// a majority before it counts. It runs in a process of its own, which prints how many a second were stored.
///
/// Unchecked: what is mutable belongs to the client's thread, until `isOver` is told of.
final class BarePublisher: ClientOwner, @unchecked Sendable {
    static let name = "bare-publisher"

    private let client: Client
    private let subject: String
    private let payload: [UInt8]
    private let inFlight: Int
    private let seconds: Double
    private let salt = String(UInt64.random(in: .min ... .max), radix: 36)
    private var next = 0
    private var stored = 0
    private var beganAt: Int64 = 0
    private var isStopped = false
    /// What waits to be sent when all that came at once was looked at.
    private var writer = ProtocolWriter()
    /// Why a message was refused: then what was stored says nothing of what could have been.
    private var refusal: NATSFault?
    private let isOver = DispatchSemaphore(value: 0)

    /// `bare-publisher URL SUBJECT BYTES IN-FLIGHT SECONDS`
    static func run(_ arguments: ArraySlice<String>) throws {
        let arguments = Array(arguments)
        guard arguments.count == 5, let address = ServerAddress(arguments[0]), let bytes = Int(arguments[2]),
            let inFlight = Int(arguments[3]), let seconds = Double(arguments[4])
        else { throw BenchmarkFault("usage: \(name) URL SUBJECT BYTES IN-FLIGHT SECONDS") }
        let publisher = try BarePublisher(
            ClientSettings(servers: [address], name: name), subject: arguments[1], bytes: bytes, inFlight: inFlight,
            seconds: seconds)
        guard publisher.client.start(owner: publisher),
            publisher.isOver.wait(timeout: .now() + seconds + 30) == .success
        else { throw BenchmarkFault("the brokers do not answer") }
        if let refusal = publisher.refusal { throw BenchmarkFault("a message was refused: \(refusal)") }
        StandardStream.output.write("\(Double(publisher.stored) / seconds)\n")
    }

    /// Runs the part on a core; answers messages a second.
    static func measure(
        _ url: String, subject: String, bytes: Int, inFlight: Int, seconds: Int, core: Int
    ) throws -> Double {
        try Part.perSecond([name, url, subject, "\(bytes)", "\(inFlight)", "\(seconds)"], core: core)
    }

    private init(_ settings: ClientSettings, subject: String, bytes: Int, inFlight: Int, seconds: Double) throws {
        client = try Client(settings)
        self.subject = subject
        payload = [UInt8](repeating: 0x61, count: bytes)
        self.inFlight = inFlight
        self.seconds = seconds
    }

    func connected(to server: ServerInfo) {
        beganAt = hs_monotonic_ns()
        for _ in 0..<inFlight { publish() }
        receivedAll()
    }

    func denied(_ denial: Denial) {}
    func disconnected(_ fault: NATSFault) { StandardStream.error.write("\(fault)\n") }

    func received(_ message: Message) {
        guard !isStopped else { return }
        if case .refused(let fault) = PublishAnswer(message) {
            refusal = fault
            isStopped = true
            isOver.signal()
            return
        }
        stored += 1
        publish()
    }

    func receivedAll() {
        client.send(writer.bytes)
        writer = ProtocolWriter()
    }

    func tick(now: Int64) {
        guard beganAt > 0, !isStopped, Double(hs_monotonic_ns() - beganAt) / 1e9 >= seconds else { return }
        isStopped = true
        isOver.signal()
    }

    private func publish() {
        next += 1
        writer.publish(
            subject, reply: "\(client.inbox).p.\(next)", headers: [("Nats-Msg-Id", "\(salt)-\(next)")],
            payloadCount: payload.count
        ) { $0 += payload }
    }
}
