import CPlatform
import Cluster
import Delivery
import Dispatch
import EventJSON
import HTTPServer
import Platform
import Spool
import Synchronization

/// The relay as a whole: the door, the spool, the targets and the operators' listener, joined. May be used from any thread.
public final class Daemon: Sendable {
    /// How long the operators' connections may take to end.
    private static let adminGrace: Duration = .seconds(1)

    let log: Log
    private let notifier: ServiceNotifier
    let spool: any EventLog
    let engine: DeliveryEngine
    private let reporter: Reporter
    private let boards: CurrentBoard
    private let counters = AcceptanceCounters()
    private let reloads = ReloadRecord()
    private let operations: Operations
    private let door: LoopGroup
    private let controls: LoopGroup
    private let identity: CurrentIdentity?
    let memories: TargetMemories
    private let quarantine: Quarantine
    private let failures: FailureRecords
    private let replays: ReplayRunner
    /// `nil` where the spool is a directory.
    private let member: ClusterMember?
    let inForce: Mutex<Configuration>
    private let threads = Mutex<[LoopThread]>([])
    /// Where words of other relays are heeded, one after the other.
    let wordQueue = DispatchQueue(label: "hookswitch.words")

    /// Opens the spool and the sockets; nothing is delivered or accepted yet.
    ///
    /// Taking over, it listens beside the daemon that has the spool, tells that one to end, and waits for the spool.
    /// - Throws: `DaemonError`: the spool is another's or can't be read, an address is taken.
    public init(_ configuration: Configuration, log: Log, notifier: ServiceNotifier, takingOver: Bool = false)
        throws(DaemonError)
    {
        var configuration = configuration
        let notices = Notices(log: log)
        self.log = log
        self.notifier = notifier
        do throws(TLSFault) {
            identity = configuration.tls.isEmpty ? nil : CurrentIdentity(try TLSIdentity(configuration.tls))
        } catch {
            throw DaemonError(error)
        }
        if takingOver {
            (door, controls) = try Daemon.listen(configuration, identity, besideAnother: true, notices)
            spool = try Takeover.log(configuration, log: log, notices)
        } else {
            do throws(SpoolError) { spool = try configuration.openLog(notices) } catch { throw DaemonError(error) }
            (door, controls) = try Daemon.listen(configuration, identity, besideAnother: false, notices)
        }
        do throws(SpoolError) {
            try Daemon.assignQueues(of: spool, to: &configuration)
            quarantine = try Quarantine(spool: configuration.spool.path) { log.write(.warning, $0, $1) }
            let notebook = try Notebook(configuration.spool.path) { [spool] damage in
                // A spool on this disk has counted it, and said so.
                if spool is JetStreamLog { notices.hear(damage, false) }
            }
            let book: any ReplayBook
            if let cluster = spool as? any ClusteredLog {
                let member = try ClusterMember(
                    cluster, notebook: notebook, directory: configuration.spool.path, listening: door.addresses.first
                ) { log.write(.warning, $0, $1) }
                self.member = member
                book = ClusterReplays(cluster, member.identity)
            } else {
                member = nil
                book = NotebookReplays(notebook) { log.write(.warning, $0, $1) }
            }
            replays = ReplayRunner(log: spool, book: book) { log.write(.warning, $0, $1) }
            memories = TargetMemories(notebook) {
                log.write(
                    .error, "what is paused and which breakers are open could not be written", ["reason": $0.described])
            }
        } catch {
            throw DaemonError(error)
        }
        failures = FailureRecords(
            log: spool, retain: configuration.cluster == nil ? nil : configuration.spool.retain,
            now: { hs_wall_ms() }, notify: { notices.hear($0) })
        failures.follow(configuration)
        let directory = configuration.spool.path
        reporter = Reporter(
            directory: directory,
            reserve: AuditReserve(directory: directory, bytes: configuration.spool.auditReserveBytes),
            notify: { notices.hear($0) }, written: { [member] in member?.wake() })
        let options = DeliveryOptions(
            userAgent: "hookswitch/\(hookswitchVersion)", directory: configuration.directory,
            notify: { notices.hear($0) },
            failed: { [failures] in failures.pass($0, $1) },
            remember: { [memories] in memories.remember($0, $1) })
        do throws(DeliveryEngine.StartError) {
            engine = try DeliveryEngine(log: spool, reporter: reporter, options: options)
        } catch {
            throw DaemonError(error)
        }
        boards = CurrentBoard(Switchboard(configuration, queues: configuration.targets.map(\.queue)))
        operations = Operations(
            log: spool, engine: engine, reporter: reporter, memories: memories, replays: replays, counters: counters,
            spool: configuration.spool, member: member, startedAt: hs_wall_ms(),
            notice: { log.write(.warning, $0, $1) }, now: { hs_wall_ms() })
        inForce = Mutex(configuration)
    }

