import CPlatform
import Dispatch
import Synchronization

/// A request that waits for its answer.
struct PendingRequest {
    var subject: String
    var deadline: Int64
    var done: @Sendable (Result<Message, NATSFault>) -> Void
}

/// Requests and their answers.
extension Client {
    /// How long an answer is waited for, in milliseconds.
    public static let requestMilliseconds: Int64 = 5_000

    /// Asks, and calls back on the client's thread with the answer, or why there is none. On the client's thread.
    public func request(
        _ subject: String, _ payload: [UInt8], headers: [(name: String, value: String)] = [],
        milliseconds: Int64 = Client.requestMilliseconds,
        _ done: @escaping @Sendable (Result<Message, NATSFault>) -> Void
    ) {
        let id = nextRequest
        nextRequest += 1
        var writer = ProtocolWriter()
        let reply = requestPrefix + String(id)
        if headers.isEmpty {
            writer.publish(subject, reply: reply, payload)
        } else {
            writer.publish(subject, reply: reply, headers: headers, payloadCount: payload.count) { $0 += payload }
        }
        guard send(writer.bytes) else { return done(.failure(NATSFault(.later, "no broker can be reached"))) }
        requests[id] = PendingRequest(
            subject: subject, deadline: hs_monotonic_ns() / 1_000_000 + milliseconds, done: done)
    }

    /// Asks and waits for the answer. From any thread but the client's.
    /// - Throws: `NATSFault` of the kind `later` without a connection or an answer, `ours` if it may not be asked.
    public func call(
        _ subject: String, _ payload: [UInt8], headers: [(name: String, value: String)] = [],
        milliseconds: Int64 = Client.requestMilliseconds
    ) throws(NATSFault) -> Message {
        let answer = Answer()
        perform { [self] in
            request(subject, payload, headers: headers, milliseconds: milliseconds) { answer.give($0) }
        }
        return try answer.wait().get()
    }

    /// What is to be done with a message that answers a request; `nil` if it is none.
    func answer(_ message: Message) -> (() -> Void)? {
        guard message.subject.hasPrefix(requestPrefix),
            let id = UInt64(Substring(message.subject.utf8.dropFirst(requestPrefix.utf8.count)))
        else { return nil }
        guard let request = requests.removeValue(forKey: id) else { return {} }
        if message.status == 503 {
            return {
                request.done(.failure(NATSFault(.later, "nobody answers: JetStream has no leader, or is not enabled")))
            }
        }
        return { request.done(.success(message)) }
    }

    func expireRequests(now: Int64) {
        for (id, request) in requests where request.deadline <= now {
            requests[id] = nil
            request.done(.failure(NATSFault(.later, "the brokers did not answer in time")))
        }
    }

    /// Ends the requests that may not be made.
    func failRequests(denied denial: Denial) {
        guard denial.act == .publish else { return }
        for (id, request) in requests where request.subject == denial.subject {
            requests[id] = nil
            request.done(.failure(denial.fault))
        }
    }

    func failRequests(_ fault: NATSFault) {
        let failed = requests.values
        requests = [:]
        for request in failed { request.done(.failure(fault)) }
    }
}

/// An answer on its way from the client's thread to one that waits.
private final class Answer: Sendable {
    private let bell = DispatchSemaphore(value: 0)
    private let result = Mutex<Result<Message, NATSFault>?>(nil)

    func give(_ result: Result<Message, NATSFault>) {
        self.result.withLock { $0 = result }
        bell.signal()
    }

    func wait() -> Result<Message, NATSFault> {
        bell.wait()
        return result.withLock { $0 } ?? .failure(NATSFault(.later, "no answer"))
    }
}
