import EventJSON
import Glibc
import Platform
import Relay

/// The configuration that a verb works by.
struct ConfigurationFile {
    /// Its path as it was named.
    let path: String
    let reading: Configuration.Reading

    init(_ arguments: Arguments) {
        path = ConfigurationFile.path(arguments)
        reading = Configuration.read(path: path)
    }

    /// Where the Debian package has it.
    private static let installed = "/etc/hookswitch/routes.json"

    /// Which one: the option, the environment, the usual name here, the one that is installed.
    static func path(_ arguments: Arguments) -> String {
        if let named = arguments["--config"] ?? getenv("HOOKSWITCH_CONFIG").map({ String(cString: $0) }) {
            return named
        }
        return access("routes.json", F_OK) != 0 && access(installed, F_OK) == 0 ? installed : "routes.json"
    }

    /// The configuration, for verbs that need all of it.
    func usable() throws(Failure) -> Configuration {
        guard let configuration = reading.configuration else {
            let printer = DiagnosticPrinter(file: path, document: reading.document)
            for finding in reading.findings where finding.severity == .error {
                StandardStream.error.write(printer.text(for: finding))
            }
            throw Failure(ExitCode.configuration, "the configuration has errors")
        }
        return configuration
    }

    /// Whether relays share the spool.
    var isOnCluster: Bool { reading.document?.root[key: "spool"]?[key: "jetstream"] != nil }

    /// Refuses where several relays are asked about and the spool is one relay's.
    func requireCluster() throws(Failure) {
        guard isOnCluster else {
            throw Failure(
                ExitCode.configuration,
                "--cluster asks all relays of a cluster, and the spool of \(path) is a directory",
                hint: "`spool.jetstream` is what several relays share; without it, leave --cluster out")
        }
    }

    /// The spool's directory, for verbs that need no more than that.
    func spoolPath() throws(Failure) -> String {
        guard reading.document != nil else {
            throw Failure(
                ExitCode.configuration, "\(path): \(reading.findings[0].message)", hint: reading.findings[0].hint)
        }
        return reading.spoolPath(besides: path)
    }
}
