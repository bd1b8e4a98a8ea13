import Cluster
import Spool

extension Configuration {
    /// What the brokers that the configuration names have wrong, or can't be told of them; nothing where the spool is a
    /// directory. Blocks until they answer, ten seconds at the most.
    public func liveFindings() -> [Diagnostic] {
        guard let cluster = clusterInForce else { return [] }
        do throws(SpoolError) {
            return try Inspection.concerns(cluster).map { concern in
                Diagnostic(
                    severity: concern.isFault ? .error : .warning, location: .init(line: 1, column: 1),
                    path: "spool.jetstream", message: concern.message, hint: concern.advice)
            }
        } catch {
            return [
                Diagnostic(
                    severity: .error, location: .init(line: 1, column: 1), path: "spool.jetstream.servers",
                    message: error.described, hint: "are they started, and do they listen there?")
            ]
        }
    }
}
