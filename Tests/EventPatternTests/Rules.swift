import EventJSON

@testable import EventPattern

/// Patterns compiled together, with a scanner for what they look at: what the tests ask about events.
struct Rules {
    let patterns: [EventPattern?]
    let matcher: PatternMatcher
    let paths: PathSet
    private var scanner: EventScanner
    private var scratch: MatchScratch

    init(_ patterns: [EventPattern?]) {
        var paths = PathSet()
        self.patterns = patterns
        matcher = PatternMatcher(patterns, adding: &paths)
        self.paths = paths
        scanner = EventScanner(paths)
        scratch = matcher.makeScratch()
    }

    init(_ texts: String...) throws {
        self.init(try texts.map { try EventPattern(reading: $0) })
    }

    /// The numbers of the patterns that match an event.
    mutating func matches(_ event: String, of request: some RequestFields = NoRequest()) throws -> [Int] {
        let body = Array(event.utf8)
        return try body.withUnsafeBytes { bytes in
            try scanner.scan(bytes)
            try matcher.match(scanner, in: bytes, of: request, &scratch)
            return scratch.matched
        }
    }

    /// Why each pattern does not match; `nil` for those that do.
    mutating func explanations(_ event: String, of request: some RequestFields = NoRequest()) throws -> [Explanation?] {
        let body = Array(event.utf8)
        return try body.withUnsafeBytes { bytes in
            try scanner.scan(bytes)
            let keys = patterns.reduce(into: Set<FieldKey>()) { $0.formUnion($1?.keys ?? []) }
            let fields = EventFields(scanner, paths: paths, in: bytes, keys: keys, of: request)
            return patterns.map { pattern in pattern.flatMap { Explanation($0, fields) } }
        }
    }
}

extension EventPattern {
    init(reading text: String) throws {
        try self.init(JSONDocument(Array(text.utf8)).root)
    }
}
