import CPlatform
import Dispatch
import Spool
import Synchronization

/// Delivers what the log owes to every configured target. Each target has a worker with a serial queue of its own;
/// none of them waits for another. All methods may be called from any thread.
public final class DeliveryEngine: Sendable {
    /// Why the engine could not be made.
    public struct StartError: Error, Sendable {
        /// The reason, for people.
        public var reason: String
    }

    /// How long stopped attempts may take to end after the grace, in seconds.
    public static let stopSeconds = 5

    /// For how long a failure waits whose line could not be written, or whose record was not taken, in milliseconds.
    public static let unwrittenFailureWaitMilliseconds: Int64 = 60_000

    /// On how many queues targets decide at the most, however many processors there are.
    static let queues = 4

    private let log: any EventLog
    private let reporter: Reporter
    private let options: DeliveryOptions
    private let transfers: TransferLoop
    private let commands: CommandLoop
    private let files: SharedFiles
    /// What is told of attempts; whoever else has a part in an event's way tells it here too.
    public let spans: SpanExporter
    private let pool: [DispatchQueue]
    private let state = Mutex(State())

    private struct State {
        var workers: [QueueID: Running] = [:]
        /// Those that end what they have under way, in order: the log takes one receiver of a queue at a time.
        var leaving: [QueueID: [TargetWorker]] = [:]
        var isStopping = false
    }

    private struct Running {
        var worker: TargetWorker
        var settings: TargetSettings
    }

    /// An engine without targets: `apply` gives it some. Throws if the process lacks descriptors or threads for its loops.
    public init(log: any EventLog, reporter: Reporter, options: DeliveryOptions) throws(StartError) {
        guard let transfers = TransferLoop.started() else {
            throw StartError(reason: "libcurl's loop can't be started: out of descriptors, threads or memory")
        }
        guard let commands = CommandLoop.started() else {
            throw StartError(reason: "the commands' loop can't be started: out of descriptors, threads or memory")
        }
        self.log = log
        self.reporter = reporter
        // A crash in between repeats a delivery; the other way round it would leave one of which nothing tells.
        log.beforeOutcomes { reporter.flush() }
        self.options = options
        files = SharedFiles(notify: options.notify)
        self.transfers = transfers
        spans = SpanExporter(transfers, options)
        self.commands = commands
        // Workers share a few serial queues: a thousand of them must not mean a thousand threads, and threads without a
        // processor of their own only change places.
        pool = (0..<min(DeliveryEngine.queues, Int(hs_processors()))).map {
            DispatchQueue(label: "hookswitch.targets.\($0)")
        }
    }

    /// Works for exactly these targets from now on: new ones begin, changed ones go on by their new settings, those that are
    /// missing end what they have under way and give the rest back to the log, where it stays. `memories`, by name, say how
    /// those that begin stood before.
    public func apply(_ targets: [TargetSettings], remembering memories: [String: TargetMemory] = [:]) {
        state.withLock { state in
            guard !state.isStopping else { return }
            var gone = state.workers
            for target in targets {
                let running = gone.removeValue(forKey: target.queue)
                if let running, running.settings.isSameKind(as: target) {
                    running.worker.update(target)
                    state.workers[target.queue]?.settings = target
                } else {
                    if let running { dismiss(running.worker, &state) }
                    let worker = makeWorker(target, remembering: memories[target.name] ?? TargetMemory())
                    state.workers[target.queue] = Running(worker: worker, settings: target)
                    if let former = state.leaving[target.queue]?.last {
                        former.stop { self.begin(worker) }
                    } else {
                        begin(worker)
                    }
                }
            }
            for (queue, running) in gone {
                state.workers[queue] = nil
                dismiss(running.worker, &state)
            }
        }
    }

