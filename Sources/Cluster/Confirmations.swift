import NATS

/// Acknowledgements that must arrive: each asks for a confirmation, and is sent again until it comes. Belongs to the client's
/// thread.
final class Confirmations {
    private struct Entry {
        var reply: String
        var what: Acknowledgement
        var resendAt: Int64
        var tries = 1
    }

    /// How often one is sent at the most: by then the message has long been given out again.
    private static let tries = 30
    private static let resendMilliseconds: Int64 = 1_000

    private var entries: [UInt64: Entry] = [:]
    private var next: UInt64 = 1

    /// Sends one; the answer comes to `inbox` with its number behind it.
    func send(
        _ reply: String, _ what: Acknowledgement, inbox: String, now: Int64, to writer: inout ProtocolWriter
    ) {
        entries[next] = Entry(reply: reply, what: what, resendAt: now + Confirmations.resendMilliseconds)
        writer.publish(reply, reply: "\(inbox).\(next)", what.payload)
        next += 1
    }

    /// It has arrived.
    func confirmed(_ number: UInt64) { entries[number] = nil }

    /// Sends those again that are due; all of them on a new connection.
    func resend(inbox: String, now: Int64, all: Bool, to writer: inout ProtocolWriter) {
        for (number, entry) in entries where all || entry.resendAt <= now {
            if entry.tries >= Confirmations.tries {
                entries[number] = nil
                continue
            }
            writer.publish(entry.reply, reply: "\(inbox).\(number)", entry.what.payload)
            entries[number]?.tries += 1
            entries[number]?.resendAt = now + Confirmations.resendMilliseconds
        }
    }
}
