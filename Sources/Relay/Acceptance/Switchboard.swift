import EventJSON
import EventPattern
import HTTPServer

/// What one configuration makes of requests: its sources, its routes, and what is looked for in a body.
///
/// Immutable and shared by all event loops; a reload makes a new one, and each loop takes it up between two rounds.
struct Switchboard: Sendable {
    /// A source as requests meet it.
    struct Source: Sendable {
        var name: String
        /// The path as it stands in a request line.
        var path: [UInt8]
        var settings: SourceConfiguration
    }

    let sources: [Source]
    let router: Router
    let matcher: PatternMatcher
    let columns: Columns
    let envelope: VoucherifyEnvelope
    /// Everything that is looked for in a body, by the matcher and beside it.
    let paths: PathSet
    let bodyLimitBytes: Int

    /// The source on a path, by its place in `sources`.
    func source(at path: Range<Int>, of head: RequestHead) -> Int? {
        let wanted = UnsafeRawBufferPointer(rebasing: head.bytes[path])
        return sources.firstIndex { wanted.elementsEqual($0.path) }
    }
}
