import CPlatform
import Platform

extension Daemon {
    /// Runs the relay until a signal ends it; answers the process's exit code. To be called on the main thread, before any
    /// other is started.
    public static func run(configurationPath: String, takingOver: Bool = false) -> Int32 {
        hs_keep_memory_small()
        var signals = Signals()
        Descriptors.raiseLimit()
        // What a command leaves behind is collected here, also where the first process collects nothing.
        _ = hs_adopt_orphans()
        let log = Log()
        let reading = Configuration.read(path: configurationPath)
        let printer = DiagnosticPrinter(file: configurationPath, document: reading.document)
        for finding in reading.findings { StandardStream.error.write(printer.text(for: finding)) }
        guard let configuration = reading.configuration else { return 78 }
        let daemon: Daemon
        do throws(DaemonError) {
            daemon = try Daemon(configuration, log: log, notifier: ServiceNotifier(), takingOver: takingOver)
            try daemon.start()
        } catch {
            log.write(.error, error.message)
            return error.exitCode
        }
        while true {
            switch signals.next() {
            case .reload: daemon.reload(by: "SIGHUP")
            case .stop(let name, let handingOver):
                log.write(.info, "stopping", ["signal": name])
                signals.releaseStops()
                daemon.stop(handingOver: handingOver)
                return 0
            }
        }
    }
}
