import Delivery
import EventJSON
import EventPattern
import Spool

/// Picks events of the spool by an event pattern, as a route's `match` would: the body, `@source` and the headers that were
/// kept; of the path, the query and the client nothing was kept. Owned by one thread.
public struct StoredEventFilter {
    /// Why a text is no pattern.
    public struct Fault: Error, Sendable {
        /// What is wrong.
        public var message: String
        /// What would be right; may be empty.
        public var hint: String
    }

    private let matcher: PatternMatcher
    private var scanner: EventScanner
    private var scratch: MatchScratch

    /// Reads a pattern.
    public init(pattern text: String) throws(Fault) {
        let pattern: EventPattern
        do throws(JSONSyntaxError) {
            let root = try JSONDocument(Array(text.utf8)).root
            do throws(PatternError) { pattern = try EventPattern(root) } catch {
                throw JSONSyntaxError(
                    error.hint.isEmpty ? error.message : "\(error.message): \(error.hint)", at: error.offset)
            }
        } catch {
            throw Fault(
                message: "the pattern is wrong at byte \(error.offset): \(error.message)",
                hint: "like '{\"customer.email\": [\"jane@example.com\"]}'")
        }
        var paths = PathSet()
        matcher = PatternMatcher([pattern], adding: &paths)
        scanner = EventScanner(paths)
        scratch = matcher.makeScratch()
    }

    /// Whether the pattern takes an event. One that was erased is taken by none.
    public mutating func takes(_ event: StoredEvent) -> Bool {
        guard !event.isErased else { return false }
        let asked = StoredRequest(attributes: (try? EventAttributes(decoding: event.attributes)) ?? EventAttributes())
        return event.body.withUnsafeBytes { body in
            do {
                if (try? scanner.scan(body)) != nil {
                    try matcher.match(scanner, in: body, of: asked, &scratch)
                } else {
                    try matcher.match(asked, &scratch)
                }
            } catch {
                // It was taken at the door, so it can be looked at to the end; else it is not picked.
                return false
            }
            return !scratch.matched.isEmpty
        }
    }
}

/// What the spool kept of a request.
private struct StoredRequest: RequestFields {
    let attributes: EventAttributes

    func texts(at key: FieldKey, _ take: (UnsafeRawBufferPointer) -> Void) {
        switch key {
        case .source: lend(attributes.source, take)
        case .header(let name): for header in attributes.headers where header.name == name { lend(header.value, take) }
        case .path, .client, .query, .body: break
        }
    }

    private func lend(_ text: String, _ take: (UnsafeRawBufferPointer) -> Void) {
        var text = text
        text.withUTF8 { take(UnsafeRawBufferPointer($0)) }
    }
}
