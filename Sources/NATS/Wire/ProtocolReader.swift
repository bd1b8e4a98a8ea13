/// Reads what a server sends, however it is torn: bytes go in, whole events come out. A plain value.
///
/// The protocol is lines that end with CRLF; `MSG` and `HMSG` are followed by as many bytes as the line says, and CRLF again
/// (docs.nats.io, "Client Protocol").
public struct ProtocolReader: Sendable {
    /// What a server says.
    public enum Event: Sendable, Equatable {
        /// What it is and wants: JSON. Comes first, and again when its cluster changes.
        case info([UInt8])
        case message(Message)
        case ping, pong, ok
        /// What it does not like; most of these end the connection.
        case error(String)
    }

    /// The longest control line. `INFO` names every server of a cluster.
    public static let lineLimitBytes = 1 << 20

    private let payloadLimitBytes: Int
    private var buffer: [UInt8] = []
    private var start = 0
    /// How far the line's end was looked for.
    private var searched = 0

    /// A reader that takes messages up to so many bytes, headers included.
    public init(payloadLimitBytes: Int) {
        self.payloadLimitBytes = payloadLimitBytes
    }

    /// Bytes that came and are no whole event yet.
    public var pending: Int { buffer.count - start }

    /// Adds what was read.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            searched = 0
            start = 0
        } else if start > buffer.count / 2 {
            buffer.removeFirst(start)
            searched -= start
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next event; `nil` if more must come first. After a fault the reader is of no use.
    public mutating func next() throws(ProtocolFault) -> Event? {
        guard let end = lineEnd() else {
            if buffer.count - start > ProtocolReader.lineLimitBytes { throw .lineTooLong }
            return nil
        }
        let next = end + 2
        var words = Words(buffer[start..<end])
        switch words.first() {
        case "MSG": return try message(&words, hasHeaders: false, behind: next)
        case "HMSG": return try message(&words, hasHeaders: true, behind: next)
        case "PING": return ended(at: next, .ping)
        case "PONG": return ended(at: next, .pong)
        case "+OK": return ended(at: next, .ok)
        case "INFO": return ended(at: next, .info(Array(words.rest)))
        case "-ERR":
            let text = String(decoding: words.rest, as: UTF8.self)
            return ended(at: next, .error(text.filter { $0 != "'" }))
        default: throw .notUnderstood(String(decoding: buffer[start..<min(end, start + 64)], as: UTF8.self))
        }
    }

    private mutating func lineEnd() -> Int? {
        var index = max(start, searched)
        let found: Int? = buffer.withUnsafeBufferPointer { bytes in
            while index + 1 < bytes.count {
                if bytes[index] == UInt8(ascii: "\r") && bytes[index + 1] == UInt8(ascii: "\n") { return index }
                index += 1
            }
            return nil
        }
        searched = found ?? index
        return found
    }

    private mutating func ended(at next: Int, _ event: Event) -> Event {
        start = next
        searched = next
        return event
    }

    /// `MSG subject sid [reply] total`, `HMSG subject sid [reply] headers total`.
    private mutating func message(_ words: inout Words, hasHeaders: Bool, behind next: Int) throws(ProtocolFault)
        -> Event?
    {
        let list = words.all()
        let fixed = hasHeaders ? 4 : 3
        guard list.count == fixed || list.count == fixed + 1, let subscription = UInt64(list[1]),
            let total = Int(list[list.count - 1]), total >= 0,
            let headerCount = hasHeaders ? Int(list[list.count - 2]) : 0, (0...total).contains(headerCount)
        else { throw .notUnderstood(String(decoding: buffer[start..<min(next, start + 64)], as: UTF8.self)) }
        guard total <= payloadLimitBytes else { throw .messageTooLong(total) }
        guard buffer.count >= next + total + 2 else { return nil }
        let end = next + total
        guard buffer[end] == UInt8(ascii: "\r"), buffer[end + 1] == UInt8(ascii: "\n") else {
            throw .unterminatedPayload
        }
        var message = Message(
            subject: list[0], subscription: subscription, reply: list.count > fixed ? list[2] : nil,
            payload: Array(buffer[(next + headerCount)..<end]))
        if hasHeaders { message.headers = try headers(next..<(next + headerCount)) }
        return ended(at: end + 2, .message(message))
    }

    private func headers(_ range: Range<Int>) throws(ProtocolFault) -> HeaderBlock {
        let result: Result<HeaderBlock, ProtocolFault> = buffer.withUnsafeBytes { bytes in
            do throws(ProtocolFault) {
                return .success(try HeaderBlock(UnsafeRawBufferPointer(rebasing: bytes[range])))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

/// The words of a control line, between spaces and tabs.
private struct Words {
    private(set) var rest: ArraySlice<UInt8>

    init(_ line: ArraySlice<UInt8>) {
        rest = line
    }

    /// The first word in capitals; the rest stands behind it.
    mutating func first() -> String {
        let word = rest.prefix { !Words.isSpace($0) }
        rest = rest.dropFirst(word.count).drop(while: Words.isSpace)
        return String(decoding: word, as: UTF8.self).uppercased()
    }

    func all() -> [String] {
        rest.split(whereSeparator: Words.isSpace).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
