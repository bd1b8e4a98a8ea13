import Cluster
import Spool

extension Configuration {
    /// A look at the brokers.
    public struct Look: Sendable {
        /// What they have wrong, or can't be told of them; or that none of them answers.
        public var findings: [Diagnostic] = []
        /// Why none of them could be asked; `nil` if one was, or there is none.
        public var obstacle: String?
        /// What to do then.
        public static let hint = "are they started, and do they listen there?"
    }

    /// Looks at the brokers that the configuration names; there is nothing to be seen where the spool is a directory. Blocks until they
    /// answer, ten seconds at the most.
    public func lookAtBrokers() -> Look {
        guard let cluster = clusterInForce else { return Look() }
        do throws(SpoolError) {
            let findings = try Inspection.concerns(cluster).map { concern in
                Diagnostic(
                    severity: concern.isFault ? .error : .warning, location: .init(line: 1, column: 1),
                    path: "spool.jetstream", message: concern.message, hint: concern.advice)
            }
            return Look(findings: findings)
        } catch {
            let finding = Diagnostic(
                severity: .error, location: .init(line: 1, column: 1), path: "spool.jetstream.servers",
                message: error.described, hint: Look.hint)
            return Look(findings: [finding], obstacle: error.described)
        }
    }
}