    /// Starts nothing more, lets what is under way end for at most `grace`, stops the rest, hands back what was not
    /// delivered, writes all records. Blocks; not to be called on a dispatch queue. The engine is of no use afterwards.
    public func stop(grace: Duration) {
        let workers = state.withLock { state in
            state.isStopping = true
            return state.workers.values.map(\.worker) + state.leaving.values.joined()
        }
        let group = DispatchGroup()
        for worker in workers {
            group.enter()
            worker.stop { group.leave() }
        }
        if group.wait(timeout: .now() + .milliseconds(Int(clamping: grace.milliseconds))) == .timedOut {
            for worker in workers { worker.cancel() }
            _ = group.wait(timeout: .now() + .seconds(DeliveryEngine.stopSeconds))
        }
        spans.finish()
        transfers.submit(.stop)
        commands.submit(.stop)
        reporter.flush()
    }

    /// Lines that were left out of the audit log since the start, mostly for want of room on the disk.
    public var auditLinesLeftOut: Int { reporter.auditLinesLeftOut }

    /// How every target stands, by name.
    public func status() -> [TargetStatus] {
        let workers = state.withLock { $0.workers.values.map(\.worker) }
        return workers.map { $0.currentStatus() }.sorted { $0.name < $1.name }
    }

    /// Lets a target's queue wait, or go on: the word given last counts, by hand or by configuration, over restarts. False
    /// if there is no such target. It holds when this returns; not to be called on a target's queue.
    @discardableResult
    public func setPaused(_ name: String, _ paused: Bool) -> Bool {
        let worker = worker(named: name)
        worker?.setPaused(paused)
        return worker != nil
    }

    /// Whether the configuration has a target's queue wait; `nil` if there is no such target.
    public func isConfiguredPaused(_ name: String) -> Bool? {
        state.withLock { $0.workers.values.first { $0.worker.name == name }?.settings.paused }
    }

    /// Tries deliveries at once that a target has in hand, waiting for their retry. Those that it has not come from the log.
    public func hurry(_ deliveries: [DeliveryID]) {
        let workers = state.withLock { $0.workers }
        for (queue, events) in Dictionary(grouping: deliveries, by: \.queue) {
            workers[queue]?.worker.hurry(events.map(\.event))
        }
    }

    /// Opens all files anew: somebody has moved them (SIGHUP).
    public func reopenFiles() {
        reporter.reopenFiles()
        for running in state.withLock({ $0.workers.values }) { running.worker.reopenFiles() }
    }

    /// The worker of a configured target.
    func worker(named name: String) -> TargetWorker? {
        state.withLock { $0.workers.values.first { $0.worker.name == name }?.worker }
    }

    private func makeWorker(_ settings: TargetSettings, remembering memory: TargetMemory) -> TargetWorker {
        TargetWorker(
            settings, remembering: memory, log: log, reporter: reporter, options: options,
            spans: spans, on: pool[Int(settings.queue.rawValue) % pool.count])
    }

    /// Lets a worker end what it has under way.
    private func dismiss(_ worker: TargetWorker, _ state: inout State) {
        state.leaving[worker.id, default: []].append(worker)
        worker.stop { self.state.withLock { $0.leaving[worker.id]?.removeAll { $0 === worker } } }
    }

    private func begin(_ worker: TargetWorker) {
        worker.start { [transfers, commands, files, options] settings, sink in
            switch settings.kind {
            case .http where ParcelTransport.isNeeded(for: settings):
                ParcelTransport(settings, loop: transfers, options: options, sink: sink)
            case .http: HTTPTransport(settings, loop: transfers, options: options, sink: sink)
            case .file: FileTransport(settings, shared: files, sink: sink)
            case .command(let command) where command.isStream:
                StreamTransport(settings, loop: commands, options: options, sink: sink)
            case .command: CommandTransport(settings, loop: commands, options: options, sink: sink)
            }
        }
    }
}

extension TargetSettings {
    /// Whether a worker can go on by these settings: the same kind of place, ordered as before.
    fileprivate func isSameKind(as other: TargetSettings) -> Bool {
        guard name == other.name, order == other.order,
            ParcelTransport.isNeeded(for: self) == ParcelTransport.isNeeded(for: other),
            (batch == nil) == (other.batch == nil)
        else { return false }
        switch (kind, other.kind) {
        case (.http, .http), (.file, .file): return true
        case (.command(let one), .command(let another)): return one.isStream == another.isStream
        default: return false
        }
    }
}
