import Dispatch
import Synchronization

extension Client {
    /// Asks one subject many things at once and waits for all answers, which stand in the order of the questions. From any
    /// thread but the client's.
    func callAll(_ subject: String, _ payloads: [[UInt8]]) -> [Result<Message, NATSFault>] {
        guard !payloads.isEmpty else { return [] }
        let missing: Result<Message, NATSFault> = .failure(NATSFault(.later, "no answer"))
        let answers = Answers(Array(repeating: missing, count: payloads.count))
        perform { [self] in
            for (index, payload) in payloads.enumerated() {
                request(subject, payload) { answers.give($0, at: index) }
            }
        }
        return answers.wait()
    }
}

/// Answers on their way from the client's thread to one that waits for all of them.
private final class Answers: Sendable {
    private let bell = DispatchSemaphore(value: 0)
    private let state: Mutex<(results: [Result<Message, NATSFault>], left: Int)>

    init(_ results: [Result<Message, NATSFault>]) { state = Mutex((results, results.count)) }

    func give(_ result: Result<Message, NATSFault>, at index: Int) {
        let isLast = state.withLock { state in
            state.results[index] = result
            state.left -= 1
            return state.left == 0
        }
        if isLast { bell.signal() }
    }

    func wait() -> [Result<Message, NATSFault>] {
        bell.wait()
        return state.withLock { $0.results }
    }
}
