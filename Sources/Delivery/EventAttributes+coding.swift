/// Attributes as bytes in the spool: a version, then fields of tag, length and content.
///
///     version (1) | tag (1) length (varint) content | …
///
/// A reader passes over tags that it does not know, so that a newer version can add fields; what it can't pass over
/// (a length beyond the end) is an error. Strings are UTF-8.
extension EventAttributes {
    /// Bytes that are no attributes.
    public struct CodingError: Error, Equatable, Sendable {
        /// What is wrong.
        public var reason: String
    }

    /// What a field is.
    public enum Tag: UInt8, Sendable {
        case source = 1
        case route, webhookID, headerName, headerValue
        case type = 16
        case id, sourceObject, channel, requestID, eventCreatedAt
    }

    /// Attributes begin with this byte.
    public static let version: UInt8 = 1

    /// Appends the attributes' bytes.
    public func encode(into bytes: inout [UInt8]) {
        bytes.append(EventAttributes.version)
        EventAttributes.append(.source, source, to: &bytes)
        for route in routes { EventAttributes.append(.route, route, to: &bytes) }
        EventAttributes.append(.webhookID, webhookID, to: &bytes)
        for header in headers {
            EventAttributes.append(.headerName, header.name, to: &bytes)
            EventAttributes.append(.headerValue, header.value, to: &bytes)
        }
        for column in EventColumns.Column.allCases {
            columns.withBytes(of: column) {
                if let text = $0 { EventAttributes.append(Tag(column), UnsafeRawBufferPointer(text), to: &bytes) }
            }
        }
    }

    /// Reads attributes. Throws where lengths don't fit; an unknown field is passed over.
    public init(decoding bytes: [UInt8]) throws(CodingError) {
        self.init()
        columns = EventColumns(in: bytes)
        try bytes.withUnsafeBufferPointer { bytes throws(CodingError) in try decode(UnsafeRawBufferPointer(bytes)) }
    }

    private mutating func decode(_ bytes: UnsafeRawBufferPointer) throws(CodingError) {
        guard !bytes.isEmpty else { return }
        var index = 1
        while index < bytes.count {
            let tag = bytes[index]
            index += 1
            var length = 0
            var shift = 0
            while true {
                guard index < bytes.count, shift < 35 else { throw CodingError(reason: "a field's length is cut off") }
                length |= Int(bytes[index] & 0x7F) << shift
                shift += 7
                index += 1
                if bytes[index - 1] < 0x80 { break }
            }
            guard length <= bytes.count - index else { throw CodingError(reason: "a field is longer than its record") }
            take(tag, index..<(index + length), of: bytes)
            index += length
        }
    }

    private mutating func take(_ tag: UInt8, _ range: Range<Int>, of bytes: UnsafeRawBufferPointer) {
        guard let tag = Tag(rawValue: tag) else { return }
        if let column = tag.column { return columns.found(column, at: range) }
        let text = String(decoding: bytes[range], as: UTF8.self)
        switch tag {
        case .source: source = text
        case .route: routes.append(text)
        case .webhookID: webhookID = text
        case .headerName: headers.append(Header(name: text, value: ""))
        case .headerValue: if !headers.isEmpty { headers[headers.count - 1].value = text }
        case .type, .id, .sourceObject, .channel, .requestID, .eventCreatedAt: break
        }
    }

    private static func append(_ tag: Tag, _ text: String, to bytes: inout [UInt8]) {
        var text = text
        text.withUTF8 { append(tag, UnsafeRawBufferPointer($0), to: &bytes) }
    }

    /// Appends one field: for whoever has its bytes and would make a string of them only to have it encoded.
    public static func append(_ tag: Tag, _ content: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        // A varint has at most ten bytes. Room for all is made at once: an append each would ask for it again and again.
        bytes.append(addingCapacity: 11 + content.count) { span in
            span.append(tag.rawValue)
            var length = content.count
            while length >= 0x80 {
                span.append(UInt8(length & 0x7F) | 0x80)
                length >>= 7
            }
            span.append(UInt8(length))
            span.append(copying: content)
        }
    }
}

extension EventAttributes.Tag {
    /// The column that a field has the text of, if it is one's.
    fileprivate var column: EventColumns.Column? {
        rawValue < EventAttributes.Tag.type.rawValue
            ? nil : EventColumns.Column(rawValue: Int(rawValue - EventAttributes.Tag.type.rawValue))
    }

    /// The tag of a column: they stand in the same order.
    fileprivate init(_ column: EventColumns.Column) {
        self =
            switch column {
            case .type: .type
            case .id: .id
            case .sourceObject: .sourceObject
            case .channel: .channel
            case .requestID: .requestID
            case .eventCreatedAt: .eventCreatedAt
            }
    }
}
