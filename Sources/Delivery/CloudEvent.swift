import EventJSON
import Platform

/// An event as CloudEvents 1.0 has it (cloudevents.io; JSON format §3, HTTP binding §3).
struct CloudEvent {
    /// The media type of one event, structured.
    static let contentType = "application/cloudevents+json"
    /// The media type of an array of events.
    static let batchContentType = "application/cloudevents-batch+json"
    /// The type of an event whose body says none: the specification requires one.
    static let unnamedType = "hookswitch.event"

    private let id: String
    private let source: String
    private let type: String
    private let time: String
    private let contentType: String?
    private let trace: String

    init(_ attempt: Attempt, trace: String) {
        let attributes = attempt.event.attributes
        id = attributes.webhookID
        source = "/" + attributes.source
        type = attributes.columns.type.flatMap { $0.isEmpty ? nil : $0 } ?? CloudEvent.unnamedType
        time = CivilDate.iso8601(attempt.event.receivedAt)
        contentType = attributes.headers.first { $0.name == "content-type" }?.value
        self.trace = trace
    }

    /// The event as one JSON object. A body that is JSON is its `data`; any other is `data_base64`.
    func structured(_ body: [UInt8]) -> [UInt8] {
        var writer = JSONWriter()
        let isJSON = EventBody.isJSON(body)
        writer.object {
            $0.member("specversion", "1.0")
            $0.member("id", id)
            $0.member("source", source)
            $0.member("type", type)
            $0.member("time", time)
            $0.member("traceparent", trace)
            if isJSON {
                // What calls itself something else than JSON would be taken for text.
                $0.member("datacontenttype", "application/json")
                $0.member("data") { $0.raw(body) }
            } else {
                if let contentType { $0.member("datacontenttype", contentType) }
                $0.member("data_base64", Base64.encode(body))
            }
        }
        return writer.bytes
    }

    /// The attributes as `ce-…` headers; the body stays as it is.
    func addBinary(to lines: inout HeaderLines) {
        lines.add("ce-specversion", "1.0")
        lines.add("ce-id", CloudEvent.encoded(id))
        lines.add("ce-source", CloudEvent.encoded(source))
        lines.add("ce-type", CloudEvent.encoded(type))
        lines.add("ce-time", time)
        lines.add("ce-traceparent", trace)
    }

    /// A header's value: what is no printable ASCII, and space, quote and percent, are percent-encoded (HTTP binding §3.1.3.2).
    static func encoded(_ text: String) -> [UInt8] {
        var out: [UInt8] = []
        for byte in text.utf8 {
            if byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "%") {
                out.append(byte)
            } else {
                PercentEncoding.append(byte, to: &out)
            }
        }
        return out
    }
}
