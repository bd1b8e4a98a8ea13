@testable import HTTPServer

/// What became of a chunked body.
enum ChunkedOutcome: Equatable {
    /// What was decoded, and where the body ended in what was sent.
    case whole(String, end: Int)
    case refused(Int)
    case unfinished

    /// Reads bytes that arrive in pieces which end at `ends`, and then whole, as the event loop does: what has been read
    /// is taken out in between. `prefix` is what stands before the body.
    init(_ bytes: [UInt8], prefix: [UInt8] = [], arrivingAt ends: [Int] = [], limitBytes: Int = 1 << 20) {
        let sent = prefix + bytes
        let buffer = ReceiveBuffer()
        buffer.grow(to: sent.count)
        var body = ChunkedBody(at: prefix.count)
        var arrived = 0
        var takenOut = 0
        self = .unfinished
        for end in ends + [sent.count] where end >= prefix.count {
            buffer.free.copyBytes(from: sent[arrived..<end])
            buffer.filled(end - arrived)
            arrived = end
            do throws(Refusal) {
                if try body.decode(buffer.receivedMutable, limitBytes: limitBytes) {
                    let decoded = String(decoding: buffer.received[body.start..<body.decodedEnd], as: UTF8.self)
                    self = .whole(decoded, end: body.position + takenOut)
                    return
                }
            } catch {
                self = .refused(error.status)
                return
            }
            takenOut += body.gap.count
            buffer.remove(body.gap)
            body.closeGap()
        }
    }

    init(_ text: String, prefix: String = "", arrivingAt ends: [Int] = [], limitBytes: Int = 1 << 20) {
        self.init(Array(text.utf8), prefix: Array(prefix.utf8), arrivingAt: ends, limitBytes: limitBytes)
    }
}
