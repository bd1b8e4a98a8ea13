import EventJSON

/// Reads values out of an event's body for templates. What JSON is, `EventScanner` says: here and at the door the same.
enum EventBody {
    /// Whether bytes are one JSON value.
    static func isJSON(_ body: [UInt8]) -> Bool { values(at: [], in: body) != nil }

    /// The values at paths, of those that there are; `nil` if the body is no JSON. What stands in an array has no path;
    /// of a repeated key the first counts.
    static func values(at paths: [EventPath], in body: [UInt8]) -> [EventPath: TemplateValue]? {
        // The paths on the way too: an array there hides what is in it.
        var wanted = PathSet()
        for path in paths {
            for end in path.keys.indices { _ = wanted.insert(EventPath(keys: Array(path.keys[...end]))) }
        }
        var scanner = EventScanner(wanted)
        return body.withUnsafeBytes { bytes in
            do throws(JSONSyntaxError) { try scanner.scan(bytes) } catch { return nil }
            // Backwards a container comes before what stands in it, and the first of a repeated key last.
            var found: [EventPath: FoundValue] = [:]
            var array = 0..<0
            for field in scanner.fields.reversed() where !array.contains(field.value.range.lowerBound) {
                if field.value.kind == .array { array = field.value.range }
                found[wanted.paths[field.path]] = field.value
            }
            var values: [EventPath: TemplateValue] = [:]
            for path in paths { values[path] = found[path].map { value($0, in: bytes) } }
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
