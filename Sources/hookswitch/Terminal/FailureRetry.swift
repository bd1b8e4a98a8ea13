import EventJSON
import Platform
import Relay

/// `hookswitch retry --failed`: all that was given up, in parts where it is much, so that it can be said how far it is.
struct FailureRetry {
    /// Deliveries of one request.
    private static let part = 10_000
    /// Results listed at most; the count is of all.
    private static let listedResults = 1000

    private let daemon: ControlSocket
    private let isDryRun: Bool
    private var retried = 0
    private var heldUp = 0
    private var results: [(delivery: String, result: String)] = []

    init(_ daemon: ControlSocket, isDryRun: Bool) {
        self.daemon = daemon
        self.isDryRun = isDryRun
    }

    /// Sends again what one target has given up, or every target.
    mutating func run(target: String?) throws(Failure) {
        let status = try FailureRetry.read(try daemon.ask("/api/v1/status"))
        let failed = (status.root[key: "targets"]?.members ?? [])
            .filter { target == nil || $0.key == target }
            .map { (name: $0.key, count: $0.value[key: "failed"]?.integer ?? 0) }
        if let target, failed.isEmpty {
            throw Failure(
                ExitCode.badData, "there is no target \"\(target)\" that has given anything up",
                hint: "`hookswitch status` lists the targets")
        }
        let total = failed.reduce(0) { $0 + $1.count }
        // Few go at once, and leave one line in the record of operations.
        guard total > FailureRetry.part else {
            _ = try send(request(target))
            return
        }
        var progress = Progress(isDryRun ? "counting" : "sending again", unit: "deliveries")
        defer { progress.end() }
        for queue in failed where queue.count > 0 {
            var after: Int? = 0
            while let start = after {
                after = try send(request(queue.name, after: start))
                progress.show(retried, of: max(total, retried))
            }
        }
    }

    /// Has a part sent; answers where the next one begins, if there may be one.
    private mutating func send(_ request: [UInt8]) throws(Failure) -> Int? {
        let answer = try FailureRetry.read(try daemon.ask("/api/v1/retry", posting: request))
        retried += answer.root[key: "retried"]?.integer ?? 0
        heldUp += answer.root[key: "held_up"]?.integer ?? 0
        for result in answer.root[key: "results"]?.array ?? [] {
            guard results.count < FailureRetry.listedResults else { break }
            results.append((result[key: "delivery"]?.string ?? "", result[key: "result"]?.string ?? ""))
        }
        return answer.root[key: "after"]?.integer
    }

    /// Prints what became of them: one object, or a line each and their number.
    func show(isJSON: Bool) {
        guard isJSON else {
            var text = results.reduce(into: "") { $0 += "\($1.delivery): \($1.result)\n" }
            text += FailureRetry.summary(retried, heldUp: heldUp, isDryRun: isDryRun)
            StandardStream.output.write(text)
            return
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("dry_run", isDryRun)
            writer.member("retried", retried)
            writer.member("held_up", heldUp)
            writer.member("results") { writer in
                writer.array { writer in
                    for one in results {
                        writer.object {
                            $0.member("delivery", one.delivery)
                            $0.member("result", one.result)
                        }
                    }
                }
            }
        }
        writer.endLine()
        StandardStream.output.write(writer.bytes)
    }

    /// How many it was, and how many of them go out later.
    static func summary(_ retried: Int, heldUp: Int, isDryRun: Bool) -> String {
        let waiting = heldUp > 0 ? ", \(heldUp) of them later: their targets let nothing out now" : ""
        return "\(retried) \(isDryRun ? "would be sent again" : "sent again")\(waiting)\n"
    }

    private func request(_ target: String?, after: Int? = nil) -> [UInt8] {
        var writer = JSONWriter()
        writer.object {
            $0.member("failed", true)
            if let target { $0.member("target", target) }
            if let after {
                $0.member("after", after)
                $0.member("limit", FailureRetry.part)
            }
            $0.member("dry_run", isDryRun)
        }
        return writer.bytes
    }

    private static func read(_ answer: [UInt8]) throws(Failure) -> JSONDocument {
        do throws(JSONSyntaxError) { return try JSONDocument(answer) } catch {
            throw Failure(ExitCode.failure, "the daemon's answer can't be read: \(error.message)")
        }
    }
}
