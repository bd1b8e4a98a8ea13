/// Writes what a client says, one behind the other: `PUB`, `HPUB`, `SUB` and so on. A plain value.
public struct ProtocolWriter: Sendable {
    /// What has been written.
    public private(set) var bytes: [UInt8] = []

    /// An empty writer.
    public init() {}

    /// Makes room for so many bytes more.
    public mutating func reserve(_ count: Int) { bytes.reserveCapacity(bytes.count + count) }

    /// `CONNECT` with its JSON.
    public mutating func connect(_ json: [UInt8]) {
        append("CONNECT ")
        bytes += json
        endLine()
    }

    /// `PING`
    public mutating func ping() { append("PING\r\n") }

    /// `PONG`
    public mutating func pong() { append("PONG\r\n") }

    /// `SUB`: messages for a subject, or a pattern of subjects, are wanted under this number.
    public mutating func subscribe(_ subject: String, as subscription: UInt64) {
        append("SUB ")
        bytes += subject.utf8
        append(" ")
        bytes += String(subscription).utf8
        endLine()
    }

    /// `PUB`
    public mutating func publish(_ subject: String, reply: String? = nil, _ payload: some Collection<UInt8>) {
        append("PUB ")
        address(subject, reply)
        number(payload.count)
        endLine()
        bytes += payload
        endLine()
    }

    /// `HPUB`: with headers, whose names and values hold no line end. `payloadCount` bytes are appended by `payload`.
    public mutating func publish(
        _ subject: String, reply: String? = nil, headers: [(name: String, value: String)], payloadCount: Int,
        _ payload: (inout [UInt8]) -> Void
    ) {
        let version = HeaderBlock.version.utf8CodeUnitCount
        // `NATS/1.0\r\n`, each field with `: ` and its line's end, and an empty line.
        let count = headers.reduce(version + 4) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
        append("HPUB ")
        address(subject, reply)
        number(count)
        append(" ")
        number(count + payloadCount)
        endLine()
        append(HeaderBlock.version)
        endLine()
        for header in headers {
            bytes += header.name.utf8
            append(": ")
            bytes += header.value.utf8
            endLine()
        }
        endLine()
        payload(&bytes)
        endLine()
    }

    private mutating func address(_ subject: String, _ reply: String?) {
        bytes += subject.utf8
        append(" ")
        guard let reply else { return }
        bytes += reply.utf8
        append(" ")
    }

    private mutating func number(_ value: Int) { bytes += String(value).utf8 }

    private mutating func append(_ text: StaticString) { bytes += text.bytes }

    private mutating func endLine() { append("\r\n") }
}
