import EventJSON

extension RouteReport {
    /// The report's members of an object that `match --json` prints and the API answers.
    public func writeMembers(to writer: inout JSONWriter) {
        writer.member("routes", routes)
        writer.member("targets", targets)
        writer.member("not") { writer in
            writer.array { writer in
                for rejection in not {
                    writer.object {
                        $0.member("route", rejection.route)
                        $0.member("because", rejection.because)
                    }
                }
            }
        }
        if !refused.isEmpty { writer.member("refused", refused) }
    }
}
