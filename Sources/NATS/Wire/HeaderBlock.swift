/// A message's headers (ADR-4): a first line `NATS/1.0` with a status or without, fields, an empty line.
public struct HeaderBlock: Sendable, Equatable {
    /// What the block begins with.
    static let version: StaticString = "NATS/1.0"

    /// A field.
    public struct Field: Sendable, Equatable {
        /// The name, whose case counts.
        public var name: String
        /// The value without the space around it.
        public var value: String
    }

    /// The status, three digits.
    public var status: Int?
    /// The words behind the status.
    public var description = ""
    /// The fields in their order.
    public var fields: [Field] = []

    /// Reads a block, its empty line included.
    /// - Throws: `ProtocolFault.badHeaders`.
    public init(_ bytes: UnsafeRawBufferPointer) throws(ProtocolFault) {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        }[...]
        guard let first = lines.popFirst(), first.starts(with: HeaderBlock.version.bytes) else { throw .badHeaders }
        let rest = String(decoding: first.dropFirst(HeaderBlock.version.utf8CodeUnitCount), as: UTF8.self)
        let words = rest.split(separator: " ", maxSplits: 1)
        if let code = words.first {
            guard let status = Int(code), (100...999).contains(status) else { throw .badHeaders }
            self.status = status
            description = words.count > 1 ? String(words[1]) : ""
        }
        for line in lines where !line.isEmpty {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { throw .badHeaders }
            let value = line[(colon + 1)...].trimmed
            fields.append(
                Field(
                    name: String(decoding: line[..<colon], as: UTF8.self), value: String(decoding: value, as: UTF8.self)
                ))
        }
    }

    /// The first value of a name.
    public subscript(name: String) -> String? { fields.first { $0.name == name }?.value }
}

extension StaticString {
    var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount) }
}

extension Slice<UnsafeRawBufferPointer> {
    fileprivate var trimmed: Slice<UnsafeRawBufferPointer> {
        var rest = self
        while rest.first == UInt8(ascii: " ") { rest.removeFirst() }
        while rest.last == UInt8(ascii: " ") { rest.removeLast() }
        return rest
    }
}
