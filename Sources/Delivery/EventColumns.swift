import EventJSON

/// The audit log's columns that come from the body; `nil` where the body lacks them (or holds no string there).
///
/// They are kept as the spool has them, in UTF-8: each goes into an audit line, and few are ever looked at as text.
public struct EventColumns: Sendable, Equatable {
    /// Which column.
    enum Column: Int, CaseIterable { case type, id, sourceObject, channel, requestID, eventCreatedAt }

    /// Where a column's text stands.
    private struct Place {
        var start: Int32 = -1
        var count: Int32 = 0
    }

    private var bytes: [UInt8] = []
    private var places = InlineArray<6, Place>(repeating: Place())

    /// `type`.
    public var type: String? {
        get { self[.type] }
        set { self[.type] = newValue }
    }
    /// `id`, the sendout's.
    public var id: String? {
        get { self[.id] }
        set { self[.id] = newValue }
    }
    /// `source.object`.
    public var sourceObject: String? {
        get { self[.sourceObject] }
        set { self[.sourceObject] = newValue }
    }
    /// `event.event_source.channel`.
    public var channel: String? {
        get { self[.channel] }
        set { self[.channel] = newValue }
    }
    /// `event.group_id`: the request that caused it.
    public var requestID: String? {
        get { self[.requestID] }
        set { self[.requestID] = newValue }
    }
    /// `event.created_at`.
    public var eventCreatedAt: String? {
        get { self[.eventCreatedAt] }
        set { self[.eventCreatedAt] = newValue }
    }

    /// No columns.
    public init() {}

    /// Columns whose texts stand in `bytes`, and are yet to be found there.
    init(in bytes: [UInt8]) { self.bytes = bytes }

    /// A column's text was found.
    mutating func found(_ column: Column, at range: Range<Int>) {
        places[column.rawValue] = Place(start: Int32(clamping: range.lowerBound), count: Int32(clamping: range.count))
    }

    /// A column as a member of an object: `null` if there is none.
    func write(_ column: Column, as name: String, to line: inout JSONWriter) {
        withBytes(of: column) { text in
            if let text { line.member(name, utf8: text) } else { line.member(name, nil) }
        }
    }

    /// Does something with a column's text.
    func withBytes<Result>(of column: Column, _ body: (UnsafeBufferPointer<UInt8>?) -> Result) -> Result {
        let place = places[column.rawValue]
        guard place.start >= 0 else { return body(nil) }
        return bytes.withUnsafeBufferPointer {
            body(UnsafeBufferPointer(rebasing: $0[Int(place.start)..<Int(place.start + place.count)]))
        }
    }

    /// Whether both have the same texts, wherever these stand.
    public static func == (one: EventColumns, other: EventColumns) -> Bool {
        Column.allCases.allSatisfy { one[$0] == other[$0] }
    }

    private subscript(column: Column) -> String? {
        get { withBytes(of: column) { $0.map { String(decoding: $0, as: UTF8.self) } } }
        set {
            places[column.rawValue] = Place()
            guard let newValue else { return }
            let start = bytes.count
            bytes += newValue.utf8
            found(column, at: start..<bytes.count)
        }
    }
}
