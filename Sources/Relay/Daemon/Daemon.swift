import CPlatform
import Delivery
import EventJSON
import HTTPServer
import Platform
import Spool
import Synchronization

/// The relay as a whole: the door, the spool, the targets and the operators' listener, joined. May be used from any thread.
public final class Daemon: Sendable {
    /// How long the operators' connections may take to end.
    private static let adminGrace: Duration = .seconds(1)

    private let log: Log
    private let spool: Spool
    private let engine: DeliveryEngine
    private let boards: CurrentBoard
    private let counters = AcceptanceCounters()
    private let reloads = ReloadRecord()
    private let operations: Operations
    private let door: EventLoop
    private let controls: EventLoop
    private let memories: TargetMemories
    private let inForce: Mutex<Configuration>
    private let threads = Mutex<[LoopThread]>([])

    /// Opens the spool and the sockets; nothing is delivered or accepted yet.
    /// - Throws: `DaemonError`: the spool is another's or can't be read, an address is taken.
    public init(_ configuration: Configuration, log: Log) throws(DaemonError) {
        var configuration = configuration
        let notices = Notices(log: log)
        self.log = log
        do throws(SpoolError) {
            configuration.spool.commit = .byThread
            spool = try Spool(configuration.spool, notice: { notices.hear($0) })
            try Daemon.assignQueues(of: spool, to: &configuration)
            memories = TargetMemories(try Notebook(configuration.spool.path)) {
                log.write(
                    .error, "what is paused and which breakers are open could not be written", ["reason": $0.described])
            }
        } catch {
            throw DaemonError(error)
        }
        do throws(ListenError) {
            door = try EventLoop(
                listening: configuration.listen, limits: configuration.limits, notice: { notices.hear($0) })
            let socket = configuration.controlSocket
            controls = try EventLoop(
                listening: [socket] + (configuration.admin.map { [$0] } ?? []), limits: ServerLimits(),
                notice: { notices.hear($0) })
        } catch {
            throw DaemonError(error)
        }
        let reporter = Reporter(directory: configuration.spool.path, notify: { notices.hear($0) })
        let options = DeliveryOptions(
            userAgent: "hookswitch/\(hookswitchVersion)", directory: configuration.directory,
            notify: { notices.hear($0) },
            remember: { [memories] in memories.remember($0, $1) })
        do throws(DeliveryEngine.StartError) {
            engine = try DeliveryEngine(log: spool, reporter: reporter, options: options)
        } catch {
            throw DaemonError(error)
        }
        boards = CurrentBoard(Switchboard(configuration, queues: configuration.targets.map(\.queue)))
        operations = Operations(
            log: spool, engine: engine, reporter: reporter, memories: memories, counters: counters,
            spool: configuration.spool, notice: { log.write(.warning, $0, $1) }, now: { hs_wall_ms() })
        inForce = Mutex(configuration)
    }

    private static func assignQueues(of log: any EventLog, to configuration: inout Configuration) throws(SpoolError) {
        for index in configuration.targets.indices {
            configuration.targets[index].queue = try log.queue(named: configuration.targets[index].name)
        }
    }

    /// Where webhooks come in: port 0 has become the one that the kernel chose.
    public var addresses: [ListenAddress] { door.addresses }

    /// Begins to deliver and to accept.
    public func start() throws(DaemonError) {
        let configuration = inForce.withLock { $0 }
        engine.apply(configuration.targets, remembering: memories.all())
        let access = AdminGuard(token: configuration.adminToken)
        let endpoints = AdminEndpoints(
            operations: operations,
            metrics: Metrics(log: spool, engine: engine, counters: counters, reloads: reloads, now: { hs_wall_ms() }),
            configuration: { self.inForce.withLock { $0 } }, reload: { self.reload() })
        let controlThread = controls.start(name: "admin") { loop in
            AdminHandler(loop: loop, endpoints: endpoints, access: access)
        }
        let doorThread = door.start(name: "door") { [self] loop in
            Acceptor(boards: boards, log: spool, loop: loop, counters: counters)
        }
        guard let controlThread, let doorThread else { throw DaemonError("the process may have no more threads") }
        threads.withLock { $0 = [doorThread, controlThread] }
        log.write(
            .info, "ready",
            [
                "listen": door.addresses.map(\.description).joined(separator: " "),
                "admin": controls.addresses.dropFirst().map(\.description).joined(separator: " "),
                "spool": configuration.spool.path, "version": hookswitchVersion,
            ])
    }

    /// Reads the configuration anew and puts it in force if it is right; else the old one stays. Opens files anew.
    /// Answers what was found.
    @discardableResult
    public func reload() -> [Diagnostic] {
        let findings = inForce.withLock { configuration in
            let reading = Configuration.read(path: configuration.path)
            guard var new = reading.configuration else { return reading.findings }
            do throws(SpoolError) { try Daemon.assignQueues(of: spool, to: &new) } catch {
                return reading.findings + [Diagnostic(error)]
            }
            for change in configuration.changesForNextStart(in: new) {
                log.write(.warning, "a change takes effect at the next start only", ["key": change])
            }
            engine.apply(new.targets, remembering: memories.all())
            boards.replace(Switchboard(new, queues: new.targets.map(\.queue)))
            configuration = new
            return reading.findings
        }
        engine.reopenFiles()
        reloads.note(findings, at: hs_wall_ms())
        let isRefused = findings.contains { $0.severity == .error }
        for finding in findings {
            let place = "\(finding.location.line):\(finding.location.column)"
            log.write(
                finding.severity == .error ? .error : .warning, finding.message,
                ["place": place, "path": finding.path, "hint": finding.hint])
        }
        if isRefused {
            log.write(.error, "the configuration has errors: the old one stays in force")
        } else {
            log.write(.info, "the configuration was read anew and is in force")
        }
        return findings
    }

    /// Stops accepting, lets what is under way end within the time that the configuration allows, and lets go of the spool.
    /// Blocks; the daemon is of no use afterwards.
    public func stop() {
        let grace = inForce.withLock { $0.shutdownTimeout }
        door.stop(within: grace)
        engine.stop(grace: grace)
        controls.stop(within: Daemon.adminGrace)
        for thread in threads.withLock({ $0 }) { thread.join() }
        memories.flush()
        spool.close()
        log.write(.info, "stopped")
    }
}

extension Diagnostic {
    /// A fault that has no place in the file.
    fileprivate init(_ error: SpoolError) {
        self.init(
            severity: .error, location: .init(line: 1, column: 1), path: "spool", message: error.described, hint: "")
    }
}