    private static func listen(
        _ configuration: Configuration, _ identity: CurrentIdentity?, besideAnother: Bool, _ notices: Notices
    ) throws(DaemonError) -> (door: LoopGroup, controls: LoopGroup) {
        do throws(ListenError) {
            let door = try LoopGroup(
                configuration.loops ?? Int(hs_processors()), listening: configuration.listen,
                limits: configuration.limits, identity: identity, besideAnother: besideAnother,
                notice: { notices.hear($0) })
            let controls = try LoopGroup(
                1, listening: configuration.admin.map { [ListenerSettings($0)] } ?? [], limits: ServerLimits(),
                besideAnother: besideAnother, notice: { notices.hear($0) })
            try listenForVerbs(controls, at: ListenerSettings(configuration.controlSocket), notices.log)
            return (door, controls)
        } catch {
            throw DaemonError(error)
        }
    }

    private static func assignQueues(of log: any EventLog, to configuration: inout Configuration) throws(SpoolError) {
        try log.keepOrder(of: configuration.targets.compactMap(\.keptOrder))
        for index in configuration.targets.indices {
            configuration.targets[index].queue = try log.queue(named: configuration.targets[index].name)
        }
    }

    /// Where webhooks come in: port 0 has become the one that the kernel chose.
    public var addresses: [ListenAddress] { door.addresses }

    /// Begins to deliver and to accept.
    public func start() throws(DaemonError) {
        let configuration = inForce.withLock { $0 }
        engine.spans.apply(configuration.traces)
        engine.apply(configuration.targets, remembering: remembered(for: configuration))
        overrule(by: configuration)
        followWords()
        followEmptying()
        replays.start()
        member?.start { [operations] in operations.relayNote }
        let access = AdminGuard(token: configuration.adminToken)
        let endpoints = AdminEndpoints(
            operations: operations,
            metrics: Metrics(
                log: spool, engine: engine, counters: counters, reloads: reloads, now: { hs_wall_ms() },
                unrecorded: { [failures] in failures.unrecordedCounts }),
            login: Login(access, now: { hs_wall_ms() }),
            quarantine: QuarantineRelease(quarantine: quarantine, door: door.loops[0]),
            configuration: { self.inForce.withLock { $0 } }, reload: { self.reload(by: $0) })
        let controlThreads = controls.start(name: "admin") { [reporter] loop in
            AdminHandler(loop: loop, endpoints: endpoints, access: access) { reporter.operation($0.line) }
        }
        let doorThreads = door.start(name: "door") { [self] loop in
            Acceptor(
                boards: boards, log: spool, loop: loop, counters: counters, quarantine: quarantine,
                spans: engine.spans, diary: log)
        }
        guard let controlThreads, let doorThreads else { throw DaemonError("the process may have no more threads") }
        threads.withLock { $0 = doorThreads + controlThreads }
        if let interval = notifier.watchdog {
            let loops: [Watchdog.Loop] = (door.loops + controls.loops).map { loop in { loop.perform($0) } }
            Watchdog(loops) { [notifier] in notifier.alive() }.start(within: interval)
        }
        notifier.ready(serviceStatus)
        log.write(
            .info, "ready",
            [
                "listen": door.addresses.map(\.description).joined(separator: " "),
                "admin": controls.addresses.map(\.description).joined(separator: " "),
                "spool": configuration.spoolInWords, "version": hookswitchVersion,
            ])
        hs_forget_startup_code()
    }

