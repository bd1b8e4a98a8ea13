import EventJSON
import HTTPServer
import Spool

/// What all relays of a cluster come to.
extension AdminEndpoints {
    func cluster() -> Response {
        guard let member = operations.member else {
            return Problem.notOnCluster.response
        }
        do throws(SpoolError) {
            let report = try ClusterReport(
                member, operations.log.status(), own: operations.relayNote, now: operations.now())
            return AdminEndpoints.written { report.write(to: &$0) { operations.write($0, to: &$1) } }
        } catch {
            return Problem(error).response
        }
    }
}
