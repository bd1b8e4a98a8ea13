import EventJSON

/// Reads values out of an event's body for templates. What JSON is, `EventScanner` says: here and at the door the same.
enum EventBody {
    /// Whether bytes are one JSON value.
    static func isJSON(_ body: [UInt8]) -> Bool { values(at: [], in: body) != nil }

    /// The values at paths, of those that there are; `nil` if the body is no JSON. What stands in an array has no path;
    /// of a repeated key the first counts.
    static func values(at paths: [EventPath], in body: [UInt8]) -> [EventPath: TemplateValue]? {
        var wanted = PathSet()
        for path in paths { _ = wanted.insert(path) }
        var scanner = EventScanner(wanted)
        return body.withUnsafeBytes { bytes in
            do throws(JSONSyntaxError) { try scanner.scan(bytes) } catch { return nil }
            var values: [EventPath: TemplateValue] = [:]
            for field in scanner.fields where field.trail < 0 && values[wanted.paths[field.path]] == nil {
                values[wanted.paths[field.path]] = value(field.value, in: bytes)
            }
            return values
        }
    }

    private static func value(_ found: FoundValue, in body: UnsafeRawBufferPointer) -> TemplateValue {
        let bytes = UnsafeRawBufferPointer(rebasing: body[found.range])
        return bytes.withMemoryRebound(to: UInt8.self) { bytes in
            if found.kind == .string { return .text(found.hasEscapes ? JSONText.decoded(bytes) : Array(bytes)) }
            var json: [UInt8] = []
            CompactJSON.append(bytes, to: &json)
            return .json(json)
        }
    }
}
