import Dispatch
import EventJSON
import HTTPServer
import Spool
import Synchronization

/// What became of one request in quarantine.
struct QuarantineResult: Sendable {
    var text: String
    var isDone: Bool
    /// The event that it has become.
    var event: Int?
}

/// Lets requests out of the quarantine: each goes the way of any other, by the configuration of now, and leaves the quarantine
/// when its event is durable. A kill between the two makes it come twice, never not at all.
/// May be used from any thread but the door's.
struct QuarantineRelease: Sendable {
    /// How long the door may take for one.
    private static let patienceSeconds = 30

    let quarantine: Quarantine
    /// One of the door's loops, whose handlers are `Acceptor`s.
    let door: EventLoop

    /// Releases one request, or says why not; `isForced` although its signature still fails.
    func release(_ number: UInt64, _ isForced: Bool) throws(SpoolError) -> QuarantineResult {
        guard let kept = try quarantine.request(number) else { return .absent }
        let answer = Answer()
        let release = Release(kept, isForced: isForced) { answer.give($0) }
        door.performWithHandler { handler in (handler as? Acceptor)?.take(release) }
        guard let response = answer.wait(seconds: QuarantineRelease.patienceSeconds) else {
            return QuarantineResult(text: "the door does not answer; try again", isDone: false)
        }
        let root: JSONValue?
        do throws(JSONSyntaxError) { root = try JSONDocument(response.body).root } catch { root = nil }
        guard (200...299).contains(response.status), let event = root?[key: "event"]?.integer else {
            let error = root?[key: "error"]?.string ?? "it was answered \(response.status)"
            return QuarantineResult(text: "still refused: \(error)", isDone: false)
        }
        _ = try quarantine.remove([number])
        let isRepetition = root?[key: "duplicate_of"] != nil
        return QuarantineResult(
            text: isRepetition ? "a repetition of event \(event)" : "accepted as event \(event)", isDone: true,
            event: event)
    }

    /// Lets go of one request for good.
    func discard(_ number: UInt64) throws(SpoolError) -> QuarantineResult {
        try quarantine.remove([number]).isEmpty ? .absent : QuarantineResult(text: "discarded", isDone: true)
    }
}

extension QuarantineResult {
    fileprivate static let absent = QuarantineResult(text: "there is nothing under this number", isDone: false)
}

/// An answer that one thread waits for and another gives.
private final class Answer: Sendable {
    private let response = Mutex<Response?>(nil)
    private let isThere = DispatchSemaphore(value: 0)

    func give(_ response: Response) {
        self.response.withLock { $0 = response }
        isThere.signal()
    }

    func wait(seconds: Int) -> Response? {
        guard isThere.wait(timeout: .now() + .seconds(seconds)) == .success else { return nil }
        return response.withLock { $0 }
    }
}
