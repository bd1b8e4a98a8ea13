import Dispatch
import Spool
import Synchronization

/// Where requests go whose signature failed, if their source says so: written and synced on a queue of its own, many at once.
/// May be used from any thread but its own queue.
///
/// Unchecked: `files` is touched on `queue` alone; the rest is guarded.
final class Quarantine: @unchecked Sendable {
    /// What waits to be written has no more, in bytes. Past it requests are refused and not kept.
    static let waitingLimitBytes = 16 << 20
    /// Requests listed in one answer.
    static let pageLimit = 1000

    private struct Waiting {
        var payloads: [[UInt8]] = []
        var bytes = 0
        var answers: [@Sendable () -> Void] = []
    }

    /// How much there is.
    struct Status {
        var requests: Int
        var bytes: Int
        /// Those that could not be kept since the start, or had to make room.
        var dropped: Int
    }

    private let queue = DispatchQueue(label: "hookswitch.quarantine")
    private let waiting = Mutex(Waiting())
    private let lost = Atomic(0)
    private var files: QuarantineFiles
    private let notice: @Sendable (String, KeyValuePairs<String, String>) -> Void

    /// Opens what a spool keeps. `notice` tells the log what could not be kept.
    init(spool: String, notice: @escaping @Sendable (String, KeyValuePairs<String, String>) -> Void) throws(SpoolError)
    {
        files = try QuarantineFiles(spool: spool)
        self.notice = notice
    }

    /// Keeps requests, then answers: `answer` is called, on another thread, when they are durable or can't be kept.
    func keep(_ requests: [QuarantinedRequest], answer: @escaping @Sendable () -> Void) {
        let payloads = requests.map(\.encoded)
        let bytes = payloads.reduce(0) { $0 + $1.count }
        let (isTaken, isFirst) = waiting.withLock { waiting in
            guard waiting.bytes + bytes <= Quarantine.waitingLimitBytes else { return (false, false) }
            waiting.payloads += payloads
            waiting.bytes += bytes
            waiting.answers.append(answer)
            return (true, waiting.answers.count == 1)
        }
        if !isTaken {
            lost.add(requests.count, ordering: .relaxed)
            return answer()
        }
        if isFirst { queue.async { self.write() } }
    }

    private func write() {
        let batch = waiting.withLock { waiting in
            defer { waiting = Waiting() }
            return waiting
        }
        let before = files.dropped
        do throws(SpoolError) {
            let numbers = try files.append(batch.payloads)
            lost.add(numbers.count { $0 == nil }, ordering: .relaxed)
        } catch {
            lost.add(batch.payloads.count, ordering: .relaxed)
            notice("requests with a wrong signature could not be kept", ["reason": error.described])
        }
        if files.dropped > before {
            notice(
                "the quarantine is full: its oldest requests made room",
                ["dropped": String(files.dropped - before)])
        }
        for answer in batch.answers { answer() }
    }

    var status: Status {
        queue.sync {
            Status(
                requests: files.count, bytes: files.bytes, dropped: files.dropped + lost.load(ordering: .relaxed))
        }
    }

    /// What is kept behind a number, in order, a page of it.
    func page(after number: UInt64) throws(SpoolError) -> [(number: UInt64, request: QuarantinedRequest)] {
        try on { files throws(SpoolError) in
            var page: [(UInt64, QuarantinedRequest)] = []
            for kept in files.numbers.drop(while: { $0 <= number }).prefix(Quarantine.pageLimit) {
                if let request = try files.payload(kept).flatMap(QuarantinedRequest.init) {
                    page.append((kept, request))
                }
            }
            return page
        }
    }

    /// What is kept under a number.
    func request(_ number: UInt64) throws(SpoolError) -> QuarantinedRequest? {
        try on { files throws(SpoolError) in try files.payload(number).flatMap(QuarantinedRequest.init) }
    }

    /// Lets go of requests; durable when it returns. Answers those that there were.
    func remove(_ numbers: [UInt64]) throws(SpoolError) -> [UInt64] {
        try on { files throws(SpoolError) in
            let present = Set(files.numbers)
            let removed = numbers.filter { present.contains($0) }
            try files.remove(removed)
            return removed
        }
    }

    private func on<Result>(_ work: (inout QuarantineFiles) throws(SpoolError) -> Result) throws(SpoolError) -> Result {
        let result: Swift.Result<Result, SpoolError> = queue.sync {
            do throws(SpoolError) { return .success(try work(&files)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
