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
    /// The words of the line at hand.
    private var words: [Range<Int>] = []

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
        let operation = word(from: start, to: end)
        func isNamed(_ name: StaticString) -> Bool {
            guard operation.count == name.utf8CodeUnitCount else { return false }
            for index in 0..<operation.count {
                let byte = buffer[operation.lowerBound + index]
                let capital = (0x61...0x7A).contains(byte) ? byte - 0x20 : byte
                if capital != name.utf8Start[index] { return false }
            }
            return true
        }
        // Thousands of these come a second.
        if isNamed("MSG") { return try message(operation.upperBound..<end, hasHeaders: false, behind: next) }
        if isNamed("HMSG") { return try message(operation.upperBound..<end, hasHeaders: true, behind: next) }
        if isNamed("PING") { return ended(at: next, .ping) }
        if isNamed("PONG") { return ended(at: next, .pong) }
        if isNamed("+OK") { return ended(at: next, .ok) }
        let rest = buffer[operation.upperBound..<end].drop(while: ProtocolReader.isSpace)
        if isNamed("INFO") { return ended(at: next, .info(Array(rest))) }
        if isNamed("-ERR") {
            let text = String(decoding: rest, as: UTF8.self)
            return ended(at: next, .error(text.filter { $0 != "'" }))
        }
        throw .notUnderstood(String(decoding: buffer[start..<min(end, start + 64)], as: UTF8.self))
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// The word at a place of a control line.
    private func word(from start: Int, to end: Int) -> Range<Int> {
        var index = start
        while index < end, !ProtocolReader.isSpace(buffer[index]) { index += 1 }
        return start..<index
    }

    /// The number that a word is.
    private func number(_ word: Range<Int>) -> Int? {
        guard !word.isEmpty, word.count <= 18 else { return nil }
        var number = 0
        for index in word {
            guard (0x30...0x39).contains(buffer[index]) else { return nil }
            number = number * 10 + Int(buffer[index] - 0x30)
        }
        return number
    }

    private func text(_ word: Range<Int>) -> String { String(decoding: buffer[word], as: UTF8.self) }

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
    private mutating func message(_ line: Range<Int>, hasHeaders: Bool, behind next: Int) throws(ProtocolFault)
        -> Event?
    {
        words.removeAll(keepingCapacity: true)
        var index = line.lowerBound
        while index < line.upperBound {
            let word = word(from: index, to: line.upperBound)
            if !word.isEmpty { words.append(word) }
            index = word.upperBound + 1
        }
        let fixed = hasHeaders ? 4 : 3
        guard words.count == fixed || words.count == fixed + 1, let subscription = number(words[1]),
            let total = number(words[words.count - 1]),
            let headerCount = hasHeaders ? number(words[words.count - 2]) : 0, headerCount <= total
        else { throw .notUnderstood(String(decoding: buffer[start..<min(next, start + 64)], as: UTF8.self)) }
        guard total <= payloadLimitBytes else { throw .messageTooLong(total) }
        guard buffer.count >= next + total + 2 else { return nil }
        let end = next + total
        guard buffer[end] == UInt8(ascii: "\r"), buffer[end + 1] == UInt8(ascii: "\n") else {
            throw .unterminatedPayload
        }
        var message = Message(
            subject: text(words[0]), subscription: UInt64(subscription),
            reply: words.count > fixed ? text(words[2]) : nil,
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
