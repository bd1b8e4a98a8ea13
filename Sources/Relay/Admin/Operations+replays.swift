import EventJSON
import Spool

/// Replays, as operators ask for them and see them.
extension Operations {
    /// Begins a replay and writes it.
    func replay(_ body: [UInt8], to writer: inout JSONWriter) throws(BodyFault) {
        let request = try ReplayRequest(body, now: now())
        let known = Set(engine.status().map(\.name))
        for name in request.to where !known.contains(name) {
            let near = Spelling.nearest(to: name, in: known).map { "did you mean \"\($0)\"?" }
            throw BodyFault(
                message: "there is no target \"\(name)\"", hint: near ?? "`hookswitch status` lists the targets",
                status: 404)
        }
        let job = try replays.begin(request, now: now())
        if !job.isDryRun {
            notice("a replay was begun by hand", ["replay": "\(job.id)", "to": job.to.joined(separator: ",")])
        }
        job.write(to: &writer)
    }

    /// Writes all replays.
    func writeReplays(to writer: inout JSONWriter) throws(SpoolError) {
        let jobs = try replays.jobs()
        writer.object { writer in
            writer.member("replays") { writer in
                writer.array { writer in
                    for job in jobs { job.write(to: &writer) }
                }
            }
        }
    }

    /// Pauses, resumes or cancels a replay and writes it; false if there is none of this number.
    func setReplay(_ id: Int, _ state: ReplayJob.State, to writer: inout JSONWriter) throws(SpoolError) -> Bool {
        guard let job = try replays.set(id, state) else { return false }
        job.write(to: &writer)
        return true
    }
}
