import EventJSON
import Spool

/// What holds the events, as `status` has it.
extension Operations {
    func write(_ spool: SpoolStatus, to writer: inout JSONWriter) {
        writer.object {
            $0.member("bytes", spool.bytes)
            $0.member("events", spool.events)
            $0.member("corrupt", spool.corrupt)
            $0.member("sync", syncName)
            if syncName != "always" {
                $0.member("unsynced", spool.unsynced)
                $0.member("may_lose", mayLose)
            }
            $0.member("sync_seconds", spool.syncSeconds)
            if let closed = spool.closed { $0.member("closed", closed) }
            if reporter.auditLinesLeftOut > 0 { $0.member("audit_left_out", reporter.auditLinesLeftOut) }
            if spool.stalledSeconds > 0 { $0.member("stalled_seconds", spool.stalledSeconds) }
            if let buffer = spool.buffer { $0.member("buffer") { write(buffer, to: &$0) } }
        }
    }

    private func write(_ buffer: SpoolStatus.Buffer, to writer: inout JSONWriter) {
        writer.object {
            $0.member("events", buffer.events)
            $0.member("bytes", buffer.bytes)
            $0.member("oldest_seconds", Double(buffer.oldestReceivedAt.map { max(0, now() - $0) } ?? 0) / 1000)
            if let reason = buffer.reason { $0.member("because", reason) }
        }
    }
}
