import Delivery
import EventJSON
import Spool

/// What operators do to whole queues. Each can be said twice to the same end, works on bitmaps or in parts and not on lists
/// of all, and counts without doing anything on a dry run.
extension Operations {
    /// What became of one target.
    private struct QueueResult {
        var target: String
        var result: String
        /// The deliveries that it is about.
        var count: Int
        /// Whether the target is as was asked.
        var isDone = true
    }

    /// Lets queues wait until they are resumed, over restarts.
    func pause(_ request: QueueRequest, to writer: inout JSONWriter) throws(SpoolError) {
        try setPaused(true, request, to: &writer)
    }

    /// Lets queues go on.
    func resume(_ request: QueueRequest, to writer: inout JSONWriter) throws(SpoolError) {
        try setPaused(false, request, to: &writer)
    }

    /// Where others share the log, they are told first: if that can't be done, nothing is.
    private func setPaused(
        _ paused: Bool, _ request: QueueRequest, to writer: inout JSONWriter
    ) throws(SpoolError) {
        for name in request.targets where !request.isDryRun {
            guard let words = log.words, let configured = engine.isConfiguredPaused(name) else { continue }
            try words.give(QueueWord(isPaused: paused, overConfigured: configured), of: name)
        }
        let stood = Dictionary(engine.status().map { ($0.name, $0.paused) }) { one, _ in one }
        let results = results(of: request) { queue in
            guard let before = stood[queue.name] else {
                return QueueResult(
                    target: queue.name, result: "is not configured: nothing is delivered to it", count: queue.waiting,
                    isDone: false)
            }
            if !request.isDryRun { engine.setPaused(queue.name, paused) }
            let done = paused ? "paused" : "goes on"
            let result =
                before == paused
                ? (paused ? "was paused already" : "was not paused") : request.isDryRun ? "would be: \(done)" : done
            return QueueResult(target: queue.name, result: result, count: queue.waiting)
        }
        memories.flush()
        Operations.write(results, request, to: &writer)
    }

    /// Gives up all that waits. What is under way ends as it ends and is not tried again.
    func drop(_ request: QueueRequest, to writer: inout JSONWriter) throws(SpoolError) {
        var results: [QueueResult] = []
        for (name, queue) in known(request.targets) {
            guard let queue else {
                results.append(unknown(name))
                continue
            }
            guard !request.isDryRun else {
                results.append(QueueResult(target: name, result: "would be dropped", count: queue.waiting))
                continue
            }
            let sweep = try engine.emptying(name, givingUp: true) { kept throws(SpoolError) in
                try log.giveUp(queue.id, except: kept) { deliveries throws(SpoolError) in
                    try writeDropped(deliveries, of: name)
                }
            }
            if let first = sweep.first, let last = sweep.last {
                reporter.audit([.dropped(sweep.count, of: name, from: first, to: last, at: now())])
                notice(
                    "dropped by hand",
                    ["target": name, "deliveries": "\(sweep.count)", "events": "\(first) to \(last)"])
            }
            results.append(
                QueueResult(target: name, result: sweep.count > 0 ? "dropped" : "nothing waits", count: sweep.count))
        }
        Operations.write(results, request, to: &writer)
    }

    /// Writes the lines of what is about to be dropped: what can't be told of stays owed.
    private func writeDropped(_ deliveries: [GivenUpDelivery], of target: String) throws(SpoolError) {
        let now = self.now()
        let records = deliveries.map { delivery in
            let stored = try? log.event(delivery.event)
            let attributes = stored.flatMap { try? EventAttributes(decoding: $0.attributes) }
            return AttemptRecord.dropped(delivery, attributes ?? EventAttributes(), of: target, at: now)
        }
        guard reporter.dropped(records) else {
            throw .unwritten(reason: "failures.ndjson can't be written: what is not in it was not dropped")
        }
    }

    /// Gives all that waits for some targets to another. What is under way stays where it is.
    func move(_ request: QueueRequest, to writer: inout JSONWriter) throws(SpoolError) {
        let destination = request.to ?? ""
        guard let to = log.status().queues.first(where: { $0.name == destination }),
            engine.status().contains(where: { $0.name == destination })
        else {
            var result = unknown(destination)
            result.result = "is where nothing can be moved: \(result.result)"
            return Operations.write([result], request, to: &writer)
        }
        var results: [QueueResult] = []
        for (name, queue) in known(request.targets) {
            guard let queue, name != destination else {
                results.append(
                    queue == nil
                        ? unknown(name) : QueueResult(target: name, result: "is the same", count: 0, isDone: false))
                continue
            }
            guard !request.isDryRun else {
                results.append(
                    QueueResult(target: name, result: "would be moved to \(destination)", count: queue.waiting))
                continue
            }
            let sweep = try engine.emptying(name, givingUp: false) { kept throws(SpoolError) in
                try log.move(queue.id, to: to.id, except: kept)
            }
            if sweep.count > 0 {
                notice("moved by hand", ["target": name, "to": destination, "deliveries": "\(sweep.count)"])
            }
            results.append(
                QueueResult(
                    target: name, result: sweep.count > 0 ? "moved to \(destination)" : "nothing waits",
                    count: sweep.count))
        }
        Operations.write(results, request, to: &writer)
    }

    private func known(_ names: [String]) -> [(name: String, queue: SpoolStatus.Queue?)] {
        let queues = Dictionary(log.status().queues.map { ($0.name, $0) }) { one, _ in one }
        return names.map { ($0, queues[$0]) }
    }

    private func results(
        of request: QueueRequest, _ change: (SpoolStatus.Queue) -> QueueResult
    ) -> [QueueResult] {
        known(request.targets).map { name, queue in queue.map(change) ?? unknown(name) }
    }

    private func unknown(_ name: String) -> QueueResult {
        let near = Spelling.nearest(to: name, in: log.status().queues.map(\.name))
        return QueueResult(
            target: name, result: "there is no such target\(near.map { ": did you mean \"\($0)\"?" } ?? "")", count: 0,
            isDone: false)
    }

    private static func write(_ results: [QueueResult], _ request: QueueRequest, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("dry_run", request.isDryRun)
            writer.member("results") { writer in
                writer.array { writer in
                    for result in results {
                        writer.object {
                            $0.member("target", result.target)
                            $0.member("result", result.result)
                            $0.member("deliveries", result.count)
                            $0.member("done", result.isDone)
                        }
                    }
                }
            }
        }
    }
}
