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

    private enum Tag {
        static let source: UInt8 = 1
        static let route: UInt8 = 2
        static let webhookID: UInt8 = 3
        static let headerName: UInt8 = 4
        static let headerValue: UInt8 = 5
    }

    private static let version: UInt8 = 1

    /// Appends the attributes' bytes.
    public func encode(into bytes: inout [UInt8]) {
        bytes.append(EventAttributes.version)
        EventAttributes.append(Tag.source, source, to: &bytes)
        for route in routes { EventAttributes.append(Tag.route, route, to: &bytes) }
        EventAttributes.append(Tag.webhookID, webhookID, to: &bytes)
        for header in headers {
            EventAttributes.append(Tag.headerName, header.name, to: &bytes)
            EventAttributes.append(Tag.headerValue, header.value, to: &bytes)
        }
        EventAttributes.append(16, columns.type, to: &bytes)
        EventAttributes.append(17, columns.id, to: &bytes)
        EventAttributes.append(18, columns.sourceObject, to: &bytes)
        EventAttributes.append(19, columns.channel, to: &bytes)
        EventAttributes.append(20, columns.requestID, to: &bytes)
        EventAttributes.append(21, columns.eventCreatedAt, to: &bytes)
    }

    /// Reads attributes. Throws where lengths don't fit; an unknown field is passed over.
    public init(decoding bytes: [UInt8]) throws(CodingError) {
        self.init()
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
            take(tag, bytes[index..<(index + length)])
            index += length
        }
    }

    private mutating func take(_ tag: UInt8, _ content: ArraySlice<UInt8>) {
        let text = String(decoding: content, as: UTF8.self)
        switch tag {
        case Tag.source: source = text
        case Tag.route: routes.append(text)
        case Tag.webhookID: webhookID = text
        case Tag.headerName: headers.append(Header(name: text, value: ""))
        case Tag.headerValue: if !headers.isEmpty { headers[headers.count - 1].value = text }
        case 16: columns.type = text
        case 17: columns.id = text
        case 18: columns.sourceObject = text
        case 19: columns.channel = text
        case 20: columns.requestID = text
        case 21: columns.eventCreatedAt = text
        default: break
        }
    }

    private static func append(_ tag: UInt8, _ text: String?, to bytes: inout [UInt8]) {
        guard var text else { return }
        bytes.append(tag)
        text.withUTF8 { content in
            var length = content.count
            while length >= 0x80 {
                bytes.append(UInt8(length & 0x7F) | 0x80)
                length >>= 7
            }
            bytes.append(UInt8(length))
            bytes.append(contentsOf: content)
        }
    }
}
