import Delivery
import EventJSON
import EventPattern
import Spool

/// Matches events of the spool against one pattern. Of the request only the source and the headers that were passed on are
/// kept with an event; a pattern that asks for more is refused. Owned by one queue.
struct StoredEventMatcher {
    private let pattern: EventPattern?
    private let paths: PathSet
    private var scanner: EventScanner

    /// A matcher for a pattern's text; without one every event matches.
    init(_ text: String?) throws(BodyFault) {
        var paths = PathSet()
        if let text {
            let read = try StoredEventMatcher.read(text)
            for key in read.keys {
                switch key {
                case .body(let path): _ = paths.insert(path)
                case .source, .header: break
                case .path, .query, .client:
                    throw BodyFault(
                        message: "`\(key)` is not kept with an event",
                        hint: "match the body, `@source`, or a header that is passed on")
                }
            }
            pattern = read
        } else {
            pattern = nil
        }
        self.paths = paths
        scanner = EventScanner(paths)
    }

    private static func read(_ text: String) throws(BodyFault) -> EventPattern {
        let document: JSONDocument
        do throws(JSONSyntaxError) { document = try JSONDocument(Array(text.utf8)) } catch {
            throw BodyFault(
                message: "the pattern is not JSON: \(error.message), at byte \(error.offset)",
                hint: "write it like {\"type\": [\"redemption.succeeded\"]}")
        }
        do throws(PatternError) { return try EventPattern(document.root) } catch {
            throw BodyFault(message: "the pattern: \(error.message), at byte \(error.offset)", hint: error.hint)
        }
    }

    /// Whether the pattern takes an event. A body that is no JSON has no values.
    mutating func takes(_ event: StoredEvent, _ attributes: EventAttributes) -> Bool {
        guard let pattern else { return true }
        let request = StoredRequest(attributes: attributes)
        let keys = pattern.keys
        return event.body.withUnsafeBytes { body in
            do throws(JSONSyntaxError) { try scanner.scan(body) } catch { return false }
            return Explanation(pattern, EventFields(scanner, paths: paths, in: body, keys: keys, of: request)) == nil
        }
    }
}

/// What is kept of the request that brought an event.
private struct StoredRequest: RequestFields {
    let attributes: EventAttributes

    func texts(at key: FieldKey, _ take: (UnsafeRawBufferPointer) -> Void) {
        switch key {
        case .source: Array(attributes.source.utf8).withUnsafeBytes(take)
        case .header(let name):
            for header in attributes.headers where header.name == name {
                Array(header.value.utf8).withUnsafeBytes(take)
            }
        case .body, .path, .query, .client: break
        }
    }
}
