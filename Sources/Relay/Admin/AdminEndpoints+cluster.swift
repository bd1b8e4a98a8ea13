import EventJSON
import HTTPServer
import Spool

/// What all relays of a cluster come to.
extension AdminEndpoints {
    func cluster() -> Response {
        guard let member = operations.member else {
            return Problem(
                status: 409, detail: "the spool is a directory: this relay is the only one that has it",
                hint: "`spool.jetstream` is what several relays share"
            ).response
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