    /// Reads the configuration anew and puts it in force if it is right, between two events; else the old one stays. Opens
    /// files anew. Blocks while the file is read. `asker` is noted: a signal's name, or a client.
    @discardableResult
    public func reload(by asker: String) -> ReloadOutcome {
        notifier.reloading()
        defer { notifier.ready(serviceStatus) }
        let outcome = inForce.withLock { configuration in
            let reading = Configuration.read(path: configuration.path)
            guard var new = reading.configuration else { return ReloadOutcome(findings: reading.findings) }
            do throws(SpoolError) { try Daemon.assignQueues(of: spool, to: &new) } catch {
                return ReloadOutcome(findings: reading.findings + [Diagnostic(error)])
            }
            if let identity, !new.tls.isEmpty {
                do throws(TLSFault) {
                    identity.replace(try TLSIdentity(new.tls, continuing: identity.current))
                } catch {
                    return ReloadOutcome(findings: reading.findings + [Diagnostic(error)])
                }
            }
            for change in configuration.changesForNextStart(in: new) {
                log.write(.warning, "a change takes effect at the next start only", ["key": change])
            }
            let changes = configuration.outline.changes(to: new.outline)
            // A target is at work before the first event for it is taken, and after the last one.
            failures.follow(new)
            engine.spans.apply(new.traces)
            engine.apply(new.targets, remembering: remembered(for: new))
            boards.replace(Switchboard(new, queues: new.targets.map(\.queue)))
            configuration = new
            return ReloadOutcome(findings: reading.findings, changes: changes)
        }
        overrule(by: inForce.withLock { $0 })
        hs_give_memory_back()
        engine.reopenFiles()
        reloads.note(outcome.findings, at: hs_wall_ms())
        log.write(outcome)
        reporter.operation(OperationRecord(outcome, by: asker, at: hs_wall_ms()).line)
        warnOfBacklogs(of: outcome.changes.filter { $0.kind == .removed && $0.noun == "target" }.map(\.name))
        return outcome
    }

    /// How the relay is, in one line for the service manager.
    private var serviceStatus: String {
        "listening on " + door.addresses.map(\.description).joined(separator: " ")
    }

    /// What waits for targets that are no longer configured goes on waiting: somebody should know.
    private func warnOfBacklogs(of names: [String]) {
        guard !names.isEmpty else { return }
        for queue in spool.status().queues where names.contains(queue.name) && queue.waiting > 0 {
            log.write(
                .warning, "deliveries wait for a target that is no longer configured",
                [
                    "target": queue.name, "waiting": "\(queue.waiting)",
                    "hint": "hookswitch move \(queue.name) OTHER, or hookswitch drop \(queue.name)",
                ])
        }
    }

    /// Stops accepting, lets what is under way end within the time that the configuration allows, and lets go of the spool.
    /// Handing over, what clients begin meanwhile is turned to the daemon that listens beside this one.
    /// Blocks; the daemon is of no use afterwards.
    public func stop(handingOver: Bool = false) {
        notifier.stopping()
        let grace = inForce.withLock { $0.shutdownTimeout }
        door.stop(within: grace, handingOver: handingOver)
        replays.stop()
        engine.stop(grace: grace)
        controls.stop(within: Daemon.adminGrace)
        for thread in threads.withLock({ $0 }) { thread.join() }
        memories.flush()
        member?.stop()
        spool.close()
        log.write(.info, "stopped")
    }
}

extension Diagnostic {
    /// A certificate that was there when the configuration was read.
    fileprivate init(_ fault: TLSFault) {
        self.init(
            severity: .error, location: .init(line: 1, column: 1), path: "tls", message: fault.message,
            hint: fault.hint)
    }

    /// A fault that has no place in the file.
    fileprivate init(_ error: SpoolError) {
        self.init(
            severity: .error, location: .init(line: 1, column: 1), path: "spool", message: error.described, hint: "")
    }
}
